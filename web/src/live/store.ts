// SPDX-License-Identifier: Apache-2.0
// What the screens show: one signal per monitor, fed by the overview and then by live batches,
// one batch per animation frame.
import { batch, computed, signal, type Signal } from '@preact/signals';

import type { LiveBatch, Overview, OverviewRow, State } from '../api/types';

export const overview = signal<Overview | null>(null);
export const rows = new Map<string, Signal<OverviewRow>>();
export const ids = signal<string[]>([]);
export const behind = signal(false);
// Rises with every change of an incident: pages that list them read again.
export const incidentTick = signal(0);
export const latencyP95 = signal<number | null>(null);
// Changes once a second, so that ages and staleness move without data.
export const now = signal(Date.now());
// Monitors whose definition changed: the overview is read again.
export const wantsOverview = signal(0);

export type Result = [string, number, number, number, string, number, number, number, number, string | null];
const lastResults = new Map<string, Signal<Result | null>>();
export function lastResult(id: string): Signal<Result | null> {
  let s = lastResults.get(id);
  if (!s) lastResults.set(id, (s = signal<Result | null>(null)));
  return s;
}

export const counts = computed(() => {
  const c: Record<State | 'total' | 'problems', number> = {
    total: 0, problems: 0, pending: 0, up: 0, suspect: 0, down: 0, recovering: 0, nodata: 0, paused: 0,
  };
  for (const id of ids.value) {
    const row = rows.get(id)?.value;
    if (!row) continue;
    c.total++;
    c[row.state]++;
    if (row.state === 'down' || row.state === 'recovering') c.problems++;
  }
  return c;
});

export function applyOverview(o: Overview): void {
  batch(() => {
    const seen = new Set<string>();
    for (const row of o.monitors) {
      seen.add(row.id);
      const known = rows.get(row.id);
      if (known) known.value = row;
      else rows.set(row.id, signal(row));
    }
    for (const id of rows.keys()) if (!seen.has(id)) rows.delete(id);
    ids.value = o.monitors.map((m) => m.id);
    behind.value = o.behind === true;
    overview.value = o;
  });
}

const latencies: number[] = [];
function noteLatency(endUs: number): void {
  latencies.push((performance.timeOrigin + performance.now()) - endUs / 1000);
  if (latencies.length > 200) latencies.shift();
}

function applyResult(r: Result): void {
  const row = rows.get(r[0]);
  if (!row) return;
  const old = row.peek();
  row.value = { ...old, strip: (old.strip + r[4]).slice(-30), last_ms: r[5], last_at: new Date(r[6] / 1000).toISOString() };
  lastResult(r[0]).value = r;
  noteLatency(r[6]);
}

let pending: LiveBatch[] = [];
function flush(): void {
  const list = pending;
  pending = [];
  batch(() => {
    for (const b of list) {
      if (b.behind !== undefined) behind.value = b.behind;
      for (const r of b.results ?? []) applyResult(r as unknown as Result);
      for (const s of b.states ?? []) {
        const row = rows.get(s.id);
        if (row) row.value = { ...row.peek(), ...s };
      }
      if (b.incidents?.length) incidentTick.value++;
      if (b.monitors?.length) wantsOverview.value++;
    }
    if (latencies.length) {
      const sorted = [...latencies].sort((a, b) => a - b);
      latencyP95.value = sorted[Math.floor(sorted.length * 0.95)] ?? null;
    }
  });
}

export function applyBatch(b: LiveBatch): void {
  pending.push(b);
  if (pending.length > 1) return;
  // A hidden tab gets no frames; its title and favicon must still tell the truth.
  if (document.hidden) setTimeout(flush, 50);
  else requestAnimationFrame(flush);
}
