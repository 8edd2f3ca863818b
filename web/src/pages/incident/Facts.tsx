// SPDX-License-Identifier: Apache-2.0
import { useEffect } from 'preact/hooks';

import { useResource } from '../../api/resource';
import type { IncidentFull, Why } from '../../api/types';
import { duration } from '../../i18n';
import { t, word } from '../../i18n/incident';
import { now, rows } from '../../live/store';
import { Icon } from '../../ui/Icon';
import { Said } from '../../ui/Said';
import { At, Clock } from '../../ui/Time';
import { SeverityMark } from '../incidents/Marks';
import { lastedS } from '../incidents/words';

const EVERY_S = 10;

// Held until when, and what the machine waits for: only while it is open.
export function RightNow({ monitor }: { monitor: string }) {
  const r = useResource<Why & { hold?: string | null; held_until?: string | null }>(`monitors/${monitor}/why`);
  const turn = Math.floor(now.value / (EVERY_S * 1000));
  useEffect(r.reload, [turn, r.reload]);
  const why = r.state.value.data;
  if (!why) return null;
  return (
    <div class="card">
      <h2>{t('incident.now')}</h2>
      <p><Said text={why.sentence} /></p>
      {why.hold && (
        <p class="state state-maintenance">
          {t('incident.held', { hold: word('hold', why.hold) })} {why.held_until && <>{t('incident.held_until')} <At at={why.held_until} /></>}
        </p>
      )}
    </div>
  );
}

function Monitors({ ids }: { ids: string[] }) {
  return <>{ids.map((id, i) => <span key={id}>{i > 0 && ', '}<a href={`/app/monitors/${id}`}>{rows.get(id)?.value.name ?? id}</a></span>)}</>;
}

// Where its newest entry stands; whether the chain holds is for `netpulse audit verify` to say.
function Chain({ audit }: { audit: IncidentFull['audit'] }) {
  if (audit.entry === null) return <p class="quiet">{t('chain.open')}</p>;
  return (
    <p class="quiet chain" title={t('chain.verify')}>
      <Icon name="up" /> {t('chain.entry', { n: audit.entry, of: audit.of ?? audit.entry })}
      {audit.signed_until && <> {t('chain.signed')} <At at={audit.signed_until} /></>}
    </p>
  );
}

export function Facts({ incident: i }: { incident: IncidentFull }) {
  const seconds = lastedS(i, now.value);
  return (
    <div class="card">
      <dl class="pairs">
        {i.severity && <><dt>{t('incident.field.severity')}</dt><dd><SeverityMark severity={i.severity} /></dd></>}
        {i.phase && <><dt>{t('incident.field.phase')}</dt><dd>{t(`phase.${i.phase}`)}</dd></>}
        {i.phase && <><dt>{t('incident.field.assignee')}</dt><dd>{i.assignee ?? t('incident.nobody')}</dd></>}
        <dt>{t(i.kind === 'machine' ? 'incident.down_since' : 'incident.opened')}</dt><dd><At at={i.opened_at} />{i.decided_at && i.kind === 'machine' && <span class="quiet" title={t('incident.decided_why')}> · {t('incident.decided')} <Clock at={i.decided_at} /></span>}</dd>
        {i.acknowledged_at && <><dt>{t('incident.acked_by')}</dt><dd>{i.acknowledged_by} · <At at={i.acknowledged_at} /></dd></>}
        {i.closed_at && <><dt>{t('incident.closed')}</dt><dd><At at={i.closed_at} />{i.close_reason && ` · ${i.close_reason}`}</dd></>}
        {(i.affects?.length ?? 0) > 0 && <><dt>{t('incident.affects')}</dt><dd><Monitors ids={i.affects} /></dd></>}
      </dl>
      <p class="quiet">{t(i.closed_at ? 'incident.lasted' : 'incident.lasts', { time: duration(seconds) })}</p>
      {i.audit && <Chain audit={i.audit} />}
    </div>
  );
}
