// SPDX-License-Identifier: Apache-2.0
import { useSignal } from '@preact/signals';

import { post } from '../../api/client';
import { may } from '../../api/session';
import type { Checker } from '../../api/types';
import { ms } from '../../i18n';
import { t } from '../../i18n/regions';
import { Confirm } from '../../ui/Dialog';
import { Icon } from '../../ui/Icon';
import { Failed } from '../../ui/Notice';
import { Ago, At } from '../../ui/Time';
import { useAction } from '../../ui/useAction';

const SKEW_WARN_MS = 2000;

export function CheckerTable({ checkers, reload }: { checkers: Checker[]; reload: () => void }) {
  const asking = useSignal('');
  const reason = useSignal('');
  const action = useAction();
  const ban = (): void => action.run(async () => {
    const id = asking.value;
    asking.value = '';
    await post(`checkers/${id}/ban`, { reason: reason.value || t('regions.ban') });
    reload();
  });
  return (
    <>
      <table class="rows dense">
        <thead>
          <tr>
            <th>{t('monitors.col.state')}</th><th>{t('regions.version')}</th><th class="num">{t('regions.lag')}</th>
            <th class="num wide">{t('regions.skew')}</th><th class="wide">{t('regions.cert')}</th><th />
          </tr>
        </thead>
        <tbody>
          {checkers.map((c) => (
            <tr key={c.id}>
              <td>
                <span class={`state state-${c.connected ? 'up' : 'unknown'}`}>
                  <Icon name={c.connected ? 'up' : 'unknown'} />
                  {c.state === 'banned' ? t('regions.banned') : <Ago at={c.heard_at} />}
                </span>
              </td>
              <td>{c.version}</td>
              <td class="num">{ms(c.lag_p95_ms)}</td>
              <td class="num wide">{ms(c.skew_ms)}{Math.abs(c.skew_ms ?? 0) > SKEW_WARN_MS && <p>{t('regions.clock_warn')}</p>}</td>
              <td class="wide"><At at={c.not_after} /></td>
              <td>{c.state !== 'banned' && <button type="button" class="danger" disabled={!may('checker.edit')} onClick={() => (asking.value = c.id)}>{t('regions.ban')}</button>}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {action.error.value && <Failed error={action.error.value} />}
      {asking.value && (
        <Confirm text={t('regions.ban_sure')} action={t('regions.ban')} onYes={ban} onClose={() => (asking.value = '')}>
          <label>{t('regions.ban_reason')}<input value={reason.value} maxlength={500} onInput={(e) => (reason.value = e.currentTarget.value)} /></label>
        </Confirm>
      )}
    </>
  );
}
