// SPDX-License-Identifier: Apache-2.0
import { useEffect } from 'preact/hooks';

import { useResource } from '../../api/resource';
import type { Monitor, Why } from '../../api/types';
import { t, type Key } from '../../i18n/monitor';
import { now } from '../../live/store';
import { View } from '../../ui/Notice';
import { At } from '../../ui/Time';

const EVERY_S = 5;

// The one sentence, and the rule it follows.
export function WhyCard({ monitor, state }: { monitor: Monitor; state: string }) {
  const r = useResource<Why>(`monitors/${monitor.id}/why`);
  const turn = Math.floor(now.value / (EVERY_S * 1000));
  useEffect(r.reload, [turn, state, r.reload]);
  const q = monitor.quorum;
  const quorum = typeof q === 'number' ? String(q) : t(`quorum.${q ?? 'majority'}` as Key);
  const n = monitor.regions?.length ?? 0;
  return (
    <section class="card why" aria-labelledby="why-title">
      <h2 id="why-title">{t('monitor.why')}</h2>
      <View of={r.state.value} retry={r.reload} height="3rem">{(w) => <p class="sentence">{w.sentence}</p>}</View>
      <p class="quiet">
        {t('monitor.rule', { quorum, n, fail_after: monitor.fail_after ?? 2, confirm: monitor.confirm_s ?? 10, recover: monitor.recover_s ?? 20 })}
      </p>
      {n === 1 && <p class="quiet">{t('monitor.alone')}</p>}
      {monitor.cert_expires_at && <p class="quiet">{t('monitor.cert', { time: '' })}<At at={monitor.cert_expires_at} /></p>}
    </section>
  );
}
