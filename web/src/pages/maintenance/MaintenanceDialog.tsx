// SPDX-License-Identifier: Apache-2.0
import { useSignal } from '@preact/signals';

import { patch, post } from '../../api/client';
import { usePreview } from '../../api/preview';
import type { Maintenance } from '../../api/types';
import { t } from '../../i18n/maintenance';
import { rows } from '../../live/store';
import { Dialog } from '../../ui/Dialog';
import { Area, Choice, Form, Text } from '../../ui/Form';
import { Pick } from '../../ui/Pick';
import { useAction } from '../../ui/useAction';
import { Zone, zoneHere } from '../../ui/Zone';
import { bodyOf, draftOf, isScoped, type Draft } from './draft';
import { Lasting } from './Lasting';
import { RepeatFields } from './RepeatFields';
import { When } from './When';

interface Props { maintenance: Maintenance | null; day: Date | null; onClose: () => void; onDone: () => void }

const tagsInUse = (): string[] => [...new Set([...rows.values()].flatMap((r) => r.peek().tags ?? []))].sort();

function Scope({ d, set }: { d: Draft; set: (part: Partial<Draft>) => void }) {
  return (
    <>
      <Choice label={t('mt.field.for')} value={d.all ? 'all' : 'some'} onValue={(v) => set({ all: v === 'all' })}
        options={[['all', t('mt.for.all')], ['some', t('mt.for.some')]] as const} problem={isScoped(d) ? undefined : t('mt.scope_none')} />
      {!d.all && <Pick legend={t('mt.field.tags')} options={tagsInUse().map((tag) => ({ id: tag, name: tag }))} chosen={d.tags} onValue={(tags) => set({ tags })} />}
      {!d.all && (
        <Pick legend={t('mt.field.monitors')} options={[...rows.values()].map((r) => ({ id: r.peek().id, name: r.peek().name }))} chosen={d.monitors}
          onValue={(monitors) => set({ monitors })} />
      )}
    </>
  );
}

export function MaintenanceDialog({ maintenance, day, onClose, onDone }: Props) {
  const draft = useSignal(draftOf(maintenance, day, zoneHere()));
  const action = useAction();
  const d = draft.value;
  const body = isScoped(d) && d.start ? bodyOf({ ...d, title: d.title.trim() || '…' }) : null;
  const asked = usePreview<Maintenance>('maintenance/preview', body);
  const set = (part: Partial<Draft>): void => void (draft.value = { ...draft.value, ...part });
  const error = action.error.value ?? asked.value.error;
  const problem = (key: string) => error?.fields.find((f) => f.field === key)?.problem;
  const submit = (): void => action.run(async () => {
    const said = bodyOf(draft.value);
    await (maintenance?.id ? patch(`maintenance/${maintenance.id}`, said) : post('maintenance', said));
    onDone();
    onClose();
  });
  return (
    <Dialog title={t(maintenance ? 'mt.edit_title' : 'mt.add')} onClose={onClose} wide>
      <Form action={maintenance ? t('common.save') : t('mt.add')} busy={action.busy.value} error={action.error.value} onSubmit={submit} onCancel={onClose} disabled={!isScoped(d)}>
        <div class="with-preview">
          <div class="form">
            <Text label={t('mt.field.title')} value={d.title} required maxLength={200} autofocus onValue={(title) => set({ title })} problem={problem('title')} />
            <div class="cols">
              <Text label={t('mt.field.start')} type="datetime-local" required value={d.start} onValue={(start) => set({ start })} problem={problem('start')} />
              <Lasting seconds={d.duration_s} onValue={(duration_s) => set({ duration_s })} problem={problem('duration_s')} />
              <Zone value={d.zone} onValue={(zone) => set({ zone })} problem={problem('zone')} />
            </div>
            <RepeatFields value={d.repeat} start={d.start} onValue={(repeat) => set({ repeat })} problem={problem('rrule')} />
            {d.repeat.freq !== 'none' && <Text label={t('mt.exdates')} value={d.exdates} hint={t('mt.exdates_hint')} onValue={(exdates) => set({ exdates })} problem={problem('exdates')} />}
            <Scope d={d} set={set} />
            <Area label={t('mt.field.note')} value={d.note} rows={2} maxLength={4000} onValue={(note) => set({ note })} problem={problem('note')} />
          </div>
          <When of={asked.value} />
        </div>
      </Form>
    </Dialog>
  );
}
