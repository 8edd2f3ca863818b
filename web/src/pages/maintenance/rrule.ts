// SPDX-License-Identifier: Apache-2.0
// The rules of RFC 5545 that a small form can say; any other one stays text.
export type Freq = 'none' | 'daily' | 'weekly' | 'day' | 'nth' | 'custom';
export interface Repeat {
  freq: Freq; interval: number; days: string[]; day: number; nth: number; weekday: string;
  ends: 'never' | 'until' | 'count'; until: string; count: number; text: string;
}

export const weekdays = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'] as const;
export const nths = [1, 2, 3, 4, -1] as const;

export const once: Repeat = {
  freq: 'none', interval: 1, days: [], day: 1, nth: 1, weekday: 'SU', ends: 'never', until: '', count: 10, text: '',
};

// What a start leaves open comes from it: a Sunday repeats on Sundays.
export function suited(r: Repeat, start: string): Repeat {
  const date = new Date(`${start.slice(0, 10)}T12:00:00Z`);
  if (Number.isNaN(date.getTime())) return r;
  const weekday = weekdays[(date.getUTCDay() + 6) % 7] ?? 'MO';
  const nth = Math.ceil(date.getUTCDate() / 7);
  return { ...r, days: r.days.length ? r.days : [weekday], day: date.getUTCDate(), weekday, nth: nth > 4 ? -1 : nth };
}

function ending(r: Repeat): string[] {
  if (r.ends === 'count') return [`COUNT=${r.count}`];
  return r.ends === 'until' && r.until ? [`UNTIL=${r.until.replaceAll('-', '')}`] : [];
}

export function toRule(r: Repeat): string | null {
  if (r.freq === 'none') return null;
  if (r.freq === 'custom') return r.text.trim() || null;
  const parts = [`FREQ=${r.freq === 'daily' ? 'DAILY' : r.freq === 'weekly' ? 'WEEKLY' : 'MONTHLY'}`];
  if (r.interval > 1) parts.push(`INTERVAL=${r.interval}`);
  if (r.freq === 'weekly' && r.days.length) parts.push(`BYDAY=${weekdays.filter((d) => r.days.includes(d)).join(',')}`);
  if (r.freq === 'day') parts.push(`BYMONTHDAY=${r.day}`);
  if (r.freq === 'nth') parts.push(`BYDAY=${r.nth}${r.weekday}`);
  return [...parts, ...ending(r)].join(';');
}

const isDays = (s: string | undefined): boolean => s === undefined || s.split(',').every((d) => (weekdays as readonly string[]).includes(d));

function frequency(part: Map<string, string>): Partial<Repeat> | null {
  const byday = part.get('BYDAY');
  const byday1 = /^(-1|[1-4])(MO|TU|WE|TH|FR|SA|SU)$/.exec(byday ?? '');
  const day = part.get('BYMONTHDAY');
  switch (part.get('FREQ')) {
    case 'DAILY': return byday || day ? null : { freq: 'daily' };
    case 'WEEKLY': return day || !isDays(byday) ? null : { freq: 'weekly', days: byday?.split(',') ?? [] };
    case 'MONTHLY':
      if (byday1 && !day) return { freq: 'nth', nth: Number(byday1[1]), weekday: byday1[2] ?? 'MO' };
      return day && /^\d+$/.test(day) && !byday ? { freq: 'day', day: Number(day) } : null;
    default: return null;
  }
}

const known = new Set(['FREQ', 'INTERVAL', 'BYDAY', 'BYMONTHDAY', 'COUNT', 'UNTIL']);

export function fromRule(text: string | null): Repeat {
  if (!text) return once;
  const custom: Repeat = { ...once, freq: 'custom', text };
  const part = new Map(text.replace(/^RRULE:/, '').split(';').map((p) => p.split('=') as [string, string]));
  const f = frequency(part);
  const until = part.get('UNTIL');
  if (!f || [...part.keys()].some((k) => !known.has(k)) || (until && !/^\d{8}$/.test(until))) return custom;
  return {
    ...once, ...f, text, interval: Number(part.get('INTERVAL') ?? 1),
    ends: until ? 'until' : part.has('COUNT') ? 'count' : 'never',
    until: until ? `${until.slice(0, 4)}-${until.slice(4, 6)}-${until.slice(6)}` : '', count: Number(part.get('COUNT') ?? 10),
  };
}
