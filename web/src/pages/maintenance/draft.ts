// SPDX-License-Identifier: Apache-2.0
import type { Maintenance } from '../../api/types';
import { typed } from '../oncall/order';
import { fromRule, once, toRule, type Repeat } from './rrule';

export interface Draft {
  title: string; note: string; zone: string; start: string; duration_s: number; repeat: Repeat; exdates: string;
  all: boolean; tags: string[]; monitors: string[];
}

const HOUR_MS = 3600000;

export function draftOf(m: Maintenance | null, day: Date | null, zone: string): Draft {
  if (!m) {
    const start = day ? `${typed(day).slice(0, 10)}T02:00` : typed(new Date(Math.ceil(Date.now() / HOUR_MS) * HOUR_MS));
    return { title: '', note: '', zone, start, duration_s: 3600, repeat: once, exdates: '', all: true, tags: [], monitors: [] };
  }
  const scope = m.scope as { all?: boolean; tags?: string[]; monitors?: string[] };
  return {
    title: m.title, note: m.note, zone: m.zone, start: m.start.slice(0, 16), duration_s: m.duration_s, repeat: fromRule(m.rrule),
    exdates: m.exdates.join(', '), all: scope.all === true, tags: scope.tags ?? [], monitors: scope.monitors ?? [],
  };
}

export const isScoped = (d: Draft): boolean => d.all || d.tags.length > 0 || d.monitors.length > 0;

function scopeOf(d: Draft): object {
  if (d.all) return { all: true };
  return { ...(d.tags.length ? { tags: d.tags } : {}), ...(d.monitors.length ? { monitors: d.monitors } : {}) };
}

export function bodyOf(d: Draft): object {
  const rrule = toRule(d.repeat);
  const exdates = d.exdates.split(',').map((s) => s.trim()).filter(Boolean);
  return {
    title: d.title.trim(), note: d.note.trim(), zone: d.zone, start: d.start, duration_s: d.duration_s, rrule,
    exdates: rrule && exdates.length ? exdates : null, scope: scopeOf(d),
  };
}
