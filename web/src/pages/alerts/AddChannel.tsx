// SPDX-License-Identifier: Apache-2.0
import { useSignal } from '@preact/signals';

import { post } from '../../api/client';
import type { Channel } from '../../api/types';
import { t } from '../../i18n/alerts';
import { Dialog } from '../../ui/Dialog';
import { Failed } from '../../ui/Notice';
import { useAction } from '../../ui/useAction';

export function AddChannel({ onClose, onDone }: { onClose: () => void; onDone: () => void }) {
  const kind = useSignal<'webhook' | 'email'>('email');
  const secret = useSignal('');
  const action = useAction();
  const submit = (e: Event): void => {
    e.preventDefault();
    const form = new FormData(e.currentTarget as HTMLFormElement);
    const where = String(form.get('where'));
    const config = kind.value === 'email' ? { to: where } : { url: where };
    action.run(async () => {
      const made = await post<Channel>('channels', { kind: kind.value, name: String(form.get('name')), config });
      onDone();
      secret.value = made.config.secret ?? '';
      if (!secret.value) onClose();
    });
  };
  return (
    <Dialog title={t('alerts.add')} onClose={onClose}>
      {secret.value ? <><p>{t('alerts.secret')}</p><pre class="secret">{secret.value}</pre></> : (
        <form class="form" onSubmit={submit}>
          <label>{t('alerts.kind')}
            <select value={kind.value} onChange={(e) => (kind.value = e.currentTarget.value as 'email')}>
              <option value="email">{t('alerts.email')}</option>
              <option value="webhook">{t('alerts.webhook')}</option>
            </select>
          </label>
          <label>{t('alerts.name')}<input name="name" required maxlength={100} /></label>
          {kind.value === 'email'
            ? <label>{t('alerts.to')}<input name="where" type="email" required maxlength={254} /></label>
            : <label>{t('alerts.url')}<input name="where" type="url" required maxlength={2048} /></label>}
          {action.error.value && <Failed error={action.error.value} />}
          <div class="buttons">
            <button type="button" onClick={onClose}>{t('common.cancel')}</button>
            <button type="submit" class="primary" disabled={action.busy.value}>{t('alerts.add')}</button>
          </div>
        </form>
      )}
    </Dialog>
  );
}
