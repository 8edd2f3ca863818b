// SPDX-License-Identifier: Apache-2.0
import { useResource } from '../../api/resource';
import type { Page, Revision } from '../../api/types';
import { t } from '../../i18n/monitor';
import { View } from '../../ui/Notice';
import { At } from '../../ui/Time';

export function RevisionsTab({ id }: { id: string }) {
  const r = useResource<Page<Revision>>(`monitors/${id}/revisions?limit=50`);
  return (
    <View of={r.state.value} retry={r.reload}>
      {(p) => (
        <ol class="timeline">
          {p.items.map((v) => (
            <li key={v.revision}>
              <b>{v.revision}</b> · <At at={v.at} /> · {t('monitor.by', { actor: v.actor })}
              <details><summary>JSON</summary><pre>{JSON.stringify(v.definition, null, 2)}</pre></details>
            </li>
          ))}
        </ol>
      )}
    </View>
  );
}
