// SPDX-License-Identifier: Apache-2.0
import type { Incident } from '../../api/types';

// Its title if somebody gave it one, else what it is about.
export const nameOf = (i: Pick<Incident, 'title' | 'monitor_name'>): string => i.title || i.monitor_name;

// How long it lasted, or has lasted until now, in seconds.
export function lastedS(i: Pick<Incident, 'opened_at' | 'closed_at'>, nowMs: number): number {
  return Math.max(0, ((i.closed_at ? Date.parse(i.closed_at) : nowMs) - Date.parse(i.opened_at)) / 1000);
}
