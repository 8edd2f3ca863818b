// SPDX-License-Identifier: Apache-2.0
// Who was told of this monitor's last incidents, and what became of it.
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

import { ApiError, get } from '../../api/client';
import type { Loaded } from '../../api/resource';
import type { Incident, IncidentFull, Page } from '../../api/types';
import { t, word } from '../../i18n/monitor';
import { incidentTick } from '../../live/store';
import { Delivery } from '../../ui/Delivery';
import { Empty, View } from '../../ui/Notice';
import { At } from '../../ui/Time';

const INCIDENTS = 5;

async function read(id: string): Promise<IncidentFull[]> {
  const page = await get<Page<Incident>>(`incidents?monitor=${id}&limit=${INCIDENTS}`);
  return Promise.all(page.items.map((i) => get<IncidentFull>(`incidents/${i.id}`)));
}

export function NoticesTab({ id }: { id: string }) {
  const state = useSignal<Loaded<IncidentFull[]>>({ data: null, error: null, loading: true, at: 0 });
  const tick = incidentTick.value;
  const reload = (): void => void read(id).then(
    (data) => (state.value = { data, error: null, loading: false, at: Date.now() }),
    (error: ApiError) => (state.value = { ...state.peek(), error, loading: false }),
  );
  useEffect(reload, [id, tick]);
  return (
    <View of={state.value} retry={reload}>
      {(incidents) => {
        const told = incidents.flatMap((i) => i.notices.map((n) => ({ i, n }))).sort((a, b) => Date.parse(b.n.created_at) - Date.parse(a.n.created_at));
        if (told.length === 0) return <Empty title={t('notices.none')} />;
        return (
          <>
            <ul class="told told-list">
              {told.map(({ i, n }) => (
                <li key={n.key}>
                  <span class="quiet"><At at={n.created_at} /></span>
                  <a href={`/app/incidents/${i.id}`}>{word('notice.kind', n.kind)}</a>
                  <span class="told-who">{n.channel_name ?? n.channel_id}</span>
                  <Delivery of={n} />
                </li>
              ))}
            </ul>
            <p class="quiet">{t('notices.of', { n: incidents.length })}</p>
          </>
        );
      }}
    </View>
  );
}
