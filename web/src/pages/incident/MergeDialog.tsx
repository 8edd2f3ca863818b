// SPDX-License-Identifier: Apache-2.0
import { useSignal } from '@preact/signals';

import { useResource } from '../../api/resource';
import type { Incident, Page } from '../../api/types';
import { t } from '../../i18n/incident';
import { Dialog } from '../../ui/Dialog';
import { Form, Text } from '../../ui/Form';
import { View } from '../../ui/Notice';
import { At } from '../../ui/Time';
import { nameOf } from '../incidents/words';

interface Props { id: string; onMerge: (into: string, reason: string) => void; onClose: () => void }

export function MergeDialog({ id, onMerge, onClose }: Props) {
  const r = useResource<Page<Incident>>('incidents?limit=100');
  const into = useSignal('');
  const reason = useSignal('');
  return (
    <Dialog title={t('incident.merge_title')} onClose={onClose}>
      <p class="quiet">{t('incident.merge_hint')}</p>
      <View of={r.state.value} retry={r.reload}>
        {(page) => {
          const others = page.items.filter((i) => i.id !== id && !i.merged_into);
          return (
            <Form action={t('incident.merge_go')} busy={false} error={null} disabled={!into.value} onCancel={onClose}
              onSubmit={() => onMerge(into.value, reason.value.trim())}>
              <fieldset class="pick">
                <legend>{t('incidents.title')}</legend>
                {others.length === 0 && <p class="quiet">{t('incident.merge_none')}</p>}
                <div class="pick-list">
                  {others.map((i) => (
                    <label key={i.id} class="inline">
                      <input type="radio" name="into" value={i.id} checked={into.value === i.id} onChange={() => (into.value = i.id)} />
                      <span>{nameOf(i)} <span class="quiet"><At at={i.opened_at} short /> · {t(`incident.state.${i.state}`)}</span></span>
                    </label>
                  ))}
                </div>
              </fieldset>
              <Text label={t('incident.field.reason')} value={reason.value} maxLength={4000} onValue={(v) => (reason.value = v)} />
            </Form>
          );
        }}
      </View>
    </Dialog>
  );
}
