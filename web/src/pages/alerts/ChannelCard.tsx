// SPDX-License-Identifier: Apache-2.0
import { useSignal } from '@preact/signals';

import { del, post } from '../../api/client';
import type { Channel, ChannelTest } from '../../api/types';
import { ago } from '../../i18n';
import { t } from '../../i18n/alerts';
import { now } from '../../live/store';
import { Confirm } from '../../ui/Dialog';
import { Failed } from '../../ui/Notice';
import { useAction } from '../../ui/useAction';

function resultOf(r: ChannelTest): string {
  if (!r.outcome) return t('alerts.queued');
  return t('alerts.result', { outcome: r.outcome, ms: r.duration_ms ?? 0, answer: r.answer ?? '' });
}

export function ChannelCard({ channel, reload }: { channel: Channel; reload: () => void }) {
  const action = useAction();
  const asking = useSignal(false);
  const result = useSignal('');
  const test = (): void => action.run(async () => {
    result.value = t('alerts.testing');
    result.value = resultOf(await post<ChannelTest>(`channels/${channel.id}/test`));
    reload();
  });
  const remove = (): void => action.run(async () => {
    asking.value = false;
    await del(`channels/${channel.id}`);
    reload();
  });
  const last = channel.last_delivery;
  return (
    <li class="card channel">
      <div class="card-head">
        <h2>{channel.name}</h2>
        <div class="buttons">
          <button type="button" disabled={action.busy.value} onClick={test}>{t('alerts.test')}</button>
          <button type="button" class="danger" disabled={action.busy.value} onClick={() => (asking.value = true)}>{t('common.delete')}</button>
        </div>
      </div>
      <p>{channel.kind} · <code>{channel.target}</code></p>
      <p class="quiet">
        {last ? t('alerts.last', { time: ago(last.at, now.value), outcome: last.outcome }) : t('alerts.never')}
        {' · '}{t('alerts.week', { sent: channel.sent_7d ?? 0, dead: channel.dead_7d ?? 0 })}
      </p>
      {result.value && <p role="status">{result.value}</p>}
      {action.error.value && <Failed error={action.error.value} />}
      {asking.value && (
        <Confirm text={t('alerts.delete_sure', { name: channel.name })} action={t('common.delete')} onYes={remove} onClose={() => (asking.value = false)} />
      )}
    </li>
  );
}
