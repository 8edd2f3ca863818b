// SPDX-License-Identifier: Apache-2.0
import { useSignal } from '@preact/signals';

import { patch, post } from '../../api/client';
import type { Channel, Rota } from '../../api/types';
import { t } from '../../i18n/oncall';
import { Dialog } from '../../ui/Dialog';
import { Form, Text } from '../../ui/Form';
import { useAction } from '../../ui/useAction';
import { Zone, zoneHere } from '../../ui/Zone';
import { Members } from './Members';
import { monday } from './order';

interface Props { rota: Rota | null; channels: Channel[]; onClose: () => void; onDone: () => void }

export function RotaDialog({ rota, channels, onClose, onDone }: Props) {
  const draft = useSignal({
    name: rota?.name ?? '', zone: rota?.zone ?? zoneHere(), start: rota?.start ?? monday(new Date()), handover: rota?.handover ?? '09:00',
    members: (rota?.members ?? []).map((m) => m.id),
  });
  const action = useAction();
  const d = draft.value;
  const set = (part: Partial<typeof d>): void => void (draft.value = { ...draft.value, ...part });
  const problem = (key: string) => action.error.value?.fields.find((f) => f.field === key)?.problem;
  const submit = (): void => action.run(async () => {
    await (rota ? patch(`rotas/${rota.id}`, draft.value) : post('rotas', draft.value));
    onDone();
    onClose();
  });
  return (
    <Dialog title={rota ? t('oncall.edit_title', { name: rota.name }) : t('oncall.add')} onClose={onClose}>
      <Form action={rota ? t('common.save') : t('oncall.add')} busy={action.busy.value} error={action.error.value} onSubmit={submit} onCancel={onClose}
        disabled={d.members.length === 0}>
        <Text label={t('oncall.name')} value={d.name} required maxLength={100} onValue={(name) => set({ name })} problem={problem('name')} />
        <div class="cols">
          <Text label={t('oncall.start')} type="date" required value={d.start} onValue={(start) => set({ start })} hint={t('oncall.start_hint')} problem={problem('start')} />
          <Text label={t('oncall.handover')} type="time" required value={d.handover} onValue={(handover) => set({ handover })} problem={problem('handover')} />
          <Zone value={d.zone} onValue={(zone) => set({ zone })} problem={problem('zone')} />
        </div>
        <Members chosen={d.members} channels={channels} onValue={(members) => set({ members })} />
      </Form>
    </Dialog>
  );
}
