// SPDX-License-Identifier: Apache-2.0
import { useResource } from '../../api/resource';
import type { Uptime } from '../../api/types';
import { duration, percent } from '../../i18n';
import { t } from '../../i18n/monitor';
import { View } from '../../ui/Notice';

export function UptimeCards({ id }: { id: string }) {
  const r = useResource<Uptime>(`monitors/${id}/uptime`);
  return (
    <section class="card" aria-labelledby="uptime-title">
      <h2 id="uptime-title">{t('monitor.uptime')}</h2>
      <View of={r.state.value} retry={r.reload} height="4rem">
        {(u) => (
          <dl class="tiles">
            {u.windows.map((w) => (
              <div key={w.name} title={w.sentence}>
                <dt>{w.name}</dt>
                <dd>{percent(w.uptime)}</dd>
                <dd class="quiet">{t('monitor.observed', { p: percent(w.observed) })}</dd>
                {w.excluded_s > 0 && <dd class="quiet">{t('monitor.excluded', { time: duration(w.excluded_s) })}</dd>}
              </div>
            ))}
          </dl>
        )}
      </View>
    </section>
  );
}
