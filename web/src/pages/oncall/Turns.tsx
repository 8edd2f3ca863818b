// SPDX-License-Identifier: Apache-2.0
import { useEffect } from 'preact/hooks';

import { useResource } from '../../api/resource';
import type { Rota, Turn } from '../../api/types';
import { t } from '../../i18n/oncall';
import { now } from '../../live/store';
import { View } from '../../ui/Notice';
import { At } from '../../ui/Time';

// Who is on call in the next weeks; the turn of now is marked.
export function Turns({ rota }: { rota: Rota }) {
  const r = useResource<{ items: Turn[] }>(`rotas/${rota.id}/calendar`);
  useEffect(r.reload, [rota, r.reload]);
  return (
    <View of={r.state.value} retry={r.reload} height="9rem">
      {(c) => (
        <table class="rows dense turns">
          <caption>{t('oncall.calendar')}</caption>
          <thead><tr><th scope="col">{t('oncall.who')}</th><th scope="col">{t('oncall.from')}</th><th scope="col">{t('oncall.to')}</th></tr></thead>
          <tbody>
            {c.items.map((turn) => {
              const on = Date.parse(turn.from) <= now.value && now.value < Date.parse(turn.until);
              return (
                <tr key={turn.from} aria-current={on ? 'time' : undefined}>
                  <td>{turn.name ?? t('oncall.gone')}{turn.override && <> <span class="tag">{t('oncall.override')}</span></>}{turn.note && <span class="quiet"> {turn.note}</span>}</td>
                  <td>{turn.lasting ? '–' : <At at={turn.from} short />}</td>
                  <td>{turn.lasting ? t('oncall.lasting') : <At at={turn.until} short />}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      )}
    </View>
  );
}
