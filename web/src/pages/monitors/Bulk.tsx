// SPDX-License-Identifier: Apache-2.0
// What can be done to several monitors at once.
import { useSignal } from '@preact/signals';

import { del, patch } from '../../api/client';
import { may } from '../../api/session';
import { t } from '../../i18n';
import { readOverview } from '../../live/live';
import { Confirm } from '../../ui/Dialog';
import { Failed } from '../../ui/Notice';
import { useAction } from '../../ui/useAction';

export function Bulk({ selected, onDone }: { selected: Set<string>; onDone: () => void }) {
  const action = useAction();
  const asking = useSignal(false);
  const each = (work: (id: string) => Promise<unknown>): void =>
    action.run(async () => {
      for (const id of selected) await work(id);
      await readOverview();
      onDone();
    });
  return (
    <div class="bulk" role="group" aria-label={t('monitors.selected', { n: selected.size })}>
      <b>{t('monitors.selected', { n: selected.size })}</b>
      <button type="button" disabled={action.busy.value || !may('monitor.edit')} onClick={() => each((id) => patch(`monitors/${id}`, { paused: true }))}>
        {t('monitors.pause')}
      </button>
      <button type="button" disabled={action.busy.value || !may('monitor.edit')} onClick={() => each((id) => patch(`monitors/${id}`, { paused: false }))}>
        {t('monitors.resume')}
      </button>
      <button type="button" class="danger" disabled={action.busy.value || !may('monitor.edit')} onClick={() => (asking.value = true)}>
        {t('common.delete')}
      </button>
      {action.error.value && <Failed error={action.error.value} />}
      {asking.value && (
        <Confirm text={t('monitors.delete_sure', { n: selected.size })} action={t('common.delete')}
          onYes={() => { asking.value = false; each((id) => del(`monitors/${id}`)); }} onClose={() => (asking.value = false)} />
      )}
    </div>
  );
}
