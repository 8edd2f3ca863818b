// SPDX-License-Identifier: Apache-2.0
import { useSignal } from '@preact/signals';

import { del } from '../../api/client';
import { may } from '../../api/session';
import { usePreview } from '../../api/preview';
import type { Policy, PolicyPreview } from '../../api/types';
import { t } from '../../i18n/rules';
import { Confirm } from '../../ui/Dialog';
import { Failed } from '../../ui/Notice';
import { useAction } from '../../ui/useAction';
import { Preview } from './Preview';

// What its end would mean is asked of the same code.
function AskDelete({ policy, onYes, onClose }: { policy: Policy; onYes: () => void; onClose: () => void }) {
  const asked = usePreview<PolicyPreview>('policies/preview', { id: policy.id, delete: true });
  return (
    <Confirm text={t('policies.delete_sure', { name: policy.name })} action={t('common.delete')} onYes={onYes} onClose={onClose}>
      <Preview of={asked.value} />
    </Confirm>
  );
}

export function PolicyCard({ policy, reload, onEdit }: { policy: Policy; reload: () => void; onEdit: () => void }) {
  const action = useAction();
  const asking = useSignal(false);
  const off = action.busy.value || !may('policy.edit');
  const remove = (): void => action.run(async () => {
    asking.value = false;
    await del(`policies/${policy.id}`);
    reload();
  });
  return (
    <li class="card">
      <div class="card-head">
        <h3>{policy.name}</h3>
        <div class="buttons">
          <button type="button" disabled={off} onClick={onEdit}>{t('policies.edit')}</button>
          <button type="button" class="danger" disabled={off} onClick={() => (asking.value = true)}>{t('common.delete')}</button>
        </div>
      </div>
      <p class="quiet">
        {policy.scope === 'tag' ? t('policy.tag_is', { tag: policy.tag ?? '' }) : t(`policy.scope.${policy.scope}`)} · {t('policies.concerned', { n: policy.monitors })}
      </p>
      <p class="sentence">{policy.sentence}</p>
      {action.error.value && <Failed error={action.error.value} />}
      {asking.value && <AskDelete policy={policy} onYes={remove} onClose={() => (asking.value = false)} />}
    </li>
  );
}
