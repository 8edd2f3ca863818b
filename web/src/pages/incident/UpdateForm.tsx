// SPDX-License-Identifier: Apache-2.0
// One form to say how it goes: a note, another phase, for the public or not. Closed ones too.
import { useSignal } from '@preact/signals';

import { may } from '../../api/session';
import type { IncidentFull, Phase } from '../../api/types';
import { t } from '../../i18n/incident';
import { Area, Check } from '../../ui/Form';
import { Failed } from '../../ui/Notice';
import { useAction } from '../../ui/useAction';
import { deedsOf, type Patch } from './act';

const phases: Phase[] = ['investigating', 'identified', 'monitoring', 'resolved'];

// The machine alone resolves what a monitor opened.
export function phasesOf(i: Pick<IncidentFull, 'kind' | 'state' | 'phase'>): Phase[] {
  return phases.filter((p) => p !== 'resolved' || i.kind === 'manual' || i.phase === 'resolved');
}

export function UpdateForm({ incident, reload }: { incident: IncidentFull; reload: () => void }) {
  const text = useSignal('');
  const phase = useSignal<Phase | null>(null);
  const open = useSignal(false);
  const notify = useSignal(false);
  const action = useAction();
  const off = !may('incident.respond');
  const shown = phase.value ?? incident.phase;
  const moves = phase.value !== null && phase.value !== incident.phase;
  const submit = (e: Event): void => {
    e.preventDefault();
    const said = text.value.trim();
    const fields: Patch = {};
    if (moves && phase.value) fields.phase = phase.value;
    if (said) fields.reason = said;
    if (open.value) fields.public = true;
    if (notify.value) fields.notify = true;
    action.run(async () => {
      await deedsOf(incident.id).change(fields);
      text.value = '';
      phase.value = null;
      open.value = false;
      notify.value = false;
      reload();
    });
  };
  return (
    <form class="card form update" onSubmit={submit} aria-labelledby="update-title">
      <h2 id="update-title">{t('incident.update')}</h2>
      {incident.phase && (
        <fieldset class="phases" disabled={off}>
          <legend class="spoken">{t('incident.field.phase')}</legend>
          {phasesOf(incident).map((p) => (
            <label key={p} class="phase">
              <input type="radio" name="phase" value={p} checked={shown === p} onChange={() => (phase.value = p)} />{t(`phase.${p}`)}
            </label>
          ))}
        </fieldset>
      )}
      <Area label={t('incident.note')} name="text" required={!moves} maxLength={4000} rows={3} value={text.value} disabled={off}
        onValue={(v) => (text.value = v)} />
      {incident.phase && (
        <div>
          <Check label={t('incident.note_public')} checked={open.value} disabled={off} onValue={(v) => (open.value = v)} />
          {incident.kind === 'manual' && <Check label={t('incident.note_notify')} checked={notify.value} disabled={off} onValue={(v) => (notify.value = v)} />}
        </div>
      )}
      {action.error.value && <Failed error={action.error.value} />}
      <div class="buttons"><button type="submit" disabled={off || action.busy.value}>{t('incident.note_go')}</button></div>
    </form>
  );
}
