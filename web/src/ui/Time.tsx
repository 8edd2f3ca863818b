// SPDX-License-Identifier: Apache-2.0
import { ago, local, t } from '../i18n';
import { now } from '../live/store';

// Relative for the eye, UTC in the title.
export function Ago({ at }: { at: string | null | undefined }) {
  if (!at) return <span>{t('time.never')}</span>;
  return <time dateTime={at} title={new Date(at).toISOString()}>{ago(at, now.value)}</time>;
}

export function At({ at }: { at: string }) {
  return <time dateTime={at} title={new Date(at).toISOString()}>{local(at)}</time>;
}
