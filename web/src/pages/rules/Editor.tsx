// SPDX-License-Identifier: Apache-2.0
// Every rule can be set or left alone; what is left alone comes from elsewhere, and says what it is.
import { useId } from 'preact/hooks';

import { t } from '../../i18n/rules';
import { without } from '../../ui/without';
import { Control, type Choices } from './Control';
import { groups, startOf, type RuleKey, type Rules } from './rules';
import './rules.css';
import { sayRule } from './say';

interface Props { rules: Rules; now?: Record<string, unknown>; choices: Choices; onValue: (r: Rules) => void; problems: (key: string) => string | undefined; disabled?: boolean }

const hints: Partial<Record<RuleKey, string>> = { reminder_s: t('rule.reminder_hint'), escalation: t('rule.escalation_hint'), quiet: t('rule.quiet_hint') };
const wide = new Set<RuleKey>(['channels', 'regions', 'escalation', 'quiet']);

function Rule({ rule, p }: { rule: RuleKey; p: Props }) {
  const id = useId();
  const set = rule in p.rules;
  const label = t(`rule.${rule}`);
  const problem = p.problems(rule);
  const toggle = (on: boolean): void => {
    const rest = without(p.rules, rule);
    p.onValue(on ? ({ ...rest, [rule]: startOf(rule, p.now?.[rule], p.choices.regions) } as Rules) : (rest as Rules));
  };
  const inherited = p.now ? sayRule(rule, p.now[rule], p.choices) : '';
  return (
    <div class={`rule ${set ? 'rule-set' : ''} ${wide.has(rule) ? 'rule-wide' : ''}`}>
      <div class="rule-head">
        <input type="checkbox" aria-label={t('rule.set', { rule: label })} checked={set} onChange={(e) => toggle(e.currentTarget.checked)} />
        {set && !wide.has(rule) ? <label for={id}>{label}</label> : <span class="rule-name">{label}</span>}
        {!set && inherited && <span class="quiet">{t('rule.inherited', { value: inherited })}</span>}
      </div>
      {set && <Control rule={rule} id={id} value={p.rules[rule]} choices={p.choices} onValue={(v) => p.onValue({ ...p.rules, [rule]: v } as Rules)} />}
      {problem ? <p class="problem">{problem}</p> : set && hints[rule] && <p class="hint">{hints[rule]}</p>}
    </div>
  );
}

export function Editor(p: Props) {
  return (
    <fieldset class="rules-editor" disabled={p.disabled}>
      {groups.map(([title, keys]) => (
        <fieldset key={title} class="rule-group">
          <legend>{t(title)}</legend>
          {keys.map((rule) => <Rule key={rule} rule={rule} p={p} />)}
        </fieldset>
      ))}
    </fieldset>
  );
}
