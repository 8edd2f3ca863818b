// SPDX-License-Identifier: Apache-2.0
// What became of a notice, and each attempt: shown in timelines, channels and monitors alike.
import type { Attempt } from '../api/types';
import { local, texts, words } from '../i18n';
import { notices } from '../i18n/notices';
import { Icon } from './Icon';

const t = texts(notices);
const word = words(notices);

const looks: Record<string, string> = {
  pending: 'pending', held: 'maintenance', sent: 'up', uncertain: 'degraded', dead: 'down', superseded: 'unknown', digested: 'up',
};

interface Facts { state: string; held_reason?: string; next_at?: string | null; attempts: Attempt[] }

export function Delivery({ of: n }: { of: Facts }) {
  const look = looks[n.state] ?? 'unknown';
  return (
    <>
      <span class={`state state-${look}`}><Icon name={look} />{word('notice.state', n.state)}</span>
      {n.held_reason && <span class="quiet">{word('hold', n.held_reason)}</span>}
      {n.state === 'pending' && n.next_at && n.attempts.length > 0 && <span class="quiet">{t('notice.next', { time: local(n.next_at) })}</span>}
      {n.attempts.length > 0 && (
        <details>
          <summary>{t('notice.attempts', { n: n.attempts.length })}</summary>
          <ol class="attempts">
            {n.attempts.map((a) => (
              <li key={a.n}>{t('notice.attempt', { time: local(a.at), outcome: word('notice.outcome', a.outcome), ms: a.duration_ms, answer: a.answer })}</li>
            ))}
          </ol>
        </details>
      )}
    </>
  );
}

const outcomes: Record<string, string> = { sent: 'up', retry: 'degraded', uncertain: 'degraded', dead: 'down' };

export function Outcome({ of: outcome }: { of: string }) {
  const look = outcomes[outcome] ?? 'unknown';
  return <span class={`state state-${look}`}><Icon name={look} />{word('notice.outcome', outcome)}</span>;
}
