// SPDX-License-Identifier: Apache-2.0
// A region's last drill: did somebody hear in time when its own monitor failed on purpose?
import { useSignal } from '@preact/signals';

import { post } from '../../api/client';
import { may } from '../../api/session';
import type { DrillRun } from '../../api/types';
import { duration } from '../../i18n';
import { t } from '../../i18n/regions';
import { Confirm } from '../../ui/Dialog';
import { Icon } from '../../ui/Icon';
import { Failed } from '../../ui/Notice';
import { Ago } from '../../ui/Time';
import { useAction } from '../../ui/useAction';

const took = (ms: number | null): string => (ms === null ? '–' : duration(Math.max(1, ms / 1000)));

function Result({ run }: { run: DrillRun }) {
  const look = run.ok === null ? 'pending' : run.ok ? 'up' : 'down';
  const word = t(run.ok === null ? 'drill.runs' : run.ok ? 'drill.ok' : 'drill.failed');
  return (
    <>
      <span class={`state state-${look}`}><Icon name={look} />{word}</span>
      <span class="quiet">
        <Ago at={run.started_at} /> · {t('drill.times', { checked: took(run.checked_ms), opened: took(run.opened_ms), told: took(run.told_ms), limit: duration(run.limit_s) })}
        {run.incident_id && <> · <a href={`/app/incidents/${run.incident_id}`}>{t('drill.incident')}</a></>}
      </span>
      {run.why && <span class="problem">{run.why}</span>}
    </>
  );
}

export function Drill({ region, last, reload }: { region: string; last: DrillRun | undefined; reload: () => void }) {
  const action = useAction();
  const asking = useSignal(false);
  const start = (): void => {
    asking.value = false;
    action.run(async () => {
      await post(`regions/${region}/drill`);
      reload();
    });
  };
  return (
    <div class="drill">
      <b>{t('drill.title')}</b>
      {last ? <Result run={last} /> : <span class="quiet">{t('drill.none')}</span>}
      <button type="button" disabled={action.busy.value || last?.ok === null || !may('checker.edit')} onClick={() => (asking.value = true)}>{t('drill.start')}</button>
      {action.error.value && <Failed error={action.error.value} />}
      {asking.value && <Confirm text={t('drill.sure')} action={t('drill.start')} onYes={start} onClose={() => (asking.value = false)} />}
    </div>
  );
}
