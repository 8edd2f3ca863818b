// SPDX-License-Identifier: Apache-2.0
import { useComputed, useSignal } from '@preact/signals';
import { useCallback, useEffect, useRef } from 'preact/hooks';

import { may } from '../../api/session';
import type { OverviewRow } from '../../api/types';
import { t } from '../../i18n';
import { ids, rows } from '../../live/store';
import { Icon } from '../../ui/Icon';
import { Empty } from '../../ui/Notice';
import { AddDialog } from './AddDialog';
import { Bulk } from './Bulk';
import { Filters } from './Filters';
import { matches, moved, noFilter, sorted } from './order';
import { Row } from './Row';
import { useKeys } from './useKeys';

export function MonitorsPage() {
  const filter = useSignal(noFilter);
  const adding = useSignal(false);
  const selected = useSignal(new Set<string>());
  const shown = useSignal<string[]>([]);
  const inside = useRef(false);
  const wanted = useComputed(() => {
    const list: OverviewRow[] = [];
    for (const id of ids.value) {
      const row = rows.get(id)?.value;
      if (row && matches(row, filter.value)) list.push(row);
    }
    return sorted(list);
  });
  useKeys(useCallback(() => { if (may('monitor.edit')) adding.value = true; }, [adding]));

  // Rows that came or went are taken over at once; those that would only move wait while the pointer
  // or the focus is in the list.
  const order = wanted.value;
  const sameSet = order.length === shown.value.length && order.every((id) => shown.value.includes(id));
  useEffect(() => {
    if (!sameSet || !inside.current) shown.value = order;
  }, [order, sameSet, shown]);
  const list = sameSet ? shown.value : order;
  const displaced = moved(list, order);
  const check = (id: string, on: boolean): void => {
    const next = new Set(selected.value);
    if (on) next.add(id);
    else next.delete(id);
    selected.value = next;
  };

  return (
    <section class="monitors" aria-labelledby="page-title">
      <div class="page-head">
        <h1 id="page-title">{t('monitors.title')}</h1>
        <button type="button" class="primary" disabled={!may('monitor.edit')} onClick={() => (adding.value = true)}>
          <Icon name="plus" />{t('monitors.add')}
        </button>
      </div>
      {ids.value.length > 0 && <Filters filter={filter} />}
      {selected.value.size > 0 && <Bulk selected={selected.value} onDone={() => (selected.value = new Set())} />}
      {displaced > 0 && (
        <p class="moved">
          {t('monitors.moved', { n: displaced })} ·{' '}
          <button type="button" class="plain" onClick={() => (shown.value = order)}>{t('monitors.resort')}</button>
        </p>
      )}
      {ids.value.length === 0 ? (
        <Empty title={t('monitors.empty')} hint={t('monitors.empty_hint')}>
          <button type="button" class="primary" disabled={!may('monitor.edit')} onClick={() => (adding.value = true)}>{t('monitors.add')}</button>
        </Empty>
      ) : list.length === 0 ? (
        <Empty title={t('monitors.none_match')}>
          <button type="button" onClick={() => (filter.value = noFilter)}>{t('monitors.clear')}</button>
        </Empty>
      ) : (
        <table class="rows" onPointerEnter={() => (inside.current = true)} onPointerLeave={() => (inside.current = false)}>
          <thead>
            <tr>
              <th class="c-check" />
              <th>{t('monitors.col.state')}</th>
              <th>{t('monitors.col.name')}</th>
              <th class="c-strip">{t('monitors.col.strip')}</th>
              <th class="num">{t('monitors.col.last')}</th>
              <th class="num wide">{t('monitors.col.p95')}</th>
              <th class="num wide">{t('monitors.col.uptime')}</th>
              <th class="num wide">{t('monitors.col.checked')}</th>
            </tr>
          </thead>
          <tbody>
            {list.map((id) => {
              const row = rows.get(id);
              return row && <Row key={id} row={row} checked={selected.value.has(id)} onCheck={check} />;
            })}
          </tbody>
        </table>
      )}
      <p class="quiet keys">{t('monitors.keys')}</p>
      {adding.value && <AddDialog onClose={() => (adding.value = false)} />}
    </section>
  );
}
