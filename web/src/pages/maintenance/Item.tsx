// SPDX-License-Identifier: Apache-2.0
import { useSignal } from '@preact/signals';

import { del, post } from '../../api/client';
import { may } from '../../api/session';
import type { Maintenance } from '../../api/types';
import { localShort } from '../../i18n';
import { t } from '../../i18n/maintenance';
import { Confirm } from '../../ui/Dialog';
import { Icon } from '../../ui/Icon';
import { Failed } from '../../ui/Notice';
import { At } from '../../ui/Time';
import { useAction } from '../../ui/useAction';

interface Props { of: Maintenance; reload: () => void; onEdit: () => void; marked: boolean }

function scopeOf(m: Maintenance): string {
  const s = m.scope as { all?: boolean; tags?: string[] };
  if (s.all) return t('mt.scope.all');
  const n = t('mt.monitors', { n: m.monitors });
  return s.tags?.length ? `${t('mt.scope.tags', { tags: s.tags.join(', ') })}: ${n}` : n;
}

function Now({ of: m }: { of: Maintenance }) {
  if (m.on) return <p class="state state-maintenance"><Icon name="maintenance" />{t('mt.on', { time: m.until ? localShort(m.until) : '' })}</p>;
  return <p class="quiet">{m.until ? t('mt.next_at', { time: localShort(m.until) }) : t('mt.over')}</p>;
}

export function Item({ of: m, reload, onEdit, marked }: Props) {
  const action = useAction();
  const asking = useSignal<'' | 'end' | 'delete'>('');
  const off = action.busy.value || !may('maintenance.edit');
  const then = (work: () => Promise<unknown>): void => {
    asking.value = '';
    action.run(async () => {
      await work();
      reload();
    });
  };
  return (
    <li class={marked ? 'card maintenance marked' : 'card maintenance'} id={`m-${m.id}`}>
      <div class="card-head">
        <h2>{m.title} {m.late && <span class="tag" title={t('mt.late_hint')}>{t('mt.late')}</span>}</h2>
        <div class="buttons">
          {m.on && <button type="button" class="primary" disabled={off} onClick={() => (asking.value = 'end')}>{t('mt.end')}</button>}
          <button type="button" disabled={off} onClick={onEdit}>{t('mt.edit')}</button>
          <button type="button" class="danger" disabled={off} onClick={() => (asking.value = 'delete')}>{t('common.delete')}</button>
        </div>
      </div>
      <Now of={m} />
      <p>{m.sentence ?? `${m.start} ${m.zone}`} <span class="quiet">· {scopeOf(m)} · {t('mt.by', { who: m.created_by })}</span></p>
      {m.note && <p class="written">{m.note}</p>}
      {m.rrule && m.next.length > 0 && <ol class="spans quiet">{m.next.map((s) => <li key={s.from}><At at={s.from} short /> – <At at={s.to} short /></li>)}</ol>}
      {action.error.value && <Failed error={action.error.value} />}
      {asking.value === 'end' && <Confirm text={t('mt.end_sure', { title: m.title })} action={t('mt.end')} onYes={() => then(() => post(`maintenance/${m.id}/end`))} onClose={() => (asking.value = '')} />}
      {asking.value === 'delete' && <Confirm text={t('mt.delete_sure', { title: m.title })} action={t('common.delete')} onYes={() => then(() => del(`maintenance/${m.id}`))} onClose={() => (asking.value = '')} />}
    </li>
  );
}
