// SPDX-License-Identifier: Apache-2.0
// "What if": the past judged again with the rules of the form, by the code that decides.
import { useSignal } from '@preact/signals';

import { post } from '../../api/client';
import type { Monitor, Tried } from '../../api/types';
import { t } from '../../i18n/rules';
import { Failed } from '../../ui/Notice';
import { At } from '../../ui/Time';
import { useAction } from '../../ui/useAction';
import type { Rules } from './rules';

// Others would have needed other checks.
const usable = ['quorum', 'regions', 'fail_after', 'recover_after', 'confirm_s', 'recover_s', 'reminder_s', 'escalation'] as const;

export function triedRules(rules: Rules): Partial<Rules> {
  return Object.fromEntries(usable.filter((k) => k in rules).map((k) => [k, rules[k]]));
}

function List({ of: tried }: { of: Tried }) {
  if (tried.incidents.list.length === 0) return null;
  return (
    <div class="try-list" tabIndex={0} role="group" aria-label={t('try.list')}>
      <table class="rows dense">
        <thead><tr><th>{t('try.opened')}</th><th>{t('try.closed')}</th><th>{t('try.told')}</th><th>{t('try.why')}</th></tr></thead>
        <tbody>
          {tried.incidents.list.map((i) => (
            <tr key={i.opened_at}>
              <td><At at={i.opened_at} /></td>
              <td>{i.closed_at ? <At at={i.closed_at} /> : t('try.open')}</td>
              <td>{i.told_at ? <At at={i.told_at} /> : t('try.nobody')}</td>
              <td>{i.reason ?? ''}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function TryRules({ monitor, rules }: { monitor: Monitor; rules: Rules }) {
  const result = useSignal<Tried | null>(null);
  const action = useAction();
  const run = (): void => action.run(async () => {
    result.value = await post<Tried>(`monitors/${monitor.id}/try`, { days: 30, rules: triedRules(rules) });
  });
  const tried = result.value;
  return (
    <section class="preview" aria-live="polite">
      <div class="row">
        <button type="button" disabled={action.busy.value} onClick={run}>{t('try.go')}</button>
        <span class="quiet">{t(action.busy.value ? 'try.asking' : 'try.about')}</span>
      </div>
      {action.error.value && <Failed error={action.error.value} />}
      {tried && (
        <>
          <p class="sentence tried">{tried.sentence}</p>
          <p>{t('try.counts', { was: tried.incidents.before, n: tried.incidents.after, told: tried.alerts.after })}{' '}
            {tried.incidents.same_rules !== tried.incidents.before && t('try.same', { n: tried.incidents.same_rules })}</p>
          <p class="quiet">{t('try.observed', { p: tried.observed_percent, n: tried.guessed_looks })}</p>
          <List of={tried} />
        </>
      )}
    </section>
  );
}
