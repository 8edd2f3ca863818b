// SPDX-License-Identifier: Apache-2.0
import { ago, local, localShort, t } from '../i18n';
import { now } from '../live/store';

// Relative for the eye, UTC in the title.
export function Ago({ at }: { at: string | null | undefined }) {
  if (!at) return <span>{t('time.never')}</span>;
  return <time dateTime={at} title={new Date(at).toISOString()}>{ago(at, now.value)}</time>;
}

export function At({ at, short }: { at: string; short?: boolean }) {
  return <time dateTime={at} title={new Date(at).toISOString()}>{short ? localShort(at) : local(at)}</time>;
}

// The time of day alone, where the day is said beside it.
export function Clock({ at }: { at: string }) {
  return <time dateTime={at} title={new Date(at).toISOString()}>{new Date(at).toLocaleTimeString(undefined, { timeStyle: 'medium' })}</time>;
}
