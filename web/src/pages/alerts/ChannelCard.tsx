// SPDX-License-Identifier: Apache-2.0
import { useSignal } from '@preact/signals';

import { del, post } from '../../api/client';
import { may } from '../../api/session';
import type { Channel, ChannelTest } from '../../api/types';
import { ago, percent } from '../../i18n';
import { t, word } from '../../i18n/alerts';
import { now } from '../../live/store';
import { Outcome } from '../../ui/Delivery';
import { Confirm } from '../../ui/Dialog';
import { Failed } from '../../ui/Notice';
import { useAction } from '../../ui/useAction';
import { ChannelNotices } from './ChannelNotices';

interface Props { channel: Channel; label: string; fallback: string | null; reload: () => void; onEdit: () => void }

function TestResult({ of: r }: { of: ChannelTest | null }) {
  if (!r) return <>{t('alerts.testing')}</>;
  if (!r.outcome) return <>{t('alerts.queued')}</>;
  return <><Outcome of={r.outcome} /> {t('alerts.result', { outcome: '', ms: r.duration_ms ?? 0, answer: r.answer ?? '' })}</>;
}

function Deliveries({ channel: c }: { channel: Channel }) {
  const last = c.last_delivery;
  const share = c.success_7d;
  return (
    <p class="quiet">
      {last ? t('alerts.last', { time: ago(last.at, now.value), outcome: word('notice.outcome', last.outcome) }) : t('alerts.never')}
      {' · '}
      {share === null || share === undefined
        ? t('alerts.week_none')
        : <span title={t('alerts.week_n', { sent: c.sent_7d ?? 0, dead: c.dead_7d ?? 0 })}>{t('alerts.week', { p: percent(share * 100) })}</span>}
    </p>
  );
}

export function ChannelCard({ channel, label, fallback, reload, onEdit }: Props) {
  const action = useAction();
  const asking = useSignal(false);
  const result = useSignal<{ of: ChannelTest | null } | null>(null);
  const test = (): void => {
    result.value = { of: null };
    action.run(async () => {
      try {
        result.value = { of: await post<ChannelTest>(`channels/${channel.id}/test`) };
      } catch (e) {
        result.value = null;
        throw e;
      }
      reload();
    });
  };
  const remove = (): void => action.run(async () => {
    asking.value = false;
    await del(`channels/${channel.id}`);
    reload();
  });
  const off = action.busy.value || !may('channel.edit');
  return (
    <li class="card channel">
      <div class="card-head">
        <div>
          <h2>{channel.name}</h2>
          <p class="target">{label}{channel.target && <> · <code>{channel.target}</code></>}{fallback && <> · {t('alerts.falls_back', { name: fallback })}</>}</p>
        </div>
        <div class="buttons">
          <button type="button" disabled={action.busy.value || !may('channel.test')} onClick={test}>{t('alerts.test')}</button>
          <button type="button" disabled={off} onClick={onEdit}>{t('alerts.edit')}</button>
          <button type="button" class="danger" disabled={off} onClick={() => (asking.value = true)}>{t('common.delete')}</button>
        </div>
      </div>
      <Deliveries channel={channel} />
      <p role="status" class="test-result">{result.value && <TestResult of={result.value.of} />}</p>
      {action.error.value && <Failed error={action.error.value} />}
      <ChannelNotices channel={channel} />
      {asking.value && (
        <Confirm text={t('alerts.delete_sure', { name: channel.name })} action={t('common.delete')} onYes={remove} onClose={() => (asking.value = false)} />
      )}
    </li>
  );
}
