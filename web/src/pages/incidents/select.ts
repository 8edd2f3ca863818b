// SPDX-License-Identifier: Apache-2.0
// Which of the incidents that were read are shown.
import type { Incident, Severity } from '../../api/types';
import { nameOf } from './words';

export interface Filter { search: string; kind: '' | 'machine' | 'manual'; severity: '' | Severity }
export const noFilter: Filter = { search: '', kind: '', severity: '' };

export function select(items: Incident[], f: Filter): Incident[] {
  const q = f.search.trim().toLowerCase();
  return items.filter((i) =>
    (f.kind === '' || i.kind === f.kind) && (f.severity === '' || i.severity === f.severity)
    && (q === '' || nameOf(i).toLowerCase().includes(q) || i.why.toLowerCase().includes(q)));
}
