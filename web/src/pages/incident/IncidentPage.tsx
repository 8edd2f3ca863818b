// SPDX-License-Identifier: Apache-2.0
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

import { call, post } from '../../api/client';
import { useResource } from '../../api/resource';
import type { IncidentFull } from '../../api/types';
import { t } from '../../i18n';
import { incidentTick } from '../../live/store';
import { Icon } from '../../ui/Icon';
import { Empty, Failed, View } from '../../ui/Notice';
import { At } from '../../ui/Time';
import { useAction } from '../../ui/useAction';
import { IncidentBadge } from '../incidents/IncidentList';
import { Notices, Timeline } from './Timeline';

function Actions({ incident, reload }: { incident: IncidentFull; reload: () => void }) {
  const action = useAction();
  const note = useSignal('');
  const path = `incidents/${incident.id}`;
  const act = (work: () => Promise<unknown>): void => action.run(async () => {
    await work();
    reload();
  });
  const add = (e: Event): void => {
    e.preventDefault();
    act(async () => {
      await post(`${path}/notes`, { text: note.value });
      note.value = '';
    });
  };
  return (
    <>
      <div class="buttons">
        {incident.state === 'open' && (
          <button type="button" class="primary" disabled={action.busy.value} onClick={() => act(() => post(`${path}/ack`))}>{t('incident.ack')}</button>
        )}
        {incident.state === 'acknowledged' && (
          <button type="button" disabled={action.busy.value} onClick={() => act(() => call('DELETE', `${path}/ack`))}>{t('incident.unack')}</button>
        )}
        {incident.state !== 'resolved' && (
          <button type="button" disabled={action.busy.value} onClick={() => act(() => post(`${path}/resolve`))}>{t('incident.resolve')}</button>
        )}
      </div>
      {action.error.value && <Failed error={action.error.value} />}
      <form class="note" onSubmit={add}>
        <label>{t('incident.note')}
          <textarea name="text" required maxlength={4000} value={note.value} onInput={(e) => (note.value = e.currentTarget.value)} />
        </label>
        <button type="submit" disabled={action.busy.value}>{t('incident.note_go')}</button>
      </form>
    </>
  );
}

export function IncidentPage({ id }: { id: string }) {
  const r = useResource<IncidentFull>(`incidents/${encodeURIComponent(id)}`);
  const tick = incidentTick.value;
  useEffect(() => {
    if (!tick) return;
    r.reload();
    const timer = setTimeout(r.reload, 1500); // deliveries follow a moment later
    return () => clearTimeout(timer);
  }, [tick, r.reload]);
  if (r.state.value.error?.status === 404) return <Empty title={t('incident.gone')}><a href="/app/incidents">{t('incident.back')}</a></Empty>;
  return (
    <View of={r.state.value} retry={r.reload} height="30rem">
      {(i) => (
        <article aria-labelledby="page-title" class="incident">
          <a href="/app/incidents" class="back"><Icon name="back" />{t('incident.back')}</a>
          <h1 id="page-title"><a href={`/app/monitors/${i.monitor_id}`}>{i.monitor_name}</a></h1>
          <p class="now"><IncidentBadge state={i.state} /></p>
          <p class="sentence">{i.why}</p>
          <dl class="pairs">
            <dt>{t('incident.opened')}</dt><dd><At at={i.opened_at} /></dd>
            {i.acknowledged_at && <><dt>{t('incident.acked_by', { actor: i.acknowledged_by ?? '' })}</dt><dd><At at={i.acknowledged_at} /></dd></>}
            {i.closed_at && <><dt>{t('incident.closed')}</dt><dd><At at={i.closed_at} /> {i.close_reason && `· ${i.close_reason}`}</dd></>}
          </dl>
          <Actions incident={i} reload={r.reload} />
          <section class="card" aria-labelledby="t1"><h2 id="t1">{t('incident.timeline')}</h2><Timeline events={i.events} /></section>
          <section class="card" aria-labelledby="t2"><h2 id="t2">{t('incident.notices')}</h2><Notices notices={i.notices} /></section>
        </article>
      )}
    </View>
  );
}
