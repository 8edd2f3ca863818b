// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';

import type { IncidentEvent, Notice } from '../src/api/types';
import { changed } from '../src/pages/incident/act';
import { afterOf, evidenceOf, firstFailure, mergeTimeline } from '../src/pages/incident/merge';
import { phasesOf } from '../src/pages/incident/UpdateForm';
import { select } from '../src/pages/incidents/select';

const vote = (region: string, since: string | null, said_fail: boolean) => ({ region, since, said_fail, say: said_fail ? 'fail' : 'ok', counts: true });
const evidence = (...regions: object[]) => ({ n: 3, fail: 2, ok: 1, need: 2, verdict: 'down', at: '2026-03-01T12:00:20Z', regions });
const event = (number: number | null, at: string, kind: string, detail: object = {}): IncidentEvent =>
  ({ number, at, kind, actor: 'engine', origin: 'engine', reason: '', detail }) as IncidentEvent;
const notice = (channel: string, eventNumber: number, kind: string, at: string): Notice =>
  ({ key: channel + kind, kind, event: eventNumber, channel_id: channel, channel_name: channel, channel_kind: 'email', state: 'sent', created_at: at, attempts: [] }) as unknown as Notice;

describe('the story of an incident', () => {
  const opened = event(1, '2026-03-01T12:00:20Z', 'opened', evidence(
    vote('b', '2026-03-01T12:00:07Z', true), vote('a', '2026-03-01T12:00:05Z', true), vote('c', '2026-03-01T11:00:00Z', false)));
  const said = event(null, '2026-03-01T12:00:30Z', 'note');
  const story = mergeTimeline({
    why_detail: {}, events: [opened, said, event(2, '2026-03-01T12:05:00Z', 'resolved')],
    notices: [notice('m', 1, 'opened', '2026-03-01T12:00:20Z'), notice('h', 1, 'opened', '2026-03-01T12:00:20Z'), notice('m', 2, 'resolved', '2026-03-01T12:05:00Z')],
  });
  it('begins with the first failure, decides, then tells', () => {
    expect(story.map((e) => e.type)).toEqual(['first', 'event', 'told', 'event', 'event', 'told']);
  });
  it('names the earliest region that failed, not the one that was ok before', () => {
    expect(story[0]).toMatchObject({ type: 'first', vote: { region: 'a' } });
  });
  it('puts tellings of one cause together', () => {
    expect(story[2]).toMatchObject({ type: 'told', kind: 'opened', notices: [{ channel_id: 'm' }, { channel_id: 'h' }] });
  });
  it('of a manual incident there is no first failure', () => {
    expect(mergeTimeline({ why_detail: {}, events: [said], notices: [] }).map((e) => e.type)).toEqual(['event']);
    expect(evidenceOf({ before: null })).toBeNull();
    expect(firstFailure(null)).toBeNull();
  });
});

describe('what people change', () => {
  it.each([[{ after: 'major' }, 'major'], [{ after: { severity: 'minor' } }, 'minor'], [{ after: null }, ''], [{}, ''], [null, '']])('%j says %j', (detail, text) => {
    expect(afterOf(detail)).toBe(text);
  });
  it('sends only what differs', () => {
    expect(changed({ a: 1, b: [1], c: null as string | null }, { a: 1, b: [1, 2], c: null })).toEqual({ b: [1, 2] });
  });
  it('lets people resolve only what people opened', () => {
    expect(phasesOf({ kind: 'machine', state: 'open', phase: 'investigating' })).not.toContain('resolved');
    expect(phasesOf({ kind: 'manual', state: 'open', phase: 'investigating' })).toContain('resolved');
  });
});

describe('the list of incidents', () => {
  const items = [
    { id: '1', kind: 'machine', severity: 'major', title: '', monitor_name: 'Shop', why: 'refused' },
    { id: '2', kind: 'manual', severity: 'minor', title: 'Payments slow', monitor_name: '', why: '' },
  ] as never[];
  it.each([
    [{ search: 'shop', kind: '', severity: '' }, 1], [{ search: 'REFUSED', kind: '', severity: '' }, 1],
    [{ search: '', kind: 'manual', severity: '' }, 1], [{ search: '', kind: '', severity: 'critical' }, 0], [{ search: '', kind: '', severity: '' }, 2],
  ] as const)('%j shows %i', (filter, n) => expect(select(items, filter)).toHaveLength(n));
});
