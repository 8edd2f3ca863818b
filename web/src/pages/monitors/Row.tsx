// SPDX-License-Identifier: Apache-2.0
import type { Signal } from '@preact/signals';

import type { OverviewRow } from '../../api/types';
import { ms, percent, t } from '../../i18n';
import { now } from '../../live/store';
import { StateBadge } from '../../ui/Icon';
import { Said } from '../../ui/Said';
import { Strip } from '../../ui/Strip';
import { Ago } from '../../ui/Time';

interface Props { row: Signal<OverviewRow>; checked: boolean; onCheck: (id: string, on: boolean) => void }

// Green is never older than three intervals: the words go grey until results come again.
function isStale(m: OverviewRow): boolean {
  return !!m.last_at && m.state !== 'paused' && now.value - Date.parse(m.last_at) > m.interval_s * 3000 + 10000;
}

export function Row({ row, checked, onCheck }: Props) {
  const m = row.value;
  return (
    <tr class={isStale(m) ? 'stale' : ''} data-id={m.id} data-state={m.state}>
      <td class="c-check">
        <input type="checkbox" aria-label={t('monitors.select', { name: m.name })} checked={checked}
          onChange={(e) => onCheck(m.id, e.currentTarget.checked)} />
      </td>
      <td class="c-state"><StateBadge of={m} /></td>
      <td class="c-name">
        <a href={`/app/monitors/${m.id}`}>{m.name}</a>
        <span class="target">{m.target}</span>
        {m.why && m.state !== 'up' && m.state !== 'paused' && <span class="row-why"><Said text={m.why} /></span>}
      </td>
      <td class="c-strip"><Strip value={m.strip} /></td>
      <td class="num">{ms(m.last_ms)}</td>
      <td class="num wide">{ms(m.p95_ms)}</td>
      <td class="num wide">{percent(m.uptime_30d)}</td>
      <td class="num wide"><Ago at={m.last_at} /></td>
    </tr>
  );
}
