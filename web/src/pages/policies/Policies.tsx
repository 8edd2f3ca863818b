// SPDX-License-Identifier: Apache-2.0
import { useSignal } from '@preact/signals';

import { useResource } from '../../api/resource';
import { may } from '../../api/session';
import type { Channel, Page, Policy } from '../../api/types';
import { t } from '../../i18n/rules';
import { overview } from '../../live/store';
import { Icon } from '../../ui/Icon';
import { ReadOnly } from '../../ui/May';
import { Empty, View } from '../../ui/Notice';
import { PolicyCard } from './PolicyCard';
import { PolicyDialog } from './PolicyDialog';

export function Policies() {
  const r = useResource<Page<Policy>>('policies');
  const c = useResource<Page<Channel>>('channels');
  const editing = useSignal<{ of: Policy | null } | null>(null);
  const saved = useSignal('');
  const channels = (c.state.value.data?.items ?? []).map((one) => ({ id: one.id, name: one.name, note: one.kind }));
  const choices = { channels, regions: (overview.value?.regions ?? []).map((one) => one.name) };
  const done = (p: Policy): void => {
    saved.value = p.changed === undefined ? '' : t('policies.saved', { n: p.changed });
    r.reload();
  };
  return (
    <section aria-labelledby="policies-title">
      <div class="page-head">
        <h2 id="policies-title">{t('policies.title')}</h2>
        <button type="button" class="primary" disabled={!may('policy.edit') || c.state.value.data === null} onClick={() => (editing.value = { of: null })}>
          <Icon name="plus" />{t('policies.add')}
        </button>
      </div>
      <p class="quiet">{t('policies.about')}</p>
      <ReadOnly action="policy.edit" />
      {saved.value && <p role="status">{saved.value}</p>}
      <View of={r.state.value} retry={r.reload}>
        {(page) => page.items.length === 0
          ? <Empty title={t('policies.empty')} hint={t('policies.empty_hint')} />
          : (
            <ul class="plain-list">
              {page.items.map((p) => <PolicyCard key={p.id} policy={p} reload={r.reload} onEdit={() => (editing.value = { of: p })} />)}
            </ul>
          )}
      </View>
      {editing.value && (
        <PolicyDialog policy={editing.value.of} all={r.state.value.data?.items ?? []} choices={choices} onClose={() => (editing.value = null)} onDone={done} />
      )}
    </section>
  );
}
