// SPDX-License-Identifier: Apache-2.0
import { may } from '../../api/session';
import type { IncidentFull } from '../../api/types';
import { t } from '../../i18n/incident';
import { Failed } from '../../ui/Notice';
import { useAction } from '../../ui/useAction';
import { deedsOf } from './act';

export function Merged({ incident, reload }: { incident: IncidentFull; reload: () => void }) {
  const action = useAction();
  const out = (): void => action.run(async () => {
    await deedsOf(incident.id).unmerge();
    reload();
  });
  return (
    <>
      {incident.merged_into && (
        <p class="ribbon ribbon-note">
          {t('incident.merged_into')} <a href={`/app/incidents/${incident.merged_into}`}>{t('incident.merged_show')}</a>{' '}
          <button type="button" class="plain" disabled={action.busy.value || !may('incident.respond')} onClick={out}>{t('incident.unmerge')}</button>
        </p>
      )}
      {action.error.value && <Failed error={action.error.value} />}
      {(incident.merged?.length ?? 0) > 0 && (
        <p class="ribbon ribbon-note">
          {t('incident.merged_here')}: {incident.merged.map((id, n) => <a key={id} class="spaced" href={`/app/incidents/${id}`}>{n + 1}</a>)}
        </p>
      )}
    </>
  );
}
