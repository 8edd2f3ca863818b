// SPDX-License-Identifier: Apache-2.0
// What the auditor found wrong with NetPulse itself. Nothing is shown while nothing is.
import type { Finding } from '../../api/types';
import { t } from '../../i18n/regions';
import { Icon } from '../../ui/Icon';
import { Said } from '../../ui/Said';
import { Ago } from '../../ui/Time';

export function Findings({ items }: { items: Finding[] }) {
  if (items.length === 0) return null;
  return (
    <section class="card findings" aria-labelledby="findings-title">
      <h2 id="findings-title">{t('findings.title')}</h2>
      <ul>
        {items.map((f) => (
          <li key={f.id}>
            <span class={`state state-${f.severity === 'severe' ? 'down' : 'degraded'}`}>
              <Icon name={f.severity === 'severe' ? 'down' : 'degraded'} />{t(f.severity === 'severe' ? 'findings.severe' : 'findings.major')}
            </span>{' '}
            <Said text={f.detail} at={f.since} /> <span class="quiet">{f.subject} · {f.kind.replaceAll('_', ' ')} · <Ago at={f.since} /></span>
          </li>
        ))}
      </ul>
    </section>
  );
}
