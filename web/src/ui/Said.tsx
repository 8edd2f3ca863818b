// SPDX-License-Identifier: Apache-2.0
import { local } from '../i18n';
import { now } from '../live/store';
import { partsOf } from './said';

// A sentence of the server; `at`: when it was made, now without it.
export function Said({ text, at }: { text: string; at?: string | undefined }) {
  const made = at ?? new Date(now.peek()).toISOString();
  return (
    <>
      {partsOf(text, made).map((p) =>
        typeof p === 'string' ? p : (
          <time dateTime={p.iso} title={p.utc}>{p.dated ? local(p.iso) : new Date(p.iso).toLocaleTimeString(undefined, { timeStyle: 'medium' })}</time>
        ))}
    </>
  );
}
