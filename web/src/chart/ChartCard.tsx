// SPDX-License-Identifier: Apache-2.0
import { useSignal } from '@preact/signals';
import type { ComponentType } from 'preact';
import { useEffect } from 'preact/hooks';

import { useResource } from '../api/resource';
import type { Series } from '../api/types';
import { local, ms } from '../i18n';
import { t, type Key } from '../i18n/monitor';
import { View } from '../ui/Notice';

const ranges: [string, number][] = [['1h', 3600], ['24h', 86400], ['7d', 604800], ['30d', 2592000]];
const REFRESH_MS = 30000;

function csv(s: Series): string {
  const from = Date.parse(s.from);
  const lines = s.p50_ms.map((_, i) =>
    [new Date(from + i * s.step_s * 1000).toISOString(), s.p50_ms[i], s.p95_ms[i], s.p99_ms[i], s.ok[i], s.fail[i]].join(','));
  return ['time,p50_ms,p95_ms,p99_ms,ok,fail', ...lines].join('\n');
}

function Table({ s }: { s: Series }) {
  const from = Date.parse(s.from);
  return (
    <table class="rows dense">
      <thead><tr><th>{t('check.slot')}</th><th class="num">p50</th><th class="num">p95</th><th class="num">p99</th></tr></thead>
      <tbody>
        {s.p50_ms.map((v, i) => v !== null && (
          <tr key={i}>
            <td>{local(new Date(from + i * s.step_s * 1000).toISOString())}</td>
            <td class="num">{ms(v)}</td><td class="num">{ms(s.p95_ms[i])}</td><td class="num">{ms(s.p99_ms[i])}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

type Chart = ComponentType<{ series: Series; label: string }>;

export function ChartCard({ id }: { id: string }) {
  const range = useSignal(0);
  const asTable = useSignal(false);
  const Plot = useSignal<{ of: Chart } | null>(null);
  const seconds = ranges[range.value]?.[1] ?? 3600;
  const to = useSignal(Date.now());
  const at = new Date(to.value);
  const from = new Date(to.value - seconds * 1000);
  const r = useResource<Series>(`monitors/${id}/series?from=${from.toISOString()}&to=${at.toISOString()}&points=300`);
  useEffect(() => {
    void import('./ResponseChart').then((m) => (Plot.value = { of: m.default }));
    const timer = setInterval(() => (to.value = Date.now()), REFRESH_MS);
    return () => clearInterval(timer);
  }, [Plot, to]);
  const save = (s: Series): void => {
    const a = document.createElement('a');
    a.href = URL.createObjectURL(new Blob([csv(s)], { type: 'text/csv' }));
    a.download = 'response-times.csv';
    a.click();
    URL.revokeObjectURL(a.href);
  };
  return (
    <section class="card" aria-labelledby="chart-title">
      <div class="card-head">
        <h2 id="chart-title">{t('monitor.times')}</h2>
        <div class="chips" role="group" aria-label={t('chart.range')}>
          {ranges.map(([name], i) => (
            <button key={name} type="button" class="chip" aria-pressed={range.value === i}
              onClick={() => { range.value = i; to.value = Date.now(); }}>
              {t(`chart.range.${name}` as Key)}
            </button>
          ))}
        </div>
      </div>
      <View of={r.state.value} retry={r.reload} height="260px">
        {(s) => {
          const words = { n: s.summary.results, p50: ms(s.summary.p50_ms), p95: ms(s.summary.p95_ms), p99: ms(s.summary.p99_ms) };
          const none = s.summary.results > 0 && (s.summary.p50_ms ?? null) === null;
          const summary = none ? t('chart.no_pass', words) : s.summary.results > 0 ? t('chart.summary', words) : t('chart.none');
          const C = Plot.value?.of;
          return (
            <>
              {asTable.value ? <Table s={s} /> : C && <C series={s} label={`${t('chart.label')}. ${summary}`} />}
              <p class="quiet">
                {summary}{' '}
                <button type="button" class="plain" aria-pressed={asTable.value} onClick={() => (asTable.value = !asTable.value)}>{t('chart.table')}</button>{' '}
                <button type="button" class="plain" onClick={() => save(s)}>{t('chart.csv')}</button>
              </p>
            </>
          );
        }}
      </View>
    </section>
  );
}
