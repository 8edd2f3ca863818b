// SPDX-License-Identifier: Apache-2.0
import type { Evidence, Vote } from '../../api/types';
import { t, word } from '../../i18n/incident';
import { Icon } from '../../ui/Icon';
import { Clock } from '../../ui/Time';

export function whatOf(v: Vote): string {
  if (!v.class) return '';
  const text = word('class', v.class);
  return v.code > 0 && v.class === 'status' ? `${text} ${v.code}` : text; // the other codes are for machines
}

const looks: Record<string, string> = { fail: 'down', ok: 'up' };

export function Votes({ evidence }: { evidence: Evidence }) {
  return (
    <details class="votes">
      <summary>{t('incident.votes', { n: evidence.regions.length })}: {evidence.fail} {t('vote.fail')}, {evidence.ok} {t('vote.ok')}</summary>
      <table class="rows dense">
        <thead><tr><th>{t('vote.region')}</th><th>{t('vote.say')}</th><th>{t('vote.since')}</th><th>{t('vote.counts')}</th></tr></thead>
        <tbody>
          {evidence.regions.map((v) => (
            <tr key={v.region}>
              <td>{v.region}</td>
              <td>
                <span class={`state state-${looks[v.say] ?? 'unknown'}`}>
                  <Icon name={looks[v.say] ?? 'unknown'} />{word('vote', v.say)}
                </span> {v.say === 'fail' && whatOf(v)}
              </td>
              <td>{v.since && <Clock at={v.since} />}</td>
              <td>{v.counts ? t('vote.yes') : t('vote.no', { why: (v.why_not ?? '').replaceAll('_', ' ') })}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}
