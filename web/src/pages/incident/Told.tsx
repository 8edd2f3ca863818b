// SPDX-License-Identifier: Apache-2.0
import type { Notice } from '../../api/types';
import { local } from '../../i18n';
import { t, word } from '../../i18n/incident';
import { Icon } from '../../ui/Icon';

const looks: Record<string, string> = {
  pending: 'pending', held: 'maintenance', sent: 'up', uncertain: 'degraded', dead: 'down', superseded: 'unknown', digested: 'up',
};

// Fields that only newer servers send.
type Via = Notice & { via_name?: string | null };

function Attempts({ notice }: { notice: Notice }) {
  if (notice.attempts.length === 0) return null;
  return (
    <details>
      <summary>{t('notice.attempts', { n: notice.attempts.length })}</summary>
      <ol class="attempts">
        {notice.attempts.map((a) => (
          <li key={a.n}>{t('notice.attempt', { time: local(a.at), outcome: word('notice.outcome', a.outcome), ms: a.duration_ms, answer: a.answer })}</li>
        ))}
      </ol>
    </details>
  );
}

// Where a notice went and what became of it.
export function Told({ notices }: { notices: Notice[] }) {
  return (
    <ul class="told">
      {notices.map((n) => {
        const via = (n as Via).via_name;
        const look = looks[n.state] ?? 'unknown';
        return (
          <li key={n.key}>
            <span class="told-who">{n.channel_name ?? n.channel_id}{via && <span class="quiet"> {t('notice.via', { name: via })}</span>}</span>
            <span class={`state state-${look}`}><Icon name={look} />{word('notice.state', n.state)}</span>
            {n.held_reason && <span class="quiet">{word('hold', n.held_reason)}</span>}
            {n.state === 'pending' && n.next_at && n.attempts.length > 0 && <span class="quiet">{t('notice.next', { time: local(n.next_at) })}</span>}
            <Attempts notice={n} />
          </li>
        );
      })}
    </ul>
  );
}
