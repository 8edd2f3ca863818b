// SPDX-License-Identifier: Apache-2.0
import { may, session } from '../api/session';
import { t } from '../i18n';

// Said once a page: why its buttons are grey.
export function ReadOnly({ action }: { action: string }) {
  if (!session.value || may(action)) return null;
  return <p class="ribbon ribbon-note" role="note">{t('may.not', { role: session.value.role })}</p>;
}
