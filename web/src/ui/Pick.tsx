// SPDX-License-Identifier: Apache-2.0
// Some of many: checkboxes, with a search once they are more than fit. What is chosen comes first.
import { useSignal } from '@preact/signals';
import { useId } from 'preact/hooks';

import { t } from '../i18n';

export interface Option { id: string; name: string; note?: string }
interface PickProps { legend: string; options: Option[]; chosen: string[]; onValue: (ids: string[]) => void; empty?: string | undefined; disabled?: boolean | undefined }

const SHOWN = 60;
const SEARCH_FROM = 9;

export function shownOptions(options: Option[], chosen: ReadonlySet<string>, search: string): Option[] {
  const q = search.trim().toLowerCase();
  const fits = options.filter((o) => q === '' || o.name.toLowerCase().includes(q) || (o.note ?? '').toLowerCase().includes(q));
  return [...fits.filter((o) => chosen.has(o.id)), ...fits.filter((o) => !chosen.has(o.id))].slice(0, SHOWN);
}

export function Pick({ legend, options, chosen, onValue, empty, disabled }: PickProps) {
  const search = useSignal('');
  // The order is that of the opening: rows do not jump when one is ticked.
  const first = useSignal(new Set(chosen));
  const id = useId();
  const set = new Set(chosen);
  const shown = shownOptions(options, first.value, search.value);
  const toggle = (o: Option, on: boolean): void => onValue(on ? [...chosen, o.id] : chosen.filter((c) => c !== o.id));
  return (
    <fieldset class="pick" disabled={disabled}>
      <legend>{legend} {chosen.length > 0 && <span class="quiet">{t('pick.chosen', { n: chosen.length })}</span>}</legend>
      {options.length === 0 && <p class="quiet">{empty ?? t('pick.none')}</p>}
      {options.length >= SEARCH_FROM && (
        <input type="search" id={id} aria-label={t('pick.search', { what: legend })} placeholder={t('pick.search', { what: legend })}
          value={search.value} onInput={(e) => (search.value = e.currentTarget.value)} />
      )}
      <div class="pick-list" tabIndex={shown.length > 12 ? 0 : undefined} role={shown.length > 12 ? 'group' : undefined} aria-label={shown.length > 12 ? legend : undefined}>
        {shown.map((o) => (
          <label key={o.id} class="inline">
            <input type="checkbox" checked={set.has(o.id)} onChange={(e) => toggle(o, e.currentTarget.checked)} />
            <span>{o.name}{o.note && <span class="quiet"> {o.note}</span>}</span>
          </label>
        ))}
        {options.length > SHOWN && shown.length === SHOWN && <p class="quiet">{t('pick.more', { n: options.length })}</p>}
      </div>
    </fieldset>
  );
}
