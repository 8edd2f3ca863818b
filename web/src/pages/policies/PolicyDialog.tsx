// SPDX-License-Identifier: Apache-2.0
import { useSignal } from '@preact/signals';

import { patch, post } from '../../api/client';
import { usePreview } from '../../api/preview';
import type { Policy, PolicyPreview } from '../../api/types';
import { t } from '../../i18n/rules';
import { rows } from '../../live/store';
import { Dialog } from '../../ui/Dialog';
import { Choice, Form, Text } from '../../ui/Form';
import { useAction } from '../../ui/useAction';
import type { Choices } from '../rules/Control';
import { Editor } from '../rules/Editor';
import { bodyOf, draftOf, previewOf, type Draft } from './draft';
import { Preview } from './Preview';

interface Props { policy: Policy | null; all: Policy[]; choices: Choices; onClose: () => void; onDone: (saved: Policy) => void }

const scopes = ['organisation', 'tag', 'named'] as const;
export const tagsInUse = (): string[] => [...new Set([...rows.values()].flatMap((r) => r.peek().tags ?? []))].sort();

export function PolicyDialog({ policy, all, choices, onClose, onDone }: Props) {
  const taken = all.some((p) => p.scope === 'organisation' && p.id !== policy?.id);
  const draft = useSignal(draftOf(policy, taken));
  const action = useAction();
  const d = draft.value;
  const asked = usePreview<PolicyPreview>('policies/preview', previewOf(d, policy));
  const error = action.error.value ?? asked.value.error;
  const problem = (key: string) => error?.fields.find((f) => f.field === key)?.problem;
  const ruleProblem = (key: string) => {
    const f = error?.fields.find((one) => new RegExp(`^(rules\\.)?${key}([.[]|$)`).test(one.field));
    return f && `${f.field.replace(/^rules\./, '')} ${f.problem}`;
  };
  const set = (part: Partial<Draft>): void => void (draft.value = { ...draft.value, ...part });
  const submit = (): void => action.run(async () => {
    const body = bodyOf(draft.value, policy);
    onDone(await (policy ? patch<Policy>(`policies/${policy.id}`, body) : post<Policy>('policies', body)));
    onClose();
  });
  return (
    <Dialog title={policy ? t('policies.edit_title', { name: policy.name }) : t('policies.add')} onClose={onClose} wide>
      <Form action={policy ? t('common.save') : t('policies.add')} busy={action.busy.value} error={action.error.value} onSubmit={submit} onCancel={onClose}
        disabled={Object.keys(d.rules).length === 0}>
        <div class="cols">
          <Text label={t('policy.name')} value={d.name} required maxLength={100} onValue={(name) => set({ name })} problem={problem('name')} />
          {!policy && (
            <Choice label={t('policy.scope')} value={d.scope} onValue={(scope) => set({ scope })} problem={problem('scope')}
              options={scopes.filter((s) => s !== 'organisation' || !taken).map((s) => [s, t(`policy.scope.${s}`)] as const)} />
          )}
          {d.scope === 'tag' && <Text label={t('policy.tag')} value={d.tag} required maxLength={64} list="tags" onValue={(tag) => set({ tag })} problem={problem('tag')} />}
          {d.scope === 'tag' && (
            <Text label={t('policy.priority')} type="number" min="-1000" max="1000" required value={String(d.priority)} hint={t('policy.priority_hint')}
              onValue={(v) => set({ priority: Number(v) })} problem={problem('priority')} />
          )}
          <datalist id="tags">{tagsInUse().map((tag) => <option key={tag} value={tag} />)}</datalist>
        </div>
        <div class="with-preview">
          <Editor rules={d.rules} choices={choices} onValue={(rules) => set({ rules })} problems={ruleProblem} />
          <Preview of={asked.value} />
        </div>
      </Form>
    </Dialog>
  );
}
