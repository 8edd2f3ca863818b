// SPDX-License-Identifier: Apache-2.0
import type { Signal } from '@preact/signals';

import type { State } from '../../api/types';
import { t } from '../../i18n';
import { counts, overview } from '../../live/store';
import { noFilter, type Filter } from './order';

const states: (State | 'total')[] = ['total', 'down', 'suspect', 'nodata', 'up', 'paused', 'pending'];
const kinds = ['http', 'tcp', 'icmp', 'dns', 'tls'];

function countOf(s: State | 'total'): number {
  return s === 'down' ? counts.value.problems : counts.value[s];
}

export function Filters({ filter }: { filter: Signal<Filter> }) {
  const f = filter.value;
  const set = (change: Partial<Filter>): void => { filter.value = { ...f, ...change }; };
  return (
    <div class="filters">
      <div class="chips" role="group" aria-label={t('monitors.filter.state')}>
        {states.map((s) => {
          const value = s === 'total' ? '' : s;
          if (s !== 'total' && s !== 'down' && s !== 'up' && countOf(s) === 0 && f.state !== s) return null;
          return (
            <button key={s} type="button" class={`chip chip-${s}`} aria-pressed={f.state === value}
              onClick={() => set({ state: value })}>
              {t(`monitors.filter.${s}` as 'monitors.filter.total')} <b>{countOf(s)}</b>
            </button>
          );
        })}
      </div>
      <input type="search" id="search" placeholder={t('monitors.search')} aria-label={t('monitors.search')}
        value={f.text} onInput={(e) => set({ text: e.currentTarget.value })} />
      <select aria-label={t('add.kind')} value={f.kind} onChange={(e) => set({ kind: e.currentTarget.value })}>
        <option value="">{t('add.kind')}: {t('common.all')}</option>
        {kinds.map((k) => <option key={k} value={k}>{k}</option>)}
      </select>
      <select aria-label={t('common.regions')} value={String(f.region)}
        onChange={(e) => set({ region: Number(e.currentTarget.value) })}>
        <option value="0">{t('common.regions')}: {t('common.all')}</option>
        {overview.value?.regions.map((r) => <option key={r.id} value={String(r.id)}>{r.name}</option>)}
      </select>
      {JSON.stringify(f) !== JSON.stringify(noFilter) && (
        <button type="button" class="plain" onClick={() => (filter.value = noFilter)}>{t('monitors.clear')}</button>
      )}
    </div>
  );
}
