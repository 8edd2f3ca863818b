// SPDX-License-Identifier: Apache-2.0
import { useSignal } from '@preact/signals';

import { t } from '../../i18n/maintenance';
import { Field } from '../../ui/Form';

const units = { min: 60, h: 3600, d: 86400 } as const;
type Unit = keyof typeof units;

const unitOf = (s: number): Unit => (s % 86400 === 0 ? 'd' : s % 3600 === 0 ? 'h' : 'min');

export function Lasting({ seconds, onValue, problem }: { seconds: number; onValue: (s: number) => void; problem: string | undefined }) {
  const unit = useSignal<Unit>(unitOf(seconds));
  const per = units[unit.value];
  return (
    <Field label={t('mt.field.duration')} problem={problem}>
      {(ids) => (
        <span class="span">
          <input {...ids} type="number" required min={60 / per} max={2678400 / per} step="any" value={Math.round((seconds / per) * 100) / 100}
            onInput={(e) => onValue(Math.round(Number(e.currentTarget.value) * per))} />
          <select aria-label={t('mt.field.duration')} value={unit.value}
            onChange={(e) => {
              const next = e.currentTarget.value as Unit;
              onValue(Math.round((seconds / per) * units[next]));
              unit.value = next;
            }}>
            {(['min', 'h', 'd'] as const).map((u) => <option key={u} value={u}>{t(`unit.${u}`)}</option>)}
          </select>
        </span>
      )}
    </Field>
  );
}
