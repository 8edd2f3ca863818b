// SPDX-License-Identifier: Apache-2.0
import { useSignal } from '@preact/signals';

import { del, patch } from '../../api/client';
import { may } from '../../api/session';
import type { Channel, Rota } from '../../api/types';
import { t } from '../../i18n/oncall';
import { now } from '../../live/store';
import { Confirm } from '../../ui/Dialog';
import { Failed } from '../../ui/Notice';
import { At } from '../../ui/Time';
import { useAction } from '../../ui/useAction';
import { weekday } from './order';
import { TakeOver } from './TakeOver';
import { Turns } from './Turns';

interface Props { rota: Rota; channels: Channel[]; reload: () => void; onEdit: () => void }

function Overrides({ rota, channels, remove, off }: { rota: Rota; channels: Channel[]; remove: (i: number) => void; off: boolean }) {
  const rest = rota.overrides.map((o, i) => ({ o, i })).filter(({ o }) => Date.parse(o.to) > now.value);
  if (rest.length === 0) return null;
  const nameOf = (id: string) => channels.find((c) => c.id === id)?.name ?? t('oncall.gone');
  return (
    <>
      <h4>{t('oncall.overrides')}</h4>
      <ul class="overrides">
        {rest.map(({ o, i }) => (
          <li key={i}>
            {nameOf(o.channel)}: <At at={o.from} short /> – <At at={o.to} short /> {o.note && <span class="quiet">{o.note}</span>}
            <button type="button" class="plain" disabled={off} aria-label={t('oncall.remove_override', { name: nameOf(o.channel) })} onClick={() => remove(i)}>
              {t('oncall.short_remove')}
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}

export function RotaCard({ rota, channels, reload, onEdit }: Props) {
  const action = useAction();
  const asking = useSignal<'' | 'delete' | 'take'>('');
  const off = action.busy.value || !may('channel.edit');
  const then = (work: () => Promise<unknown>): void => {
    asking.value = '';
    action.run(async () => {
      await work();
      reload();
    });
  };
  const dropOverride = (i: number): void => then(() => patch(`rotas/${rota.id}`, { overrides: rota.overrides.filter((_, n) => n !== i) }));
  return (
    <li class="card rota">
      <div class="card-head">
        <h3>{rota.name}</h3>
        <div class="buttons">
          <button type="button" disabled={off} onClick={() => (asking.value = 'take')}>{t('oncall.take_over')}</button>
          <button type="button" disabled={off} onClick={onEdit}>{t('oncall.edit')}</button>
          <button type="button" class="danger" disabled={off} onClick={() => (asking.value = 'delete')}>{t('common.delete')}</button>
        </div>
      </div>
      <p class="sentence">{t('oncall.now')} <b>{rota.now.name ?? t('oncall.gone')}</b> {rota.now.lasting ? t('oncall.nobody_else') : <>{t('oncall.until')} <At at={rota.now.until} short /></>}
        {rota.now.override && <> <span class="tag">{t('oncall.override')}</span></>}</p>
      <p class="quiet">{t('oncall.rule', { n: rota.members.length, day: weekday(rota.start), time: rota.handover, zone: rota.zone })}</p>
      {action.error.value && <Failed error={action.error.value} />}
      <Overrides rota={rota} channels={channels} remove={dropOverride} off={off} />
      <Turns rota={rota} />
      {asking.value === 'take' && <TakeOver rota={rota} channels={channels} onClose={() => (asking.value = '')} onDone={reload} />}
      {asking.value === 'delete' && (
        <Confirm text={t('oncall.delete_sure', { name: rota.name })} action={t('common.delete')} onYes={() => then(() => del(`rotas/${rota.id}`))} onClose={() => (asking.value = '')} />
      )}
    </li>
  );
}
