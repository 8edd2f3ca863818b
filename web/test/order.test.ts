// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';

import type { OverviewRow } from '../src/api/types';
import { matches, moved, noFilter, sorted } from '../src/pages/monitors/order';

const row = (id: string, state: OverviewRow['state'], more: Partial<OverviewRow> = {}): OverviewRow => ({
  id, name: id, kind: 'http', target: `https://${id}.example`, state, since: null, interval_s: 60, regions: [1, 2], strip: '', ...more,
});

describe('order of monitors', () => {
  it('puts the worst first, then goes by name', () => {
    const list = [row('c', 'up'), row('b', 'up', { partial: true }), row('a', 'up'), row('z', 'down'), row('y', 'paused'), row('x', 'nodata')];
    expect(sorted(list)).toEqual(['z', 'x', 'b', 'a', 'c', 'y']);
  });
  it('counts rows that stand elsewhere than they should', () => {
    expect(moved(['a', 'b', 'c'], ['a', 'c', 'b'])).toBe(2);
    expect(moved(['a', 'b'], ['a', 'b'])).toBe(0);
  });
});

describe('filters', () => {
  it.each([
    [{ text: 'EXAMPLE' }, true],
    [{ text: 'nothing' }, false],
    [{ state: 'down' }, true],
    [{ state: 'up' }, false],
    [{ region: 2 }, true],
    [{ region: 9 }, false],
    [{ kind: 'tcp' }, false],
  ])('%o shows a recovering monitor: %s', (f, shown) => {
    expect(matches(row('m', 'recovering'), { ...noFilter, ...f })).toBe(shown);
  });
  it('finds tags', () => {
    expect(matches(row('m', 'up', { tags: ['Billing'] }), { ...noFilter, text: 'billing' })).toBe(true);
  });
});
