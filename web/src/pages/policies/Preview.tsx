// SPDX-License-Identifier: Apache-2.0
// What the policy would mean: asked of the code that will decide.
import type { Asked } from '../../api/preview';
import type { PolicyPreview } from '../../api/types';
import { t } from '../../i18n/rules';

export function Preview({ of: { data, error, busy } }: { of: Asked<PolicyPreview> }) {
  return (
    <section class="preview" aria-labelledby="preview-title" aria-live="polite">
      <h3 id="preview-title">{t('preview.title')}</h3>
      {error && <p class="problem">{error.message}</p>}
      {!data && !error && <p class="quiet">{t(busy ? 'preview.asking' : 'policy.none_set')}</p>}
      {data && (
        <>
          <p class="sentence">{data.sentence}</p>
          <p>{t('preview.counts', { concerned: data.concerned, changed: data.changed })}</p>
          {data.monitors.length > 0 && (
            <ul tabIndex={0} aria-label={t('preview.title')}>
              {data.monitors.map((m) => (
                <li key={m.id}>
                  <a href={`/app/monitors/${m.id}`} target="_blank" rel="noopener">{m.name}</a>
                  <p class="quiet">{t('preview.now')}: {m.before}</p>
                  <p class="then">{t('preview.then')}: {m.after}</p>
                </li>
              ))}
            </ul>
          )}
          {data.changed > data.monitors.length && <p class="quiet">{t('preview.more', { n: data.monitors.length })}</p>}
        </>
      )}
    </section>
  );
}
