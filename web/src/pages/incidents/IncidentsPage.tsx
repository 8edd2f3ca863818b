// SPDX-License-Identifier: Apache-2.0
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

import { useResource } from '../../api/resource';
import type { Incident, Page } from '../../api/types';
import { t, type Key } from '../../i18n';
import { incidentTick } from '../../live/store';
import { Empty, View } from '../../ui/Notice';
import { IncidentList } from './IncidentList';

const filters: [string, Key][] = [['active', 'incidents.active'], ['resolved', 'incidents.resolved'], ['', 'incidents.any']];

export function IncidentsPage() {
  const filter = useSignal('');
  const r = useResource<Page<Incident>>(`incidents?limit=100${filter.value ? `&state=${filter.value}` : ''}`);
  const tick = incidentTick.value;
  useEffect(() => { if (tick) r.reload(); }, [tick, r.reload]);
  return (
    <section aria-labelledby="page-title">
      <div class="page-head">
        <h1 id="page-title">{t('incidents.title')}</h1>
        <div class="chips" role="group" aria-label={t('incidents.filter')}>
          {filters.map(([value, key]) => (
            <button key={value} type="button" class="chip" aria-pressed={filter.value === value} onClick={() => (filter.value = value)}>
              {t(key)}
            </button>
          ))}
        </div>
      </div>
      <View of={r.state.value} retry={r.reload}>
        {(p) => p.items.length === 0
          ? <Empty title={t('incidents.empty')} hint={t('incidents.empty_hint')} />
          : <IncidentList items={p.items} />}
      </View>
    </section>
  );
}
