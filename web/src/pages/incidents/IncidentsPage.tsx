// SPDX-License-Identifier: Apache-2.0
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

import { may } from '../../api/session';
import { usePages } from '../../api/pages';
import type { Incident } from '../../api/types';
import { t, type Key } from '../../i18n/incident';
import { incidentTick } from '../../live/store';
import { Icon } from '../../ui/Icon';
import { ReadOnly } from '../../ui/May';
import { Empty, View } from '../../ui/Notice';
import { IncidentList } from './IncidentList';
import { NewIncident } from './NewIncident';
import { noFilter, select, type Filter } from './select';

const filters: [string, Key][] = [
  ['active', 'incidents.active'], ['open', 'incidents.open'], ['acknowledged', 'incidents.acknowledged'],
  ['resolved', 'incidents.resolved'], ['', 'incidents.any'],
];
const severities = ['critical', 'major', 'minor'] as const;

function Filters({ value, set }: { value: Filter; set: (f: Partial<Filter>) => void }) {
  return (
    <div class="filters">
      <input type="search" aria-label={t('incidents.search')} placeholder={t('incidents.search')} value={value.search}
        onInput={(e) => set({ search: e.currentTarget.value })} />
      <select aria-label={t('incidents.kind')} value={value.kind} onChange={(e) => set({ kind: e.currentTarget.value as Filter['kind'] })}>
        <option value="">{t('incidents.kind')} {t('incidents.kind_any')}</option>
        <option value="machine">{t('incidents.kind')} {t('incidents.kind.machine')}</option>
        <option value="manual">{t('incidents.kind')} {t('incidents.kind.manual')}</option>
      </select>
      <select aria-label={t('incident.field.severity')} value={value.severity} onChange={(e) => set({ severity: e.currentTarget.value as Filter['severity'] })}>
        <option value="">{t('incidents.severity_any')}</option>
        {severities.map((s) => <option key={s} value={s}>{t(`severity.${s}`)}</option>)}
      </select>
    </div>
  );
}

export function IncidentsPage() {
  const state = useSignal('');
  const filter = useSignal(noFilter);
  const adding = useSignal(false);
  const r = usePages<Incident>(`incidents?limit=200${state.value ? `&state=${state.value}` : ''}`);
  const tick = incidentTick.value;
  useEffect(() => { if (tick) r.reload(); }, [tick, r.reload]);
  return (
    <section aria-labelledby="page-title">
      <div class="page-head">
        <h1 id="page-title">{t('incidents.title')}</h1>
        <button type="button" disabled={!may('incident.respond')} onClick={() => (adding.value = true)}><Icon name="plus" />{t('incidents.open_one')}</button>
      </div>
      <ReadOnly action="incident.respond" />
      <div class="chips" role="group" aria-label={t('incidents.filter')}>
        {filters.map(([value, key]) => (
          <button key={value} type="button" class="chip" aria-pressed={state.value === value} onClick={() => (state.value = value)}>{t(key)}</button>
        ))}
      </div>
      <Filters value={filter.value} set={(f) => (filter.value = { ...filter.value, ...f })} />
      <View of={r.state.value} retry={r.reload}>
        {(items) => {
          const shown = select(items, filter.value);
          if (items.length === 0) return <Empty title={t('incidents.empty')} hint={t('incidents.empty_hint')} />;
          if (shown.length === 0) return <Empty title={t('incidents.none_match')}><button type="button" onClick={() => (filter.value = noFilter)}>{t('monitors.clear')}</button></Empty>;
          return <IncidentList items={shown} />;
        }}
      </View>
      {r.more.value && <p class="center"><button type="button" disabled={r.state.value.loading} onClick={r.readMore}>{t('common.more')}</button></p>}
      {adding.value && <NewIncident onClose={() => (adding.value = false)} />}
    </section>
  );
}
