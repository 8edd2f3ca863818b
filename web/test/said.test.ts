// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';

import { partsOf } from '../src/ui/said';

describe('times in a sentence', () => {
  const made = '2026-03-01T12:02:00Z';
  it('are of the day the sentence was made', () => {
    expect(partsOf('fra1: TCP reset since 12:01:07 UTC; ams1 OK.', made)).toEqual([
      'fra1: TCP reset since ', { iso: '2026-03-01T12:01:07Z', utc: '12:01:07 UTC', dated: false }, '; ams1 OK.',
    ]);
  });
  it('keep the day they name', () => {
    expect(partsOf('Held until 2026-03-02 07:00:00 UTC', made)[1]).toEqual({ iso: '2026-03-02T07:00:00Z', utc: '2026-03-02 07:00:00 UTC', dated: true });
  });
  it('leave everything else as it is', () => {
    expect(partsOf('99:99:99 UTC, 12:00 and <b>', made)).toEqual(['99:99:99 UTC, 12:00 and <b>']);
    expect(partsOf('', made)).toEqual([]);
  });
});
