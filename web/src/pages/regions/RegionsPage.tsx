// SPDX-License-Identifier: Apache-2.0
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

import { useResource } from '../../api/resource';
import { may } from '../../api/session';
import type { Checker, DrillRun, Finding, Page, Region } from '../../api/types';
import { t } from '../../i18n/regions';
import { now } from '../../live/store';
import { ReadOnly } from '../../ui/May';
import { Empty, View } from '../../ui/Notice';
import { Ago } from '../../ui/Time';
import { CheckerTable } from './CheckerTable';
import { Drill } from './Drill';
import { EnrolDialog } from './EnrolDialog';
import { Findings } from './Findings';

const EVERY_S = 5;

export function RegionsPage() {
  const regions = useResource<Page<Region>>('regions');
  const checkers = useResource<Page<Checker>>('checkers?limit=200');
  const drills = useResource<Page<DrillRun>>('drills?limit=100');
  const findings = useResource<Page<Finding>>('findings');
  const enrolling = useSignal('');
  const turn = Math.floor(now.value / (EVERY_S * 1000));
  useEffect(() => {
    regions.reload();
    checkers.reload();
    drills.reload();
    findings.reload();
  }, [turn, regions.reload, checkers.reload, drills.reload, findings.reload]);
  return (
    <section aria-labelledby="page-title">
      <div class="page-head"><h1 id="page-title">{t('regions.title')}</h1></div>
      <ReadOnly action="checker.edit" />
      <Findings items={findings.state.value.data?.items ?? []} />
      <View of={regions.state.value} retry={regions.reload}>
        {(p) => p.items.length === 0 ? <Empty title={t('regions.empty')} /> : p.items.map((r) => (
          <section key={r.id} class="card region" aria-labelledby={`region-${r.id}`}>
            <div class="card-head">
              <h2 id={`region-${r.id}`}>{r.name}</h2>
              <button type="button" disabled={!may('checker.edit')} onClick={() => (enrolling.value = r.name)}>{t('regions.enrol')}</button>
            </div>
            <p class="quiet">
              {t('regions.checkers', { connected: r.connected, n: r.checkers })} · {t('regions.monitors', { n: r.monitors })}
              {r.heard_at && <> · {t('regions.heard', { time: '' })}<Ago at={r.heard_at} /></>}
            </p>
            {r.connected === 0 && r.checkers > 0 && <p class="ribbon ribbon-warn">{t('regions.silent')}</p>}
            {drills.state.value.data && <Drill region={r.name} last={drills.state.value.data.items.find((d) => d.region === r.name)} reload={drills.reload} />}
            <CheckerTable checkers={(checkers.state.value.data?.items ?? []).filter((c) => c.region === r.name)} reload={checkers.reload} />
          </section>
        ))}
      </View>
      {enrolling.value && <EnrolDialog region={enrolling.value} onClose={() => (enrolling.value = '')} />}
    </section>
  );
}
