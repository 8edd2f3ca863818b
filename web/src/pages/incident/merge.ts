// SPDX-License-Identifier: Apache-2.0
// One story out of what the machine decided, what people said and who was told: by time, each
// telling beside the others of its kind, the first failure before everything.
import type { Evidence, IncidentEvent, IncidentFull, Notice, Vote } from '../../api/types';

export type Entry =
  | { type: 'first'; at: string; vote: Vote }
  | { type: 'event'; at: string; event: IncidentEvent; evidence: Evidence | null }
  | { type: 'told'; at: string; kind: string; notices: Notice[] };

export function evidenceOf(detail: Record<string, unknown> | null | undefined): Evidence | null {
  return detail && Array.isArray(detail.regions) ? (detail as unknown as Evidence) : null;
}

// The earliest failing attempt among those that the decision saw.
export function firstFailure(e: Evidence | null): Vote | null {
  const failing = (e?.regions ?? []).filter((v) => v.said_fail && v.since);
  return failing.sort((a, b) => Date.parse(a.since ?? '') - Date.parse(b.since ?? ''))[0] ?? null;
}

function tellings(notices: Notice[]): Entry[] {
  const found = new Map<string, Entry & { type: 'told' }>();
  for (const n of notices) {
    const key = `${n.event} ${n.kind}`;
    const known = found.get(key);
    if (known) known.notices.push(n);
    else found.set(key, { type: 'told', at: n.created_at, kind: n.kind, notices: [n] });
  }
  return [...found.values()];
}

// Of one moment: first what failed, then what was decided, then who was told.
const ranks = { first: 0, event: 1, told: 2 } as const;

export function mergeTimeline(incident: Pick<IncidentFull, 'events' | 'notices' | 'why_detail'>): Entry[] {
  const entries: Entry[] = incident.events.map((event) => ({ type: 'event', at: event.at, event, evidence: evidenceOf(event.detail) }));
  const opening = incident.events.find((e) => e.kind === 'opened');
  const first = firstFailure(evidenceOf(opening?.detail) ?? evidenceOf(incident.why_detail));
  if (first?.since) entries.push({ type: 'first', at: first.since, vote: first });
  entries.push(...tellings(incident.notices));
  return entries.sort((a, b) => Date.parse(a.at) - Date.parse(b.at) || ranks[a.type] - ranks[b.type]);
}

// "minor" -> "major": what an update changed, as words.
export function afterOf(detail: Record<string, unknown> | null | undefined): string {
  const after = detail?.after;
  const value = after && typeof after === 'object' ? Object.values(after)[0] : after;
  return value === null || value === undefined ? '' : String(value);
}
