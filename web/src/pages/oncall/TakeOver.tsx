// SPDX-License-Identifier: Apache-2.0
import { useSignal } from '@preact/signals';

import { post } from '../../api/client';
import type { Channel, Rota } from '../../api/types';
import { t } from '../../i18n/oncall';
import { Dialog } from '../../ui/Dialog';
import { Choice, Form, Text } from '../../ui/Form';
import { useAction } from '../../ui/useAction';
import { zoneHere } from '../../ui/Zone';
import { typed } from './order';

const DAY_MS = 86400000;

export function TakeOver({ rota, channels, onClose, onDone }: { rota: Rota; channels: Channel[]; onClose: () => void; onDone: () => void }) {
  const start = Date.now();
  const draft = useSignal({ channel: channels[0]?.id ?? '', from: typed(new Date(start)), to: typed(new Date(start + DAY_MS)), note: '' });
  const action = useAction();
  const d = draft.value;
  const set = (part: Partial<typeof d>): void => void (draft.value = { ...draft.value, ...part });
  const problem = (key: string) => action.error.value?.fields.find((f) => f.field.endsWith(key))?.problem;
  const submit = (): void => action.run(async () => {
    const { channel, from, to, note } = draft.value;
    const body = { channel, from: new Date(from).toISOString(), to: new Date(to).toISOString(), ...(note.trim() ? { note: note.trim() } : {}) };
    await post(`rotas/${rota.id}/overrides`, body);
    onDone();
    onClose();
  });
  return (
    <Dialog title={t('oncall.take_over_title')} onClose={onClose}>
      <Form action={t('oncall.take_over_go')} busy={action.busy.value} error={action.error.value} onSubmit={submit} onCancel={onClose}>
        <Choice label={t('oncall.who')} value={d.channel} options={channels.map((c) => [c.id, c.name] as const)} onValue={(channel) => set({ channel })} />
        <div class="cols">
          <Text label={t('oncall.from')} type="datetime-local" required value={d.from} onValue={(from) => set({ from })} problem={problem('from')} />
          <Text label={t('oncall.to')} type="datetime-local" required value={d.to} onValue={(to) => set({ to })} problem={problem('to')} />
        </div>
        <p class="hint">{t('oncall.local', { zone: zoneHere() })}</p>
        <Text label={t('oncall.note')} value={d.note} maxLength={200} onValue={(note) => set({ note })} />
      </Form>
    </Dialog>
  );
}
