// SPDX-License-Identifier: Apache-2.0
// Which rows, in which order. Worst first; an order, once shown, holds until the reader lets it go.
import type { OverviewRow, State } from '../../api/types';

const rank: Record<State, number> = { down: 0, recovering: 1, suspect: 2, nodata: 3, pending: 5, up: 6, paused: 7 };

export interface Filter { text: string; state: string; kind: string; region: number }

export const noFilter: Filter = { text: '', state: '', kind: '', region: 0 };

function rankOf(m: OverviewRow): number {
  return m.state === 'up' && (m.partial || m.degraded) ? 4 : rank[m.state];
}

export function matches(m: OverviewRow, f: Filter): boolean {
  if (f.state && (f.state === 'down' ? m.state !== 'down' && m.state !== 'recovering' : m.state !== f.state)) return false;
  if (f.kind && m.kind !== f.kind) return false;
  if (f.region && !m.regions.includes(f.region)) return false;
  if (!f.text) return true;
  const text = f.text.toLowerCase();
  return [m.name, m.target, ...(m.tags ?? [])].some((s) => s.toLowerCase().includes(text));
}

export function sorted(list: OverviewRow[]): string[] {
  return [...list]
    .sort((a, b) => rankOf(a) - rankOf(b) || a.name.localeCompare(b.name) || (a.id < b.id ? -1 : 1))
    .map((m) => m.id);
}

// How many rows stand elsewhere than they should.
export function moved(shown: string[], wanted: string[]): number {
  let n = 0;
  for (let i = 0; i < wanted.length; i++) if (shown[i] !== wanted[i]) n++;
  return n;
}
