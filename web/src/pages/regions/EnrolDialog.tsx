// SPDX-License-Identifier: Apache-2.0
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

import { post } from '../../api/client';
import { t } from '../../i18n/regions';
import { Dialog } from '../../ui/Dialog';
import { Failed } from '../../ui/Notice';
import { useAction } from '../../ui/useAction';

interface Token { token: string; command: string; expires_at: string }

export function EnrolDialog({ region, onClose }: { region: string; onClose: () => void }) {
  const token = useSignal<Token | null>(null);
  const copied = useSignal(false);
  const action = useAction();
  useEffect(() => action.run(async () => {
    token.value = await post<Token>(`regions/${region}/join-tokens`);
  }), [region]);
  const copy = (): void => {
    void navigator.clipboard?.writeText(token.value?.token ?? '').then(() => (copied.value = true));
  };
  return (
    <Dialog title={`${t('regions.enrol')}: ${region}`} onClose={onClose}>
      {action.error.value && <Failed error={action.error.value} />}
      {token.value && (
        <>
          <p>{t('regions.enrol_hint')}</p>
          <pre>{token.value.command}</pre>
          <pre class="secret">{token.value.token}</pre>
          <div class="buttons"><button type="button" onClick={copy}>{t(copied.value ? 'common.copied' : 'common.copy')}</button></div>
        </>
      )}
    </Dialog>
  );
}
