// SPDX-License-Identifier: Apache-2.0
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

import { useResource } from '../../api/resource';
import type { Monitor } from '../../api/types';
import { ChartCard } from '../../chart/ChartCard';
import { t, type Key } from '../../i18n/monitor';
import { ids, rows } from '../../live/store';
import { Empty, View } from '../../ui/Notice';
import { lazy } from '../../ui/lazy';
import { ChecksTab } from './ChecksTab';
import { Head } from './Head';
import { IncidentsTab } from './IncidentsTab';
import { NoticesTab } from './NoticesTab';
import { RevisionsTab } from './RevisionsTab';
import { UptimeCards } from './UptimeCards';
import { WhyCard } from './WhyCard';

// The editor of rules is large, and few need it.
const AlertingTab = lazy(() => import('./AlertingTab').then((m) => m.AlertingTab));

const tabs: [string, Key][] = [
  ['checks', 'monitor.tab.checks'], ['incidents', 'monitor.tab.incidents'], ['notices', 'monitor.tab.notices'],
  ['alerting', 'monitor.tab.alerting'], ['revisions', 'monitor.tab.revisions'],
];

export function MonitorPage({ id }: { id: string }) {
  const r = useResource<Monitor>(`monitors/${encodeURIComponent(id)}`);
  const tab = useSignal('checks');
  void ids.value; // the row appears with the overview
  const row = rows.get(id)?.value;
  const state = row?.state ?? '';
  useEffect(() => { if (state) r.reload(); }, [state, r.reload]);
  if (r.state.value.error?.status === 404) return <Empty title={t('monitor.gone')}><a href="/app/monitors">{t('monitor.back')}</a></Empty>;
  return (
    <View of={r.state.value} retry={r.reload} height="40rem">
      {(monitor) => (
        <article class="monitor" aria-labelledby="page-title">
          <Head monitor={monitor} row={row} reload={r.reload} />
          <WhyCard monitor={monitor} state={`${state} ${row?.strip ?? ''}`} />
          <UptimeCards id={id} />
          <ChartCard id={id} />
          <section class="card">
            <div role="tablist" aria-label={t('monitor.tabs')} class="chips">
              {tabs.map(([name, key]) => (
                <button key={name} type="button" role="tab" id={`tab-${name}`} class="chip" aria-selected={tab.value === name}
                  aria-controls="tab-panel" onClick={() => (tab.value = name)}>
                  {t(key)}
                </button>
              ))}
            </div>
            <div role="tabpanel" id="tab-panel" aria-labelledby={`tab-${tab.value}`} tabIndex={0}>
              {tab.value === 'checks' && <ChecksTab id={id} />}
              {tab.value === 'incidents' && <IncidentsTab id={id} />}
              {tab.value === 'notices' && <NoticesTab id={id} />}
              {tab.value === 'alerting' && <AlertingTab monitor={monitor} reload={r.reload} />}
              {tab.value === 'revisions' && <RevisionsTab id={id} />}
            </div>
          </section>
        </article>
      )}
    </View>
  );
}
