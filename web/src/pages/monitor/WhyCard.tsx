// SPDX-License-Identifier: Apache-2.0
// The one sentence, for now or a moment of the past; what holds it and until when; the rule.
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

import { useResource } from '../../api/resource';
import type { Monitor, Why } from '../../api/types';
import { ago } from '../../i18n';
import { nextOf, t, word, type Key } from '../../i18n/monitor';
import { now, rows } from '../../live/store';
import { Icon } from '../../ui/Icon';
import { View } from '../../ui/Notice';
import { Said } from '../../ui/Said';
import { At } from '../../ui/Time';

const EVERY_S = 5;

interface More { hold?: string | null; held_until?: string | null; next?: string | null; no_channel?: boolean; channels_dead?: boolean }

function Held({ why }: { why: Why & More }) {
  return (
    <>
      {why.hold && (
        <p class="state state-maintenance"><Icon name="maintenance" />
          {t('why.hold', { hold: word('hold', why.hold) })} {why.held_until && <>{t('why.until')} <At at={why.held_until} /></>}</p>
      )}
      {why.next && Date.parse(why.next) > now.value && <p class="quiet">{nextOf(why.code, ago(why.next, now.value))}</p>}
    </>
  );
}

function AtMoment({ onAsk }: { onAsk: (iso: string) => void }) {
  const typed = useSignal('');
  const ask = (e: Event): void => {
    e.preventDefault();
    onAsk(new Date(typed.value).toISOString());
  };
  return (
    <details>
      <summary>{t('why.at')}</summary>
      <form class="row" onSubmit={ask}>
        <input type="datetime-local" step="1" required aria-label={t('why.at')} value={typed.value} onInput={(e) => (typed.value = e.currentTarget.value)} />
        <button type="submit">{t('why.at_go')}</button>
      </form>
    </details>
  );
}

function Rule({ monitor }: { monitor: Monitor }) {
  const q = monitor.quorum;
  const quorum = typeof q === 'number' ? String(q) : t(`quorum.${q ?? 'majority'}` as Key);
  const n = monitor.regions?.length ?? 0;
  return (
    <>
      <p class="quiet">
        {monitor.sentence ?? t('monitor.rule', { quorum, n, fail_after: monitor.fail_after ?? 2, confirm: monitor.confirm_s ?? 10, recover: monitor.recover_s ?? 20 })}
      </p>
      {n === 1 && <p class="quiet">{t('monitor.alone')}</p>}
    </>
  );
}

export function WhyCard({ monitor, state }: { monitor: Monitor; state: string }) {
  const at = useSignal('');
  const r = useResource<Why & More>(`monitors/${monitor.id}/why${at.value ? `?at=${encodeURIComponent(at.value)}` : ''}`);
  const turn = at.value ? 0 : Math.floor(now.value / (EVERY_S * 1000));
  useEffect(r.reload, [turn, state, r.reload]);
  const parent = monitor.parent ? rows.get(monitor.parent)?.value.name : null;
  return (
    <section class="card why" aria-labelledby="why-title">
      <h2 id="why-title">{t('monitor.why')}</h2>
      {at.value && <p class="quiet"><At at={at.value} /> <button type="button" class="plain" onClick={() => (at.value = '')}>{t('why.at_now')}</button></p>}
      <View of={r.state.value} retry={r.reload} height="3rem">{(w) => <><p class="sentence"><Said text={w.sentence} at={w.at} /></p><Held why={w} /></>}</View>
      <Rule monitor={monitor} />
      {monitor.parent && <p class="quiet"><a href={`/app/monitors/${monitor.parent}`}>{t('why.parent', { name: parent ?? monitor.parent })}</a></p>}
      {monitor.cert_expires_at && <p class="quiet">{t('monitor.cert', { time: '' })}<At at={monitor.cert_expires_at} /></p>}
      <AtMoment onAsk={(iso) => (at.value = iso)} />
    </section>
  );
}
