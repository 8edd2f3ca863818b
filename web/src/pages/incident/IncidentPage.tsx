// SPDX-License-Identifier: Apache-2.0
import { useEffect } from 'preact/hooks';

import { useResource } from '../../api/resource';
import type { IncidentFull } from '../../api/types';
import { t } from '../../i18n/incident';
import { incidentTick } from '../../live/store';
import { Icon } from '../../ui/Icon';
import { ReadOnly } from '../../ui/May';
import { Empty, View } from '../../ui/Notice';
import { Said } from '../../ui/Said';
import { IncidentBadge } from '../incidents/Marks';
import { nameOf } from '../incidents/words';
import { Actions } from './Actions';
import { Facts, RightNow } from './Facts';
import './incident.css';
import { Merged } from './Merged';
import { PostMortem } from './PostMortem';
import { Timeline } from './Timeline';
import { UpdateForm } from './UpdateForm';

function Body({ incident: i, reload }: { incident: IncidentFull; reload: () => void }) {
  return (
    <article aria-labelledby="page-title" class="incident">
      <a href="/app/incidents" class="back"><Icon name="back" />{t('incident.back')}</a>
      <h1 id="page-title">{i.monitor_id ? <a href={`/app/monitors/${i.monitor_id}`}>{nameOf(i)}</a> : nameOf(i)}</h1>
      <p class="now">
        <IncidentBadge state={i.state} />
        {i.kind === 'manual' && <span class="tag">{t('incident.manual')}</span>}
        {i.provenance === 'drill' && <span class="tag">{t('incident.drill')}</span>}
        {i.published_at && <span class="tag">{t('incident.published')}</span>}
      </p>
      {i.why !== nameOf(i) && <p class="sentence"><Said text={i.why} at={i.decided_at} /></p>}
      <ReadOnly action="incident.respond" />
      <Actions incident={i} reload={reload} />
      <Merged incident={i} reload={reload} />
      <div class="two">
        <div class="aside">
          <Facts incident={i} />
          {i.state !== 'resolved' && i.monitor_id && <RightNow monitor={i.monitor_id} />}
        </div>
        <div class="story">
          <section class="card" aria-labelledby="t1">
            <h2 id="t1">{t('incident.timeline')}</h2>
            <Timeline incident={i} />
            {i.notices.length === 0 && i.kind !== 'manual' && (
              <p class="quiet">{t('incident.no_notices')} <a href="/app/alerts">{t('incident.add_channel')}</a></p>
            )}
          </section>
          <UpdateForm incident={i} reload={reload} />
          <PostMortem incident={i} reload={reload} />
        </div>
      </div>
    </article>
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
    <View of={r.state.value} retry={r.reload} height="40rem">
      {(i) => <Body incident={i} reload={r.reload} />}
    </View>
  );
}
