// SPDX-License-Identifier: Apache-2.0
import type { Incident } from '../../api/types';
import { t } from '../../i18n';
import { Icon } from '../../ui/Icon';
import { Ago, At } from '../../ui/Time';

const looks = { open: 'down', acknowledged: 'degraded', resolved: 'up' } as const;

export function IncidentBadge({ state }: { state: Incident['state'] }) {
  return <span class={`state state-${looks[state]}`}><Icon name={looks[state]} />{t(`incident.state.${state}`)}</span>;
}

export function IncidentList({ items }: { items: Incident[] }) {
  return (
    <ul class="incident-list">
      {items.map((i) => (
        <li key={i.id} class="card">
          <IncidentBadge state={i.state} />
          <a href={`/app/incidents/${i.id}`}>{i.monitor_name}</a>
          <span class="quiet"><Ago at={i.opened_at} /> · <At at={i.opened_at} /></span>
          <p>{i.why}</p>
          {i.acknowledged_by && <p class="quiet">{t('incident.acked_by', { actor: i.acknowledged_by })}</p>}
        </li>
      ))}
    </ul>
  );
}
