// SPDX-License-Identifier: Apache-2.0
import { t } from '../../i18n/rules';
import { Pick, type Option } from '../../ui/Pick';
import type { Level } from './rules';
import { Span } from './Span';

const MAX = 5;

export function Escalation({ levels, channels, onValue }: { levels: Level[]; channels: Option[]; onValue: (v: Level[]) => void }) {
  const change = (i: number, part: Partial<Level>): void => onValue(levels.map((l, n) => (n === i ? { ...l, ...part } : l)));
  const add = (): void => onValue([...levels, { after_s: Math.min(86400, (levels.at(-1)?.after_s ?? 0) + 900), channels: [] }]);
  return (
    <div class="levels">
      {levels.map((level, i) => (
        <fieldset key={i} class="level">
          <legend>{t('rule.level', { n: i + 1 })}</legend>
          <div class="row">
            <span>{t('rule.level_after')}</span>
            <Span label={`${t('rule.level', { n: i + 1 })}: ${t('rule.level_after')}`} seconds={level.after_s} range={[60, 86400]} onValue={(after_s) => change(i, { after_s })} />
            <button type="button" class="plain" onClick={() => onValue(levels.filter((_, n) => n !== i))}>{t('rule.level_remove', { n: i + 1 })}</button>
          </div>
          <Pick legend={t('rule.level_channels')} options={channels} chosen={level.channels} onValue={(v) => change(i, { channels: v })} empty={t('rule.channels_none')} />
        </fieldset>
      ))}
      {levels.length < MAX && <button type="button" onClick={add}>{t('rule.level_add')}</button>}
    </div>
  );
}
