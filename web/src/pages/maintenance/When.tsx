// SPDX-License-Identifier: Apache-2.0
import type { Asked } from '../../api/preview';
import type { Maintenance } from '../../api/types';
import { t } from '../../i18n/maintenance';
import { At } from '../../ui/Time';

export function When({ of: { data, error, busy } }: { of: Asked<Maintenance> }) {
  return (
    <section class="preview" aria-labelledby="when-title" aria-live="polite">
      <h3 id="when-title">{t('mt.preview')}</h3>
      {error && <p class="problem">{error.fields[0] ? `${error.fields[0].field} ${error.fields[0].problem}` : error.message}</p>}
      {!data && !error && <p class="quiet">{t(busy ? 'mt.preview_asking' : 'mt.preview_fill')}</p>}
      {data && (
        <>
          {data.sentence && <p class="sentence">{data.sentence}</p>}
          {data.next.length === 0
            ? <p class="problem">{t('mt.preview_never')}</p>
            : <ol class="spans">{data.next.map((s) => <li key={s.from}><At at={s.from} short /> – <At at={s.to} short /></li>)}</ol>}
          {data.hint && data.next.length > 0 && <p class="quiet">{data.hint}</p>}
          <p>{t('mt.preview_for', { n: data.monitors })}{data.late && <> {t('mt.preview_late')}</>}</p>
        </>
      )}
    </section>
  );
}
