// SPDX-License-Identifier: Apache-2.0
import { useSignal } from '@preact/signals';

import { may, session } from '../../api/session';
import type { IncidentFull } from '../../api/types';
import { t } from '../../i18n/incident';
import { Confirm } from '../../ui/Dialog';
import { Failed } from '../../ui/Notice';
import { useAction } from '../../ui/useAction';
import { deedsOf } from './act';
import { EditDialog } from './EditDialog';
import { MergeDialog } from './MergeDialog';

type Asking = '' | 'resolve' | 'publish' | 'merge' | 'edit';

export function Actions({ incident, reload }: { incident: IncidentFull; reload: () => void }) {
  const action = useAction();
  const asking = useSignal<Asking>('');
  const deeds = deedsOf(incident.id);
  const off = action.busy.value || !may('incident.respond');
  const act = (work: () => Promise<unknown>): void => {
    asking.value = '';
    action.run(async () => {
      await work();
      reload();
    });
  };
  const button = (text: string, onClick: () => void, style = '') => (
    <button type="button" class={style} disabled={off} onClick={onClick}>{text}</button>
  );
  const manual = incident.kind === 'manual';
  const closed = incident.state === 'resolved';
  const me = session.value?.name ?? '';
  return (
    <>
      <div class="buttons">
        {incident.state === 'open' && button(t('incident.ack'), () => act(deeds.acknowledge), 'primary')}
        {incident.state === 'acknowledged' && button(t('incident.unack'), () => act(deeds.giveBack))}
        {!closed && !manual && button(t('incident.resolve'), () => (asking.value = 'resolve'))}
        {!closed && manual && button(t('incident.resolve_manual'), () => act(() => deeds.change({ phase: 'resolved' })))}
        {closed && manual && button(t('incident.reopen'), () => act(deeds.reopen))}
        {incident.assignee !== me && !closed && button(t('incident.take'), () => act(() => deeds.change({ assignee: me })))}
        {button(t('incident.edit'), () => (asking.value = 'edit'))}
        {incident.published_at
          ? button(t('incident.unpublish'), () => act(deeds.unpublish))
          : button(t('incident.publish'), () => (asking.value = 'publish'))}
        {!incident.merged_into && button(t('incident.merge'), () => (asking.value = 'merge'))}
      </div>
      {action.error.value && <Failed error={action.error.value} />}
      {asking.value === 'resolve' && (
        <Confirm text={t('incident.resolve_sure')} action={t('incident.resolve')} onYes={() => act(deeds.resolve)} onClose={() => (asking.value = '')} />
      )}
      {asking.value === 'publish' && (
        <Confirm text={t('incident.publish_sure')} action={t('incident.publish')} onYes={() => act(deeds.publish)} onClose={() => (asking.value = '')} />
      )}
      {asking.value === 'merge' && (
        <MergeDialog id={incident.id} onMerge={(into, reason) => act(() => deeds.merge(into, reason))} onClose={() => (asking.value = '')} />
      )}
      {asking.value === 'edit' && <EditDialog incident={incident} onDone={reload} onClose={() => (asking.value = '')} />}
    </>
  );
}
