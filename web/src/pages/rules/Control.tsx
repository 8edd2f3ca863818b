// SPDX-License-Identifier: Apache-2.0
// The input of one rule.
import { t } from '../../i18n/rules';
import { Pick, type Option } from '../../ui/Pick';
import { Escalation } from './Escalation';
import { QuietHours } from './QuietHours';
import { counts, spans, type Level, type Quiet, type RuleKey } from './rules';
import { Span } from './Span';

export interface Choices { channels: Option[]; regions: string[] }
interface Props { rule: RuleKey; id: string; value: unknown; choices: Choices; onValue: (v: unknown) => void }

function Quorum({ id, value, max, onValue }: { id: string; value: unknown; max: number; onValue: (v: unknown) => void }) {
  const number = typeof value === 'number';
  return (
    <span class="span">
      <select id={id} value={number ? 'number' : String(value)} onChange={(e) => onValue(e.currentTarget.value === 'number' ? 2 : e.currentTarget.value)}>
        {(['majority', 'all', 'any', 'number'] as const).map((q) => <option key={q} value={q}>{t(`quorum.${q}`)}</option>)}
      </select>
      {number && <input type="number" aria-label={t('rule.how_many')} min="1" max={Math.max(1, max)} required value={value} onInput={(e) => onValue(Number(e.currentTarget.value))} />}
    </span>
  );
}

export function Control({ rule, id, value, choices, onValue }: Props) {
  const span = spans[rule];
  if (span) return <Span id={id} label={t(`rule.${rule}` as 'rule.interval_s')} seconds={Number(value)} range={span} onValue={onValue} />;
  const count = counts[rule];
  if (count) return <input id={id} type="number" required min={count[0]} max={count[1]} value={Number(value)} onInput={(e) => onValue(Number(e.currentTarget.value))} />;
  const names = choices.regions.map((r) => ({ id: r, name: r }));
  switch (rule) {
    case 'severity':
      return (
        <select id={id} value={String(value)} onChange={(e) => onValue(e.currentTarget.value)}>
          {(['minor', 'major', 'critical'] as const).map((s) => <option key={s} value={s}>{t(`severity.${s}`)}</option>)}
        </select>
      );
    case 'channels':
      return <Pick legend={t('rule.channels')} options={choices.channels} chosen={value as string[]} onValue={onValue} empty={t('rule.channels_none')} />;
    case 'regions':
      return <Pick legend={t('rule.regions')} options={names} chosen={value as string[]} onValue={onValue} />;
    case 'escalation':
      return <Escalation levels={value as Level[]} channels={choices.channels} onValue={onValue} />;
    case 'quiet':
      return <QuietHours quiet={value as Quiet} onValue={onValue} />;
    default:
      return <Quorum id={id} value={value} max={choices.regions.length} onValue={onValue} />;
  }
}
