// SPDX-License-Identifier: Apache-2.0
// Every text of the dashboard, by key. `{name}` is replaced, `{n|check|checks}` is a number with its
// word; numbers and times are the viewer's. A page that comes later brings its own texts.
import { en } from './en';

export type Key = keyof typeof en;
export type Values = Record<string, string | number>;

export function texts<D extends Record<string, string>>(dictionary: D): (key: keyof D & string, values?: Values) => string {
  return (key, values = {}) => (dictionary[key] ?? key).replace(/\{(\w+)(?:\|([^|}]*)\|([^}]*))?\}/g, (_, name: string, one?: string, many?: string) => {
    const value = String(values[name] ?? '');
    return many === undefined ? value : `${value} ${Number(value) === 1 ? one : many}`;
  });
}

// What the server names may be newer than these texts: then its own word is shown.
export function words(dictionary: Record<string, string>): (prefix: string, name: string, values?: Values) => string {
  const say = texts(dictionary);
  return (prefix, name, values) => (`${prefix}.${name}` in dictionary ? say(`${prefix}.${name}`, values) : name.replaceAll('_', ' '));
}

export const t = texts(en);

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
const hours = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
export const localShort = (iso: string): string => hours.format(new Date(iso));

export function ms(value: number | null | undefined): string {
  if (value === null || value === undefined) return '–';
  if (value < 10) return `${value.toFixed(1)} ms`;
  return value < 10000 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(1)} s`;
}

// 5400 is "1 h 30 min": no more than two parts.
export function duration(seconds: number): string {
  const s = Math.round(seconds);
  const parts: [number, string][] = [[Math.floor(s / 86400), 'd'], [Math.floor(s / 3600) % 24, 'h'], [Math.floor(s / 60) % 60, 'min'], [s % 60, 's']];
  const first = parts.findIndex(([n]) => n > 0);
  if (first < 0) return '0 s';
  return parts.slice(first, first + 2).filter(([n]) => n > 0).map(([n, unit]) => `${n} ${unit}`).join(' ');
}
// Rounded down: 99.9996 is not 100.
export const percent = (v: number | null | undefined): string =>
  v === null || v === undefined ? t('uptime.none') : `${(Math.floor(v * 1000) / 1000).toFixed(v === 100 || v === 0 ? 0 : 3)} %`;
