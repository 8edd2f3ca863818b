// SPDX-License-Identifier: Apache-2.0
import type { Policy } from '../../api/types';
import type { Rules } from '../rules/rules';

export interface Draft { name: string; scope: Policy['scope']; tag: string; priority: number; rules: Rules }

export function draftOf(p: Policy | null, hasOrganisation: boolean): Draft {
  if (!p) return { name: '', scope: hasOrganisation ? 'tag' : 'organisation', tag: '', priority: 0, rules: {} };
  return { name: p.name, scope: p.scope, tag: p.tag ?? '', priority: p.priority, rules: p.rules };
}

const shared = (d: Draft): object => ({
  name: d.name.trim(), priority: d.priority, rules: d.rules, ...(d.scope === 'tag' ? { tag: d.tag.trim() } : {}),
});

// Saving says the version that was read: who was slower is told so.
export function bodyOf(d: Draft, p: Policy | null): object {
  return p ? { ...shared(d), version: p.version } : { ...shared(d), scope: d.scope };
}

export function previewOf(d: Draft, p: Policy | null): object | null {
  if (Object.keys(d.rules).length === 0 || (d.scope === 'tag' && d.tag.trim() === '')) return null;
  const name = d.name.trim() || '…';
  return p ? { ...shared(d), name, id: p.id } : { ...shared(d), name, scope: d.scope };
}
