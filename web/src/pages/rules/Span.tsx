// SPDX-License-Identifier: Apache-2.0
import { useSignal } from '@preact/signals';

import { t } from '../../i18n/rules';
import { splitSpan, unitSeconds } from './rules';

interface SpanProps { label: string; seconds: number; range: readonly [number, number]; onValue: (s: number) => void; id?: string; describedBy?: string | undefined }

// A length of time: a number and its unit. Kept in seconds.
export function Span({ label, seconds, range, onValue, id, describedBy }: SpanProps) {
  const unit = useSignal(splitSpan(seconds).unit);
  const per = unitSeconds[unit.value];
  const rounded = Math.round((seconds / per) * 1000) / 1000;
  return (
    <span class="span">
      <input id={id} type="number" aria-label={id ? undefined : label} aria-describedby={describedBy} required min={range[0] / per} max={range[1] / per} step="any" value={rounded}
        onInput={(e) => onValue(Number(e.currentTarget.value) * per)} />
      <select aria-label={t('unit.of', { rule: label })} value={unit.value}
        onChange={(e) => {
          const next = e.currentTarget.value as keyof typeof unitSeconds;
          onValue((seconds / per) * unitSeconds[next]);
          unit.value = next;
        }}>
        {(['s', 'min', 'h'] as const).map((u) => <option key={u} value={u}>{t(`unit.${u}`)}</option>)}
      </select>
    </span>
  );
}
