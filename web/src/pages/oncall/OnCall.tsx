// SPDX-License-Identifier: Apache-2.0
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

import { useResource } from '../../api/resource';
import { may } from '../../api/session';
import type { Channel, Page, Rota } from '../../api/types';
import { t } from '../../i18n/oncall';
import { now } from '../../live/store';
import { Icon } from '../../ui/Icon';
import { ReadOnly } from '../../ui/May';
import { Empty, View } from '../../ui/Notice';
import './oncall.css';
import { RotaCard } from './RotaCard';
import { RotaDialog } from './RotaDialog';

const EVERY_S = 60;

export function OnCall() {
  const r = useResource<Page<Rota>>('rotas');
  const c = useResource<Page<Channel>>('channels');
  const editing = useSignal<{ of: Rota | null } | null>(null);
  const turn = Math.floor(now.value / (EVERY_S * 1000));
  useEffect(r.reload, [turn, r.reload]);
  // A rota cannot be a member of one.
  const channels = (c.state.value.data?.items ?? []).filter((one) => one.kind !== 'rota');
  return (
    <section aria-labelledby="oncall-title">
      <div class="page-head">
        <h2 id="oncall-title">{t('oncall.title')}</h2>
        <button type="button" class="primary" disabled={!may('channel.edit') || channels.length === 0} onClick={() => (editing.value = { of: null })}>
          <Icon name="plus" />{t('oncall.add')}
        </button>
      </div>
      <p class="quiet">{t('oncall.about')}</p>
      <ReadOnly action="channel.edit" />
      <View of={r.state.value} retry={r.reload}>
        {(page) => page.items.length === 0
          ? <Empty title={t('oncall.empty')} hint={t(c.state.value.data && channels.length === 0 ? 'oncall.no_channels' : 'oncall.empty_hint')} />
          : (
            <ul class="plain-list">
              {page.items.map((rota) => <RotaCard key={rota.id} rota={rota} channels={channels} reload={r.reload} onEdit={() => (editing.value = { of: rota })} />)}
            </ul>
          )}
      </View>
      {editing.value && <RotaDialog rota={editing.value.of} channels={channels} onClose={() => (editing.value = null)} onDone={r.reload} />}
    </section>
  );
}
