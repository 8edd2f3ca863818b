// SPDX-License-Identifier: Apache-2.0
// The tab tells the worst state; one polite live region speaks changes, at most once in 5 s.
import { effect, signal } from '@preact/signals';

import { t } from '../i18n';
import { counts } from './store';

export const spoken = signal('');
const SPEAK_EVERY_MS = 5000;

function worst(): 'down' | 'degraded' | 'unknown' | 'up' {
  const c = counts.value;
  if (c.down + c.recovering > 0) return 'down';
  if (c.suspect > 0) return 'degraded';
  return c.total > 0 && c.nodata === c.total ? 'unknown' : 'up';
}

export function watchTitle(): void {
  let last = '';
  let timer = 0;
  effect(() => {
    const w = worst();
    const c = counts.value;
    const text = c.problems > 0 ? t('title.down', { n: c.problems }) : t('title.fine');
    document.title = c.problems > 0 ? `(${c.problems}) NetPulse` : 'NetPulse';
    document.querySelector('link[rel=icon]')?.setAttribute('href', `/app/favicon-${w}.svg`);
    if (text === last) return;
    const first = last === '';
    last = text;
    if (first) return;
    clearTimeout(timer);
    timer = window.setTimeout(() => (spoken.value = text), spoken.peek() === '' ? 0 : SPEAK_EVERY_MS);
  });
}
