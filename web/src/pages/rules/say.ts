// SPDX-License-Identifier: Apache-2.0
// A rule's value in few words. The sentence about all of them is the server's.
import { duration } from '../../i18n';
import { t, word } from '../../i18n/rules';
import type { Choices } from './Control';
import { counts, spans, type Level, type Quiet, type RuleKey } from './rules';

const named = (ids: string[], choices: Choices): string => ids.map((id) => choices.channels.find((c) => c.id === id)?.name ?? '?').join(', ');

export function sayRule(rule: RuleKey, value: unknown, choices: Choices): string {
  if (value === undefined || value === null) return rule === 'channels' ? t('common.all').toLowerCase() : rule === 'quiet' ? t('say.none') : '';
  if (spans[rule]) return value === 0 ? t('say.never') : duration(Number(value));
  if (counts[rule]) return String(value);
  switch (rule) {
    case 'severity': return word('severity', String(value)).toLowerCase();
    case 'quorum': return typeof value === 'number' ? String(value) : word('quorum', String(value));
    case 'regions': return (value as string[]).join(', ');
    case 'channels': return named(value as string[], choices) || t('say.nobody');
    case 'escalation': return (value as Level[]).map((l) => `${duration(l.after_s)}: ${named(l.channels, choices)}`).join('; ') || t('say.none');
    default: return `${(value as Quiet).from}–${(value as Quiet).to} ${(value as Quiet).zone}`;
  }
}
