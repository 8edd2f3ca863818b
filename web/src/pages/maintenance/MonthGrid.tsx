// SPDX-License-Identifier: Apache-2.0
// A month as a grid of days: one tab stop, arrow keys move, what lies on a day can be opened.
import { useSignal } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';

import type { Occurrence } from '../../api/types';
import { localShort } from '../../i18n';
import { t } from '../../i18n/maintenance';
import { now } from '../../live/store';
import { Icon } from '../../ui/Icon';
import { keyTo, monthOf, onDay, sameDay, weeksOf, type Month } from './calendar';

interface Props { month: Month; occurrences: Occurrence[]; onMonth: (m: Month) => void; onDay: (d: Date) => void; onOpen: (id: string) => void }

const SHOWN = 3;
const long = (d: Date): string => d.toLocaleDateString(undefined, { dateStyle: 'full' });

function Bar({ o, onOpen }: { o: Occurrence; onOpen: (id: string) => void }) {
  const on = Date.parse(o.from) <= now.value && now.value < Date.parse(o.to);
  return (
    <button type="button" class={on ? 'bar bar-on' : 'bar'} title={`${o.title}: ${localShort(o.from)} – ${localShort(o.to)}`} onClick={() => onOpen(o.maintenance_id)}>
      <Icon name="maintenance" /><span>{o.title}</span>
    </button>
  );
}

export function MonthGrid({ month, occurrences, onMonth, onDay: plan, onOpen }: Props) {
  const today = new Date(now.value);
  const at = useSignal(month.month === today.getMonth() && month.year === today.getFullYear() ? today : new Date(month.year, month.month, 1));
  const moved = useSignal(false);
  const table = useRef<HTMLTableElement>(null);
  const inMonth = at.value.getMonth() === month.month && at.value.getFullYear() === month.year;
  const stop = inMonth ? at.value : new Date(month.year, month.month, 1);
  useLayoutEffect(() => { // before the next key comes
    if (moved.value) table.current?.querySelector<HTMLElement>('[role=gridcell][tabindex="0"]')?.focus();
  }, [at.value, month.year, month.month]);
  const onKey = (e: KeyboardEvent, day: Date): void => {
    if (e.target !== e.currentTarget) return;
    if (e.key === 'Enter' || e.key === ' ') { e.preventDefault(); return plan(day); }
    const to = keyTo(day, e.key);
    if (!to) return;
    e.preventDefault();
    at.value = to;
    moved.value = true;
    const there = monthOf(to);
    if (there.month !== month.month || there.year !== month.year) onMonth(there);
  };
  const weeks = weeksOf(month);
  const title = new Date(month.year, month.month, 1).toLocaleDateString(undefined, { month: 'long', year: 'numeric' });
  return (
    <table role="grid" class="month" ref={table} aria-label={t('mt.grid', { month: title })} aria-describedby="grid-keys">
      <thead>
        <tr>{weeks[0]!.map((d) => <th key={d.getDay()} scope="col" abbr={d.toLocaleDateString(undefined, { weekday: 'long' })}>{d.toLocaleDateString(undefined, { weekday: 'short' })}</th>)}</tr>
      </thead>
      <tbody>
        {weeks.map((week) => (
          <tr key={week[0]!.getTime()}>
            {week.map((day) => {
              const here = onDay(occurrences, day);
              return (
                <td key={day.getTime()} role="gridcell" tabIndex={sameDay(day, stop) ? 0 : -1} class={day.getMonth() === month.month ? '' : 'other'} aria-current={sameDay(day, today) ? 'date' : undefined}
                  onKeyDown={(e) => onKey(e, day)} onClick={(e) => e.target === e.currentTarget && plan(day)}>
                  <span class="date">{day.getDate()}</span>
                  <span class="spoken">{t('mt.day', { date: long(day), n: here.length })}</span>
                  {here.slice(0, SHOWN).map((o) => <Bar key={`${o.maintenance_id} ${o.from}`} o={o} onOpen={onOpen} />)}
                  {here.length > SHOWN && <span class="quiet">{t('mt.more', { n: here.length - SHOWN })}</span>}
                </td>
              );
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
