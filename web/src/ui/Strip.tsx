// SPDX-License-Identifier: Apache-2.0
// The last 30 checks: one path per status, so that a thousand rows stay light. Height tells the
// status too: colour is never alone.
import { t } from '../i18n';

const heights: Record<string, number> = { o: 16, d: 12.8, f: 9.4, u: 3.8 };
const names: Record<string, string> = { o: 'up', d: 'degraded', f: 'down', u: 'unknown' };
const STEP = 4;

export function Strip({ value }: { value: string }) {
  const paths: Record<string, string> = {};
  const start = 30 - value.length;
  for (let i = 0; i < value.length; i++) {
    const c = value[i] ?? 'u';
    const h = heights[c] ?? 3.8;
    paths[c] = `${paths[c] ?? ''}M${(start + i) * STEP} ${16 - h}h3v${h}h-3z`;
  }
  const count = (c: string) => value.split(c).length - 1;
  const label = t('monitors.strip', { n: value.length, fail: count('f'), unknown: count('u') });
  return (
    <svg class="strip" viewBox="0 0 119 16" role="img" aria-label={label}>
      {Object.entries(paths).map(([c, d]) => (
        <path key={c} class={`fill-${names[c] ?? 'unknown'}`} d={d} />
      ))}
    </svg>
  );
}
