// SPDX-License-Identifier: Apache-2.0
import { useSignal } from '@preact/signals';

import type { IncidentFull, Severity } from '../../api/types';
import { t } from '../../i18n/incident';
import { rows } from '../../live/store';
import { Dialog } from '../../ui/Dialog';
import { Area, Choice, Form, Text } from '../../ui/Form';
import { Pick } from '../../ui/Pick';
import { useAction } from '../../ui/useAction';
import { changed, deedsOf, type Patch } from './act';

const severities = ['minor', 'major', 'critical'] as const;

export function EditDialog({ incident, onDone, onClose }: { incident: IncidentFull; onDone: () => void; onClose: () => void }) {
  const before = { title: incident.title, severity: incident.severity, assignee: incident.assignee, affects: incident.affects ?? [] };
  const draft = useSignal(before);
  const reason = useSignal('');
  const action = useAction();
  const d = draft.value;
  const set = (part: Partial<typeof before>): void => void (draft.value = { ...draft.value, ...part });
  const submit = (): void => {
    const fields: Patch = changed(before, draft.value);
    if (reason.value.trim()) fields.reason = reason.value.trim();
    if (Object.keys(fields).length === 0) return onClose();
    action.run(async () => {
      await deedsOf(incident.id).change(fields);
      onDone();
      onClose();
    });
  };
  return (
    <Dialog title={t('incident.edit_title')} onClose={onClose}>
      <Form action={t('common.save')} busy={action.busy.value} error={action.error.value} onSubmit={submit} onCancel={onClose}>
        <Text label={t('incident.field.title')} value={d.title} maxLength={200} onValue={(title) => set({ title })}
          required={incident.kind === 'manual'} hint={incident.kind === 'manual' ? undefined : t('incident.field.title_hint')} />
        <div class="cols">
          <Choice<Severity> label={t('incident.field.severity')} value={d.severity} onValue={(severity) => set({ severity })}
            options={severities.map((s) => [s, t(`severity.${s}`)] as const)} />
          <Text label={t('incident.field.assignee')} value={d.assignee ?? ''} maxLength={100} placeholder={t('incident.nobody')}
            onValue={(v) => set({ assignee: v.trim() || null })} />
        </div>
        {incident.kind === 'manual' && (
          <Pick legend={t('incident.field.affects')} chosen={d.affects} onValue={(affects) => set({ affects })}
            options={[...rows.values()].map((r) => ({ id: r.value.id, name: r.value.name }))} />
        )}
        <Area label={t('incident.field.reason')} value={reason.value} maxLength={4000} onValue={(v) => (reason.value = v)} />
      </Form>
    </Dialog>
  );
}
