// SPDX-License-Identifier: Apache-2.0
import type { Notice } from '../../api/types';
import { t } from '../../i18n/incident';
import { Delivery } from '../../ui/Delivery';

// Where a notice went and what became of it.
export function Told({ notices }: { notices: Notice[] }) {
  return (
    <ul class="told">
      {notices.map((n) => (
        <li key={n.key}>
          <span class="told-who">{n.channel_name ?? n.channel_id}{n.via_name && <span class="quiet"> {t('notice.via', { name: n.via_name })}</span>}</span>
          <Delivery of={n} />
        </li>
      ))}
    </ul>
  );
}
