// SPDX-License-Identifier: Apache-2.0
import type { IncidentFull } from '../../api/types';
import { t } from '../../i18n';
import { At } from '../../ui/Time';

export function Timeline({ events }: { events: IncidentFull['events'] }) {
  return (
    <ol class="timeline">
      {events.map((e) => (
        <li key={e.number}>
          <span class="kind">{e.kind.replaceAll('_', ' ')}</span> <span class="quiet"><At at={e.at} /> · {t('incident.by', { actor: e.actor })}</span>
          {e.reason && <p>{e.reason}</p>}
          {Object.keys(e.detail ?? {}).length > 0 && (
            <details><summary>{t('incident.evidence')}</summary><pre>{JSON.stringify(e.detail, null, 2)}</pre></details>
          )}
        </li>
      ))}
    </ol>
  );
}

export function Notices({ notices }: { notices: IncidentFull['notices'] }) {
  if (notices.length === 0) return <p>{t('incident.no_notices')}</p>;
  return (
    <ul class="notices">
      {notices.map((n) => {
        const last = n.attempts.at(-1);
        return (
          <li key={n.key} class={`notice notice-${n.state}`}>
            <b>{n.kind}</b> → {n.channel_name ?? n.channel_id}: {t(`notice.state.${n.state}`)}{' '}
            <span class="quiet"><At at={n.created_at} /></span>
            {n.held_reason && <p>{n.held_reason}</p>}
            {last && <p class="quiet">{t('notice.attempts', { n: n.attempts.length, answer: last.answer })}</p>}
          </li>
        );
      })}
    </ul>
  );
}
