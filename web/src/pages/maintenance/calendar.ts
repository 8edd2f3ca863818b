// SPDX-License-Identifier: Apache-2.0
// A month as weeks of days, and what lies on each day, in the viewer's zone.
import type { Occurrence } from '../../api/types';

export interface Month { year: number; month: number } // month: 0…11

export const monthOf = (d: Date): Month => ({ year: d.getFullYear(), month: d.getMonth() });
export const shifted = (m: Month, by: number): Month => monthOf(new Date(m.year, m.month + by, 1));
export const addDays = (d: Date, n: number): Date => new Date(d.getFullYear(), d.getMonth(), d.getDate() + n);
export const sameDay = (a: Date, b: Date): boolean => a.toDateString() === b.toDateString();

// Whole weeks from Monday that hold the month.
export function weeksOf(m: Month): Date[][] {
  const first = new Date(m.year, m.month, 1);
  let day = addDays(first, -((first.getDay() + 6) % 7));
  const weeks: Date[][] = [];
  do {
    weeks.push(Array.from({ length: 7 }, (_, i) => addDays(day, i)));
    day = addDays(day, 7);
  } while (day.getMonth() === m.month && day.getFullYear() === m.year);
  return weeks;
}

export function onDay(all: Occurrence[], day: Date): Occurrence[] {
  const from = day.getTime();
  const to = addDays(day, 1).getTime();
  return all.filter((o) => Date.parse(o.from) < to && Date.parse(o.to) > from);
}

const steps: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 };

// Where a key leads from a day; null: no key of the grid.
export function keyTo(day: Date, key: string): Date | null {
  const step = steps[key];
  if (step !== undefined) return addDays(day, step);
  const sinceMonday = (day.getDay() + 6) % 7;
  if (key === 'Home') return addDays(day, -sinceMonday);
  if (key === 'End') return addDays(day, 6 - sinceMonday);
  if (key !== 'PageUp' && key !== 'PageDown') return null;
  const there = shifted(monthOf(day), key === 'PageUp' ? -1 : 1);
  const last = new Date(there.year, there.month + 1, 0).getDate();
  return new Date(there.year, there.month, Math.min(day.getDate(), last));
}
