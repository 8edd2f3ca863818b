// SPDX-License-Identifier: Apache-2.0
import { useSignal } from '@preact/signals';

import { useResource } from '../../api/resource';
import type { Channel, Page } from '../../api/types';
import { t } from '../../i18n/alerts';
import { Icon } from '../../ui/Icon';
import { Empty, View } from '../../ui/Notice';
import { AddChannel } from './AddChannel';
import { ChannelCard } from './ChannelCard';

export function AlertsPage() {
  const r = useResource<Page<Channel>>('channels');
  const adding = useSignal(false);
  return (
    <section aria-labelledby="page-title">
      <div class="page-head">
        <h1 id="page-title">{t('alerts.title')}</h1>
        <button type="button" class="primary" onClick={() => (adding.value = true)}><Icon name="plus" />{t('alerts.add')}</button>
      </div>
      <p class="quiet">{t('alerts.rule')}</p>
      <View of={r.state.value} retry={r.reload}>
        {(p) => p.items.length === 0
          ? <Empty title={t('alerts.empty')} hint={t('alerts.empty_hint')} />
          : <ul class="plain-list">{p.items.map((c) => <ChannelCard key={c.id} channel={c} reload={r.reload} />)}</ul>}
      </View>
      {adding.value && <AddChannel onClose={() => (adding.value = false)} onDone={r.reload} />}
    </section>
  );
}
