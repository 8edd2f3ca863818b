// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';

import { ApiError } from '../src/api/client';
import type { Channel, ChannelKindInfo, Maintenance, Policy } from '../src/api/types';
import { duration } from '../src/i18n';
import { t } from '../src/i18n/maintenance';
import { bodyOf as channelBody, draftOf as channelDraft, isNeeded, problemAt } from '../src/pages/alerts/form';
import { keyTo, onDay, weeksOf } from '../src/pages/maintenance/calendar';
import { bodyOf as maintenanceBody, draftOf as maintenanceDraft } from '../src/pages/maintenance/draft';
import { fromRule, once, suited, toRule } from '../src/pages/maintenance/rrule';
import { monday, moved } from '../src/pages/oncall/order';
import { bodyOf, draftOf, previewOf } from '../src/pages/policies/draft';
import { patched, patchOf, splitSpan, startOf } from '../src/pages/rules/rules';
import { shownOptions } from '../src/ui/Pick';

describe('a rule of recurrence', () => {
  it.each([
    'FREQ=DAILY', 'FREQ=DAILY;INTERVAL=3;COUNT=5', 'FREQ=WEEKLY;BYDAY=MO,FR', 'FREQ=WEEKLY;INTERVAL=2;BYDAY=SU;UNTIL=20261231',
    'FREQ=MONTHLY;BYMONTHDAY=31', 'FREQ=MONTHLY;BYDAY=-1FR', 'FREQ=MONTHLY;BYDAY=1SU;COUNT=12',
  ])('%s is said by the form and comes back the same', (rule) => {
    expect(fromRule(rule).freq).not.toBe('custom');
    expect(toRule(fromRule(rule))).toBe(rule);
  });
  it.each(['FREQ=YEARLY;BYMONTH=12', 'FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=-1', 'FREQ=WEEKLY;UNTIL=20261231T120000Z', 'FREQ=DAILY;BYDAY=MO', 'FREQ=MONTHLY;BYMONTHDAY=-1'])(
    '%s stays the text it is', (rule) => {
      expect(fromRule(rule)).toMatchObject({ freq: 'custom' });
      expect(toRule(fromRule(rule))).toBe(rule);
    });
  it('once is no rule', () => expect([toRule(once), fromRule(null)]).toEqual([null, once]));
  it.each([['2026-03-01T02:00', ['SU'], 1, 1], ['2026-03-31T02:00', ['TU'], 31, -1], ['2026-04-15T02:00', ['WE'], 15, 3]])('begins with the day of %s', (start, days, day, nth) => {
    expect(suited(once, start)).toMatchObject({ days, day, nth });
  });
});

describe('the calendar', () => {
  it('shows whole weeks from Monday', () => {
    const weeks = weeksOf({ year: 2026, month: 1 }); // February 2026 begins on a Sunday
    expect(weeks).toHaveLength(5);
    expect(weeks[0]?.[0]?.getDate()).toBe(26);
    expect(weeks.at(-1)?.[6]?.getDate()).toBe(1);
  });
  it('keeps the last day of December in the last week', () => {
    expect(weeksOf({ year: 2026, month: 11 }).flat().some((d) => d.getMonth() === 11 && d.getDate() === 31)).toBe(true);
  });
  it('puts an occurrence on every day that it touches, and not on the day at whose midnight it ends', () => {
    const o = { maintenance_id: 'm', title: '', from: new Date(2026, 2, 1, 23).toISOString(), to: new Date(2026, 2, 3).toISOString() };
    expect([1, 2, 3].map((d) => onDay([o], new Date(2026, 2, d)).length)).toEqual([1, 1, 0]);
  });
  it.each([['ArrowRight', 1, 1], ['ArrowUp', 1, 24], ['Home', 1, 23], ['End', 2, 1], ['PageDown', 2, 28], ['PageUp', 0, 28]])('%s moves', (key, month, date) => {
    const to = keyTo(key === 'ArrowRight' || key === 'ArrowUp' ? new Date(2026, key === 'ArrowRight' ? 0 : 2, key === 'ArrowRight' ? 31 : 3) : new Date(2026, 1, 28), key);
    expect([to?.getMonth(), to?.getDate()]).toEqual([month, date]);
  });
  it('leaves other keys alone', () => expect(keyTo(new Date(), 'a')).toBeNull());
});

describe('maintenance', () => {
  it('sends what was typed, and reads back the same', () => {
    const d = { ...maintenanceDraft(null, new Date(2026, 2, 1), 'Europe/Berlin'), title: ' Patch ', all: false, tags: ['db'] };
    expect(maintenanceBody(d)).toEqual({
      title: 'Patch', note: '', zone: 'Europe/Berlin', start: '2026-03-01T02:00', duration_s: 3600, rrule: null, exdates: null, scope: { tags: ['db'] },
    });
    const m = { ...maintenanceBody({ ...d, repeat: fromRule('FREQ=DAILY'), exdates: '2026-03-04, 2026-03-05' }) } as Maintenance;
    expect(maintenanceBody(maintenanceDraft(m, null, 'UTC'))).toEqual(m);
  });
});

const kind = {
  kind: 'webhook', label: 'Webhook', digest: true, fields: [
    { key: 'url', label: 'URL', hint: '', type: 'url', secret: false, required: true, choices: [] },
    { key: 'secret', label: 'Key', hint: '', type: 'text', secret: true, required: false, choices: [] },
    { key: 'region', label: 'Region', hint: '', type: 'choice', secret: false, required: false, choices: ['us', 'eu'] },
  ],
} as ChannelKindInfo;
const channel = { id: '1', kind: 'webhook', name: 'hook', config: { url: 'https://a', secret: '********' }, fallback: '2', target: '', created_at: '' } as Channel;

describe('the form of a channel', () => {
  it('begins empty, with the first of a choice', () => expect(channelDraft(kind, null).values).toEqual({ url: '', secret: '', region: 'us' }));
  it('never puts a secret back, and sends none that was not typed', () => {
    const d = channelDraft(kind, channel);
    expect(d.values.secret).toBe('');
    expect(channelBody(kind, d, true)).toEqual({ name: 'hook', config: { url: 'https://a', region: '' }, fallback: '2' });
  });
  it('forgets an optional secret only when asked', () => {
    expect(channelBody(kind, { ...channelDraft(kind, channel), forget: ['secret'] }, true)).toMatchObject({ config: { secret: '' } });
  });
  it('needs what is required, but not again what is kept', () => {
    const must = { ...kind.fields[1]!, required: true };
    expect([isNeeded(must, null), isNeeded(must, channel)]).toEqual([true, false]);
  });
  it('shows a complaint at its field', () => {
    const e = new ApiError(422, 'wrong', '', [{ field: 'config.url', problem: 'must be https' }]);
    expect([problemAt(e, 'url'), problemAt(e, 'name'), problemAt(null, 'url')]).toEqual(['must be https', undefined, undefined]);
  });
});

describe('policies and rules', () => {
  const policy = { id: 'p', name: 'Shop', scope: 'tag', tag: 'shop', priority: 3, rules: { reminder_s: 60 }, version: 4 } as Policy;
  it('says which version was read', () => expect(bodyOf(draftOf(policy, true), policy)).toEqual({ name: 'Shop', priority: 3, rules: { reminder_s: 60 }, tag: 'shop', version: 4 }));
  it('asks for a preview only when there is something to mean', () => {
    expect(previewOf(draftOf(null, false), null)).toBeNull();
    expect(previewOf({ ...draftOf(policy, true), tag: ' ' }, policy)).toBeNull();
    expect(previewOf(draftOf(policy, true), policy)).toMatchObject({ id: 'p' });
  });
  it('sets what is new, and null for what is given up', () => {
    expect(patchOf({ a: 1, b: [1], c: 2 }, { a: 1, b: [2] })).toEqual({ b: [2], c: null });
  });
  it('keeps what is typed while a saved change comes back', () => {
    const before = { a: 1, c: 2 };
    const typed = { a: 1, b: 5 };
    expect(patched({ a: 9, c: 2 }, patchOf(before, typed))).toEqual({ a: 9, b: 5 });
  });
  it.each([[3600, 1, 'h'], [5400, 90, 'min'], [90, 90, 's'], [0, 0, 's'], [0.5, 0.5, 's']])('%s s is %s %s', (s, n, unit) => expect(splitSpan(s)).toEqual({ n, unit }));
  it('begins where a rule is now, else at its default', () => {
    expect([startOf('confirm_s', 7, []), startOf('confirm_s', undefined, []), startOf('regions', undefined, ['a'])]).toEqual([7, 10, ['a']]);
  });
});

describe('small things', () => {
  it('moves a member, not over the edge', () => expect([moved([1, 2, 3], 0, 1), moved([1, 2], 0, -1)]).toEqual([[2, 1, 3], [1, 2]]));
  it.each([[new Date(2026, 2, 1), '2026-02-23'], [new Date(2026, 2, 2), '2026-03-02']])('the Monday of %s is %s', (d, text) => expect(monday(d)).toBe(text));
  it('shows what is chosen first', () => {
    const options = ['a', 'b', 'ab'].map((name) => ({ id: name, name }));
    expect(shownOptions(options, new Set(['ab']), 'b').map((o) => o.id)).toEqual(['ab', 'b']);
  });
  it.each([[0, '0 s'], [59, '59 s'], [5400, '1 h 30 min'], [90061, '1 d 1 h'], [3601, '1 h']])('%s s is %s', (s, text) => expect(duration(s)).toBe(text));
  it('counts with the right word', () => expect([t('mt.monitors', { n: 1 }), t('mt.monitors', { n: 3 })]).toEqual(['1 monitor', '3 monitors']));
});
