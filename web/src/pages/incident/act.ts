// SPDX-License-Identifier: Apache-2.0
// What one may do with an incident: every deed is one request, after which it is read again.
import { call, patch, post } from '../../api/client';
import type { IncidentFull } from '../../api/types';

export type Patch = Partial<Pick<IncidentFull, 'title' | 'phase' | 'assignee' | 'post_mortem' | 'affects'>> & {
  severity?: IncidentFull['severity'] | null; reason?: string; public?: boolean; notify?: boolean;
};

export function deedsOf(id: string) {
  const path = `incidents/${encodeURIComponent(id)}`;
  return {
    acknowledge: () => post(`${path}/ack`),
    giveBack: () => call('DELETE', `${path}/ack`),
    resolve: () => post(`${path}/resolve`),
    reopen: () => post(`${path}/reopen`),
    publish: () => post(`${path}/publish`),
    unpublish: () => call('DELETE', `${path}/publish`),
    merge: (into: string, reason: string) => post(`${path}/merge`, reason ? { into, reason } : { into }),
    unmerge: () => call('DELETE', `${path}/merge`),
    change: (fields: Patch) => patch(path, fields),
  };
}

// Only what changed is sent: each field becomes an entry of the story.
export function changed<T extends object>(before: T, after: T): Partial<T> {
  return Object.fromEntries(Object.entries(after).filter(([k, v]) => JSON.stringify(v) !== JSON.stringify(before[k as keyof T]))) as Partial<T>;
}
