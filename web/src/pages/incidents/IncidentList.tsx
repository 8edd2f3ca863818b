// SPDX-License-Identifier: Apache-2.0
import type { Incident } from '../../api/types';
import { duration } from '../../i18n';
import { t } from '../../i18n/incident';
import { now } from '../../live/store';
import { Said } from '../../ui/Said';
import { Ago, At } from '../../ui/Time';
import { IncidentBadge, SeverityMark } from './Marks';
import { lastedS, nameOf } from './words';

function Item({ incident: i }: { incident: Incident }) {
  return (
    <li class="card">
      <div class="incident-line">
        <IncidentBadge state={i.state} />
        <a class="incident-name" href={`/app/incidents/${i.id}`}>{nameOf(i)}</a>
        {i.severity && <SeverityMark severity={i.severity} />}
        {i.kind === 'manual' && <span class="tag">{t('incident.manual')}</span>}
        {i.provenance === 'drill' && <span class="tag">{t('incident.drill')}</span>}
        {i.published_at && <span class="tag">{t('incident.published')}</span>}
      </div>
      <p class="quiet">
        <Ago at={i.opened_at} /> · <At at={i.opened_at} short /> · {t(i.closed_at ? 'incident.lasted' : 'incident.lasts', { time: duration(lastedS(i, now.value)) })}
        {i.phase && i.state !== 'resolved' && <> · {t(`phase.${i.phase}`)}</>}
        {i.assignee && <> · {i.assignee}</>}
        {i.acknowledged_by && i.state === 'acknowledged' && <> · {t('incident.acked', { actor: i.acknowledged_by })}</>}
      </p>
      {i.why && i.why !== nameOf(i) && <p class="clamp"><Said text={i.why} at={i.decided_at} /></p>}
    </li>
  );
}

export function IncidentList({ items }: { items: Incident[] }) {
  return <ul class="incident-list">{items.map((i) => <Item key={i.id} incident={i} />)}</ul>;
}
