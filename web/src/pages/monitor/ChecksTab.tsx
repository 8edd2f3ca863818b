// SPDX-License-Identifier: Apache-2.0
import { useEffect } from 'preact/hooks';

import { useResource } from '../../api/resource';
import type { Check, Page } from '../../api/types';
import { ms } from '../../i18n';
import { t } from '../../i18n/monitor';
import { lastResult } from '../../live/store';
import { Icon } from '../../ui/Icon';
import { Empty, View } from '../../ui/Notice';
import { At } from '../../ui/Time';

const icons: Record<Check['status'], string> = { ok: 'up', degraded: 'degraded', fail: 'down', unknown: 'unknown' };

export function ChecksTab({ id }: { id: string }) {
  const r = useResource<Page<Check>>(`monitors/${id}/checks?limit=50`);
  const last = lastResult(id).value;
  useEffect(() => {
    if (!last) return;
    const timer = setTimeout(r.reload, 300); // the list is written after the commit
    return () => clearTimeout(timer);
  }, [last, r.reload]);
  return (
    <View of={r.state.value} retry={r.reload}>
      {(p) => p.items.length === 0 ? <Empty title={t('check.none')} /> : (
        <table class="rows dense">
          <thead>
            <tr>
              <th>{t('check.status')}</th><th>{t('check.region')}</th><th>{t('check.slot')}</th>
              <th class="num">{t('check.time')}</th><th class="num wide">{t('check.attempt')}</th><th>{t('check.what')}</th>
            </tr>
          </thead>
          <tbody>
            {p.items.map((c) => (
              <tr key={`${c.region} ${c.slot} ${c.attempt}`}>
                <td><span class={`state state-${icons[c.status]}`}><Icon name={icons[c.status]} />{t(`status.${c.status}`)}</span></td>
                <td>{c.region}</td>
                <td><At at={c.slot} /></td>
                <td class="num">{ms(c.duration_ms)}</td>
                <td class="num wide">{c.attempt}</td>
                <td>{c.error ?? ''}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </View>
  );
}
