// SPDX-License-Identifier: Apache-2.0
import { useSignal } from '@preact/signals';

import { del, patch, post } from '../../api/client';
import { may } from '../../api/session';
import type { Monitor, OverviewRow } from '../../api/types';
import { t } from '../../i18n/monitor';
import { readOverview } from '../../live/live';
import { Confirm } from '../../ui/Dialog';
import { Icon, StateBadge } from '../../ui/Icon';
import { Failed } from '../../ui/Notice';
import { go } from '../../ui/route';
import { Strip } from '../../ui/Strip';
import { Ago } from '../../ui/Time';
import { useAction } from '../../ui/useAction';

export function Head({ monitor, row, reload }: { monitor: Monitor; row: OverviewRow | undefined; reload: () => void }) {
  const action = useAction();
  const asking = useSignal(false);
  const asked = useSignal(false);
  const facts = row ?? monitor;
  const path = `monitors/${monitor.id}`;
  const pause = (paused: boolean): void => action.run(async () => {
    await patch(path, { paused });
    await readOverview();
    reload();
  });
  const check = (): void => action.run(async () => {
    await post(`${path}/check`);
    asked.value = true;
  });
  const remove = (): void => action.run(async () => {
    await del(path);
    await readOverview();
    go('monitors');
  });
  return (
    <header class="monitor-head">
      <a href="/app/monitors" class="back"><Icon name="back" />{t('monitor.back')}</a>
      <div class="page-head">
        <div>
          <h1 id="page-title">{monitor.name}{monitor.provenance === 'drill' && <> <span class="tag">{t('monitor.drill')}</span></>}</h1>
          <p class="target">{monitor.kind} · {monitor.target}</p>
        </div>
        <div class="buttons">
          <button type="button" disabled={action.busy.value || monitor.paused || !may('monitor.check')} onClick={check}>{t('monitor.check')}</button>
          <button type="button" disabled={action.busy.value || !may('monitor.edit')} onClick={() => pause(!monitor.paused)}>
            {t(monitor.paused ? 'monitor.resume' : 'monitor.pause')}
          </button>
          <button type="button" class="danger" disabled={action.busy.value || !may('monitor.edit')} onClick={() => (asking.value = true)}>{t('monitor.delete')}</button>
        </div>
      </div>
      <p class="now"><StateBadge of={facts} /> {facts.since && <span class="quiet"><Ago at={facts.since} /></span>}</p>
      {row && <Strip value={row.strip} />}
      {asked.value && <p class="quiet" role="status">{t('monitor.asked')}</p>}
      {action.error.value && <Failed error={action.error.value} />}
      {asking.value && (
        <Confirm text={t('monitor.delete_sure', { name: monitor.name })} action={t('common.delete')} onYes={remove} onClose={() => (asking.value = false)} />
      )}
    </header>
  );
}
