// SPDX-License-Identifier: Apache-2.0
import { useSignal } from '@preact/signals';

import { post } from '../../api/client';
import type { IncidentFull, Phase, Severity } from '../../api/types';
import { t } from '../../i18n/incident';
import { rows } from '../../live/store';
import { Dialog } from '../../ui/Dialog';
import { Area, Check, Choice, Form, Text } from '../../ui/Form';
import { Pick } from '../../ui/Pick';
import { go } from '../../ui/route';
import { useAction } from '../../ui/useAction';

const severities = ['minor', 'major', 'critical'] as const;
const phases = ['investigating', 'identified', 'monitoring'] as const;

// An incident that no monitor saw.
export function NewIncident({ onClose }: { onClose: () => void }) {
  const draft = useSignal({
    title: '', severity: 'major' as Severity, phase: 'investigating' as Phase, text: '', affects: [] as string[], notify: true, public: false,
  });
  const action = useAction();
  const d = draft.value;
  const set = (part: Partial<typeof d>): void => void (draft.value = { ...draft.value, ...part });
  const submit = (): void => action.run(async () => {
    const made = await post<IncidentFull>('incidents', draft.value);
    onClose();
    go(`incidents/${made.id}`);
  });
  return (
    <Dialog title={t('incidents.open_one')} onClose={onClose}>
      <Form action={t('incident.open_go')} busy={action.busy.value} error={action.error.value} onSubmit={submit} onCancel={onClose}>
        <Text label={t('incident.field.title')} value={d.title} required maxLength={200} autofocus onValue={(title) => set({ title })} />
        <div class="cols">
          <Choice<Severity> label={t('incident.field.severity')} value={d.severity} onValue={(severity) => set({ severity })}
            options={severities.map((s) => [s, t(`severity.${s}`)] as const)} />
          <Choice<Phase> label={t('incident.field.phase')} value={d.phase} onValue={(phase) => set({ phase })}
            options={phases.map((p) => [p, t(`phase.${p}`)] as const)} />
        </div>
        <Area label={t('incident.field.text')} value={d.text} maxLength={4000} rows={3} onValue={(text) => set({ text })} />
        <Pick legend={t('incident.field.affects')} chosen={d.affects} onValue={(affects) => set({ affects })}
          options={[...rows.values()].map((r) => ({ id: r.value.id, name: r.value.name }))} />
        <div>
          <Check label={t('incident.note_notify')} checked={d.notify} onValue={(notify) => set({ notify })} />
          <Check label={t('incident.public')} checked={d.public} onValue={(v) => set({ public: v })} />
        </div>
      </Form>
    </Dialog>
  );
}
