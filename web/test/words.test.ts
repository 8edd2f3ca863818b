// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';

import { ago, ms, percent, t } from '../src/i18n';
import { guess } from '../src/pages/monitors/guess';
import { lookOf, wordOf } from '../src/ui/Icon';

describe('words for numbers', () => {
  it('never rounds uptime up', () => {
    expect(percent(99.99999)).toBe('99.999 %');
    expect(percent(100)).toBe('100 %');
    expect(percent(null)).toBe('no data');
  });
  it.each([[null, '–'], [0.24, '0.2 ms'], [12.6, '13 ms'], [12345, '12.3 s']])('%s ms is %s', (v, text) => {
    expect(ms(v)).toBe(text);
  });
  it('says how long ago', () => {
    const now = Date.parse('2026-03-01T12:00:00Z');
    expect(ago('2026-03-01T11:59:58Z', now)).toBe('now');
    expect(ago('2026-03-01T11:59:20Z', now)).toContain('40');
    expect(ago(null, now)).toBe('never');
  });
  it('fills in values and nothing else', () => {
    expect(t('monitors.selected', { n: 3 })).toBe('3 selected');
  });
});

describe('what somebody pastes', () => {
  it.each([
    ['https://example.org/x?y=1', 'http', 'example.org'],
    ['db.example.org:5432', 'tcp', 'db.example.org:5432'],
    ['example.org/health', 'http', 'example.org'],
    ['example.org', 'icmp', 'example.org'],
  ])('%s is %s', (text, kind, name) => {
    expect(guess(text)).toMatchObject({ kind, name });
  });
});

describe('state has one look and one word', () => {
  it('a partial monitor is up but not green', () => {
    const m = { state: 'up' as const, partial: true, degraded: false, failing: 1, assigned: 3 };
    expect(lookOf(m)).toBe('degraded');
    expect(wordOf(m)).toBe('Partial: 1 of 3 regions');
  });
  it('recovering is still down', () => {
    expect(lookOf({ state: 'recovering', partial: false, degraded: false, failing: 0, assigned: 3 })).toBe('down');
  });
});
