// SPDX-License-Identifier: Apache-2.0
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

import { useResource } from '../../api/resource';
import { may } from '../../api/session';
import type { Maintenance, Occurrence, Page } from '../../api/types';
import { t } from '../../i18n/maintenance';
import { now } from '../../live/store';
import { Icon } from '../../ui/Icon';
import { ReadOnly } from '../../ui/May';
import { Empty, View } from '../../ui/Notice';
import { zoneHere } from '../../ui/Zone';
import { monthOf, shifted, weeksOf, type Month } from './calendar';
import { Item } from './Item';
import './maintenance.css';
import { MaintenanceDialog } from './MaintenanceDialog';
import { MonthGrid } from './MonthGrid';

type All = Page<Maintenance> & { occurrences?: Occurrence[] };
interface Editing { of: Maintenance | null; day: Date | null }
const EVERY_S = 30;

function pathOf(month: Month): string {
  const weeks = weeksOf(month);
  const last = weeks.at(-1)![6]!;
  const to = new Date(last.getFullYear(), last.getMonth(), last.getDate() + 1);
  return `maintenance?from=${weeks[0]![0]!.toISOString()}&to=${to.toISOString()}`;
}

function MonthHead({ month, set }: { month: Month; set: (m: Month) => void }) {
  const title = new Date(month.year, month.month, 1).toLocaleDateString(undefined, { month: 'long', year: 'numeric' });
  return (
    <div class="month-head">
      <button type="button" aria-label={t('mt.prev')} onClick={() => set(shifted(month, -1))}><Icon name="back" /></button>
      <h2 aria-live="polite">{title}</h2>
      <button type="button" aria-label={t('mt.next')} onClick={() => set(shifted(month, 1))}><Icon name="next" /></button>
      <button type="button" onClick={() => set(monthOf(new Date()))}>{t('mt.today')}</button>
    </div>
  );
}

export function MaintenancePage() {
  const month = useSignal(monthOf(new Date()));
  const view = useSignal<'month' | 'list'>('month');
  const editing = useSignal<Editing | null>(null);
  const marked = useSignal('');
  const r = useResource<All>(pathOf(month.value));
  const turn = Math.floor(now.value / (EVERY_S * 1000));
  useEffect(r.reload, [turn, r.reload]);
  const open = (items: Maintenance[], id: string): void => {
    const found = items.find((m) => m.id === id);
    if (found && may('maintenance.edit')) editing.value = { of: found, day: null };
    else { marked.value = id; view.value = 'list'; }
  };
  const plan = (day: Date | null): void => { if (may('maintenance.edit')) editing.value = { of: null, day }; };
  return (
    <section aria-labelledby="page-title">
      <div class="page-head">
        <h1 id="page-title">{t('mt.title')}</h1>
        <div class="buttons">
          <div class="chips" role="group" aria-label={t('mt.view')}>
            {(['month', 'list'] as const).map((v) => <button key={v} type="button" class="chip" aria-pressed={view.value === v} onClick={() => (view.value = v)}>{t(`mt.view.${v}`)}</button>)}
          </div>
          <button type="button" class="primary" disabled={!may('maintenance.edit')} onClick={() => plan(null)}><Icon name="plus" />{t('mt.add')}</button>
        </div>
      </div>
      <p class="quiet">{t('mt.about')}</p>
      <ReadOnly action="maintenance.edit" />
      {view.value === 'month' && <MonthHead month={month.value} set={(m) => (month.value = m)} />}
      <View of={r.state.value} retry={r.reload} height="34rem">
        {(all) => view.value === 'month' ? (
          <>
            <MonthGrid month={month.value} occurrences={all.occurrences ?? []} onMonth={(m) => (month.value = m)} onDay={plan} onOpen={(id) => open(all.items, id)} />
            <p class="hint" id="grid-keys">{t('mt.grid_keys')} {t('mt.local', { zone: zoneHere() })}</p>
          </>
        ) : all.items.length === 0
          ? <Empty title={t('mt.empty')} hint={t('mt.empty_hint')} />
          : <ul class="plain-list">{all.items.map((m) => <Item key={m.id} of={m} marked={marked.value === m.id} reload={r.reload} onEdit={() => (editing.value = { of: m, day: null })} />)}</ul>}
      </View>
      {editing.value && <MaintenanceDialog maintenance={editing.value.of} day={editing.value.day} onClose={() => (editing.value = null)} onDone={r.reload} />}
    </section>
  );
}
