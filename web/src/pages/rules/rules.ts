// SPDX-License-Identifier: Apache-2.0
// What rules there are, in what groups, and what a draft of them becomes when it is saved.
import type { PolicyRules } from '../../api/types';

export type Rules = PolicyRules;
export type RuleKey = keyof PolicyRules;
export type Level = NonNullable<Rules['escalation']>[number];
export type Quiet = NonNullable<Rules['quiet']>;

export const groups = [
  ['rules.told', ['severity', 'channels', 'reminder_s', 'escalation', 'quiet']],
  ['rules.decides', ['quorum', 'regions', 'fail_after', 'recover_after', 'confirm_s', 'recover_s']],
  ['rules.checks', ['interval_s', 'timeout_s', 'retries', 'retry_interval_s']],
] as const satisfies readonly (readonly [string, readonly RuleKey[]])[];

export const counts: Partial<Record<RuleKey, [min: number, max: number]>> = { fail_after: [1, 10], recover_after: [1, 10], retries: [0, 10] };
export const spans: Partial<Record<RuleKey, [min: number, max: number]>> = {
  reminder_s: [0, 604800], confirm_s: [0, 3600], recover_s: [0, 3600], interval_s: [5, 86400], timeout_s: [0.1, 60], retry_interval_s: [1, 300],
};

const zoneHere = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';

// Where a rule begins when somebody switches it on: the defaults, or what holds now.
export function startOf(key: RuleKey, now: unknown, regions: string[]): unknown {
  if (now !== undefined && now !== null && !(Array.isArray(now) && now.length === 0)) return now;
  const starts: Record<RuleKey, unknown> = {
    severity: 'major', channels: [], reminder_s: 3600, escalation: [{ after_s: 900, channels: [] }],
    quiet: { zone: zoneHere(), from: '22:00', to: '07:00' }, quorum: 'majority', regions,
    fail_after: 2, recover_after: 2, confirm_s: 10, recover_s: 20, retries: 2, retry_interval_s: 5, interval_s: 60, timeout_s: 10,
  };
  return starts[key];
}

// A span as people type it: the largest unit that leaves a whole number.
export function splitSpan(seconds: number): { n: number; unit: 's' | 'min' | 'h' } {
  if (seconds >= 3600 && seconds % 3600 === 0) return { n: seconds / 3600, unit: 'h' };
  if (seconds >= 60 && seconds % 60 === 0) return { n: seconds / 60, unit: 'min' };
  return { n: seconds, unit: 's' };
}
export const unitSeconds = { s: 1, min: 60, h: 3600 } as const;

// What a monitor has to be told: fields that are set now, null for those that no longer are.
export function patchOf(before: Record<string, unknown>, after: Record<string, unknown>): Record<string, unknown> {
  const patch: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(after)) if (JSON.stringify(value) !== JSON.stringify(before[key])) patch[key] = value;
  for (const key of Object.keys(before)) if (!(key in after)) patch[key] = null;
  return patch;
}

// Edits laid over what is there by now: what somebody types while an answer comes is not lost.
export function patched<T extends object>(base: T, patch: Record<string, unknown>): T {
  return Object.fromEntries(Object.entries({ ...base, ...patch }).filter(([, v]) => v !== null)) as T;
}
