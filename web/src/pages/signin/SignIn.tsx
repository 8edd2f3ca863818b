// SPDX-License-Identifier: Apache-2.0
import { useSignal } from '@preact/signals';

import { post } from '../../api/client';
import type { Session } from '../../api/types';
import { t } from '../../i18n';
import { useAction } from '../../ui/useAction';
import { Failed } from '../../ui/Notice';

export function SignIn({ onDone }: { onDone: () => void }) {
  const token = useSignal('');
  const action = useAction();
  const submit = (e: Event): void => {
    e.preventDefault();
    action.run(async () => {
      await post<Session>('session', { token: token.value.trim() });
      onDone();
    });
  };
  return (
    <main class="signin">
      <form class="card" onSubmit={submit}>
        <h1>{t('app.name')}</h1>
        <label>
          {t('signin.token')}
          <input type="password" name="token" autocomplete="current-password" required value={token.value}
            onInput={(e) => (token.value = e.currentTarget.value)} />
        </label>
        <p class="quiet">{t('signin.hint')}</p>
        {action.error.value && <Failed error={action.error.value} />}
        <button type="submit" class="primary" disabled={action.busy.value}>{t('signin.go')}</button>
      </form>
    </main>
  );
}
