// SPDX-License-Identifier: Apache-2.0
import { useSignal } from '@preact/signals';

import { useResource } from '../../api/resource';
import { may } from '../../api/session';
import type { Channel, ChannelKindInfo, Page } from '../../api/types';
import { t } from '../../i18n/alerts';
import { Icon } from '../../ui/Icon';
import { ReadOnly } from '../../ui/May';
import { Empty, View } from '../../ui/Notice';
import { ChannelCard } from './ChannelCard';
import { ChannelDialog } from './ChannelDialog';

const SEARCH_FROM = 9;

export function Channels() {
  const r = useResource<Page<Channel>>('channels');
  const k = useResource<Page<ChannelKindInfo>>('channel-kinds');
  const editing = useSignal<{ of: Channel | null } | null>(null);
  const search = useSignal('');
  const kinds = k.state.value.data?.items ?? [];
  // Rotas are channels too: they have a page of their own.
  const all = r.state.value.data?.items ?? [];
  const labelOf = (c: Channel) => kinds.find((one) => one.kind === c.kind)?.label ?? c.kind;
  const nameOf = (id: string | null | undefined) => all.find((c) => c.id === id)?.name ?? null;
  return (
    <section aria-labelledby="channels-title">
      <div class="page-head">
        <h2 id="channels-title">{t('alerts.channels')}</h2>
        <button type="button" class="primary" disabled={!may('channel.edit') || kinds.length === 0} onClick={() => (editing.value = { of: null })}>
          <Icon name="plus" />{t('alerts.add')}
        </button>
      </div>
      <ReadOnly action="channel.edit" />
      <View of={r.state.value} retry={r.reload}>
        {() => {
          const channels = all.filter((c) => c.kind !== 'rota');
          const q = search.value.toLowerCase();
          const shown = channels.filter((c) => `${c.name} ${c.kind} ${c.target ?? ''}`.toLowerCase().includes(q));
          if (channels.length === 0) return <Empty title={t('alerts.empty')} hint={t('alerts.empty_hint')} />;
          return (
            <>
              {channels.length >= SEARCH_FROM && (
                <div class="filters">
                  <input type="search" aria-label={t('alerts.search')} placeholder={t('alerts.search')} value={search.value} onInput={(e) => (search.value = e.currentTarget.value)} />
                </div>
              )}
              {shown.length === 0 && <Empty title={t('alerts.none_match')} />}
              <ul class="plain-list">
                {shown.map((c) => (
                  <ChannelCard key={c.id} channel={c} label={labelOf(c)} fallback={nameOf(c.fallback)} reload={r.reload} onEdit={() => (editing.value = { of: c })} />
                ))}
              </ul>
            </>
          );
        }}
      </View>
      {editing.value && kinds.length > 0 && (
        <ChannelDialog kinds={kinds} channels={all} channel={editing.value.of} onClose={() => (editing.value = null)} onDone={r.reload} />
      )}
    </section>
  );
}
