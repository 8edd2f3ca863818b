// SPDX-License-Identifier: Apache-2.0
import type { IncidentFull } from '../../api/types';
import { t, word } from '../../i18n/incident';
import { Icon } from '../../ui/Icon';
import { Said } from '../../ui/Said';
import { Clock } from '../../ui/Time';
import { afterOf, mergeTimeline, type Entry } from './merge';
import { Told } from './Told';
import { Votes, whatOf } from './Votes';

const looks: Record<string, string> = {
  opened: 'down', reopened: 'down', relapsed: 'down', escalated: 'down', resolved: 'up', recovering: 'degraded', acknowledged: 'degraded',
  maintenance_on: 'maintenance', quiet_on: 'maintenance', suppressed: 'maintenance', flapping_on: 'maintenance', stale: 'unknown',
};

function Marker({ look }: { look: string }) {
  return <span class={`marker state-${look}`}>{look === 'note' ? <Icon name="dot" /> : <Icon name={look} />}</span>;
}

function FirstEntry({ entry }: { entry: Entry & { type: 'first' } }) {
  return (
    <>
      <Marker look="down" />
      <p class="kind">{t('incident.first', { region: entry.vote.region, what: whatOf(entry.vote) || t('vote.fail') })}</p>
    </>
  );
}

function EventEntry({ entry, said }: { entry: Entry & { type: 'event' }; said: string }) {
  const e = entry.event;
  const people = e.actor !== 'engine';
  const values = { after: afterOf(e.detail) || t('incident.nobody'), level: String(e.detail?.level ?? '') };
  // Votes that did not change are no news: they are shown where the machine decided.
  const votes = entry.evidence && !people ? entry.evidence : null;
  return (
    <>
      <Marker look={looks[e.kind] ?? 'note'} />
      <p class="kind">
        {e.kind === 'opened' && people ? t('incident.opened') : word('event', e.kind, values)}{e.public && <span class="tag">{t('event.public')}</span>}
        {people && <span class="quiet"> {t('incident.by', { actor: e.actor })} · {e.origin}</span>}
      </p>
      {e.reason && e.reason !== said && <p class="said"><Said text={e.reason} at={e.at} /></p>}
      {votes && <Votes evidence={votes} />}
    </>
  );
}

function ToldEntry({ entry }: { entry: Entry & { type: 'told' } }) {
  return (
    <>
      <Marker look="note" />
      <p class="kind">{t('incident.told', { kind: word('notice.kind', entry.kind) })}</p>
      <Told notices={entry.notices} />
    </>
  );
}

export function Timeline({ incident }: { incident: IncidentFull }) {
  const day = (iso: string): string => new Date(iso).toLocaleDateString(undefined, { dateStyle: 'full' });
  const entries = mergeTimeline(incident);
  return (
    <ol class="timeline">
      {entries.map((entry, i) => {
        const today = day(entry.at);
        const before = entries[i - 1];
        return (
          <li key={`${entry.type} ${entry.at} ${i}`} class={`entry entry-${entry.type}`}>
            {(!before || day(before.at) !== today) && <p class="day">{today}</p>}
            <span class="when"><Clock at={entry.at} /></span>
            <div class="what">
              {entry.type === 'first' && <FirstEntry entry={entry} />}
              {entry.type === 'event' && <EventEntry entry={entry} said={incident.why} />}
              {entry.type === 'told' && <ToldEntry entry={entry} />}
            </div>
          </li>
        );
      })}
    </ol>
  );
}
