// SPDX-License-Identifier: Apache-2.0
// Markdown that stays text: nothing a person wrote becomes markup here.
import { useSignal } from '@preact/signals';

import { may } from '../../api/session';
import type { IncidentFull } from '../../api/types';
import { t } from '../../i18n/incident';
import { Area, Form } from '../../ui/Form';
import { useAction } from '../../ui/useAction';
import { deedsOf } from './act';

export function PostMortem({ incident, reload }: { incident: IncidentFull; reload: () => void }) {
  const draft = useSignal<string | null>(null);
  const action = useAction();
  const save = (): void => action.run(async () => {
    await deedsOf(incident.id).change({ post_mortem: draft.value ?? '' });
    draft.value = null;
    reload();
  });
  return (
    <section class="card" aria-labelledby="pm-title">
      <div class="card-head">
        <h2 id="pm-title">{t('incident.post_mortem')}</h2>
        {draft.value === null && (
          <button type="button" disabled={!may('incident.respond')} onClick={() => (draft.value = incident.post_mortem)}>
            {t(incident.post_mortem ? 'incident.edit' : 'incident.write')}
          </button>
        )}
      </div>
      {draft.value === null && (incident.post_mortem
        ? <p class="written">{incident.post_mortem}</p>
        : <p class="quiet">{t('incident.post_mortem_none')}</p>)}
      {draft.value !== null && (
        <Form action={t('common.save')} busy={action.busy.value} error={action.error.value} onSubmit={save} onCancel={() => (draft.value = null)}>
          <Area label={t('incident.post_mortem')} hint={t('incident.post_mortem_hint')} rows={14} maxLength={100000} value={draft.value}
            onValue={(v) => (draft.value = v)} />
        </Form>
      )}
    </section>
  );
}
