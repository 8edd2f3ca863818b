// SPDX-License-Identifier: Apache-2.0
// Every text of the dashboard, by key. `{name}` is replaced; numbers and times are the viewer's.
import { en } from './en';

export type Key = keyof typeof en;

export function t(key: Key, values: Record<string, string | number> = {}): string {
  return en[key].replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ''));
}

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'short' });
export function ago(iso: string | null | undefined, nowMs: number): string {
  if (!iso) return t('time.never');
  const s = Math.round((Date.parse(iso) - nowMs) / 1000);
  const a = Math.abs(s);
  if (a < 5) return t('time.now');
  if (a < 90) return relative.format(s, 'second');
  if (a < 5400) return relative.format(Math.round(s / 60), 'minute');
  if (a < 129600) return relative.format(Math.round(s / 3600), 'hour');
  return relative.format(Math.round(s / 86400), 'day');
}

const clock = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
export const local = (iso: string): string => clock.format(new Date(iso));

export function ms(value: number | null | undefined): string {
  if (value === null || value === undefined) return '–';
  if (value < 10) return `${value.toFixed(1)} ms`;
  return value < 10000 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(1)} s`;
}
// Rounded down: 99.9996 is not 100.
export const percent = (v: number | null | undefined): string =>
  v === null || v === undefined ? t('uptime.none') : `${(Math.floor(v * 1000) / 1000).toFixed(v === 100 ? 0 : 3)} %`;
