// SPDX-License-Identifier: Apache-2.0
// The rules of one monitor: what people set here, what comes from policies, and what all of it means.
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

import { patch } from '../../api/client';
import { useResource } from '../../api/resource';
import { may } from '../../api/session';
import type { Channel, Monitor, Page, Policy } from '../../api/types';
import { t } from '../../i18n/monitor';
import { t as tr } from '../../i18n/rules';
import { overview, rows } from '../../live/store';
import { Choice } from '../../ui/Form';
import { Failed } from '../../ui/Notice';
import { useAction } from '../../ui/useAction';
import { without } from '../../ui/without';
import { TryRules } from '../rules/TryRules';
import { Editor } from '../rules/Editor';
import { groups, patched, patchOf, type Rules } from '../rules/rules';

const keys: readonly string[] = groups.flatMap(([, list]) => [...list]);
export type Given = Rules & { parent?: string; policy?: string };

// Of all that was written, what this form is about.
export function givenOf(given: Record<string, unknown>): Given {
  return Object.fromEntries(Object.entries(given).filter(([k, v]) => v !== null && (keys.includes(k) || k === 'parent' || k === 'policy')));
}

function Applying({ monitor }: { monitor: Monitor }) {
  const list = monitor.policies ?? [];
  if (list.length === 0) return <p class="quiet">{t('alerting.no_policy')}</p>;
  return <p class="quiet">{t('alerting.policies')} {list.map((p, i) => <span key={p.id}>{i > 0 && ', '}<a href="/app/alerts/policies">{p.name}</a></span>)}</p>;
}

export function AlertingTab({ monitor, reload }: { monitor: Monitor; reload: () => void }) {
  const before = givenOf(monitor.given ?? {});
  const draft = useSignal<Given>(before);
  const action = useAction();
  const saved = useSignal(false);
  const channels = useResource<Page<Channel>>('channels');
  const policies = useResource<Page<Policy>>('policies');
  const written = JSON.stringify(before);
  const base = useSignal(before);
  useEffect(() => {
    const next = JSON.parse(written) as Given;
    draft.value = patched(next, patchOf(base.peek(), draft.peek()));
    base.value = next;
  }, [written, draft, base]);
  const { parent, policy, ...rules } = draft.value;
  const choices = {
    channels: (channels.state.value.data?.items ?? []).map((c) => ({ id: c.id, name: c.name, note: c.kind })),
    regions: (overview.value?.regions ?? []).map((r) => r.name),
  };
  const set = (next: Given): void => { draft.value = next; saved.value = false; };
  const link = (key: 'parent' | 'policy', id: string): void => {
    set((id ? { ...draft.value, [key]: id } : without(draft.value, key)) as Given);
  };
  const changes = patchOf(before, draft.value);
  const problems = (key: string) => action.error.value?.fields.find((f) => f.field.split(/[.[]/)[0] === key)?.problem;
  const submit = (e: Event): void => {
    e.preventDefault();
    action.run(async () => {
      await patch(`monitors/${monitor.id}`, patchOf(before, draft.value));
      saved.value = true;
      reload();
    });
  };
  const others = [...rows.values()].map((r) => r.peek()).filter((r) => r.id !== monitor.id);
  const named = (policies.state.value.data?.items ?? []).filter((p) => p.scope === 'named');
  const off = !may('monitor.edit');
  return (
    <form class="form" onSubmit={submit}>
      {monitor.sentence && <p class="sentence">{monitor.sentence}</p>}
      <Applying monitor={monitor} />
      <p class="quiet">{t('alerting.about')}</p>
      <div class="cols">
        <Choice label={tr('rule.parent')} value={parent ?? ''} hint={tr('rule.parent_hint')} problem={problems('parent')} disabled={off} onValue={(id) => link('parent', id)}
          options={[['', tr('rule.parent_none')] as const, ...others.map((o) => [o.id, o.name] as const)]} />
        <Choice label={tr('rule.policy')} value={policy ?? ''} problem={problems('policy')} disabled={off} onValue={(id) => link('policy', id)}
          options={[['', tr('rule.policy_none')] as const, ...named.map((p) => [p.id, p.name] as const)]} />
      </div>
      <Editor rules={rules} now={monitor as unknown as Record<string, unknown>} choices={choices} problems={problems} disabled={off}
        onValue={(next) => set({ ...next, ...(parent ? { parent } : {}), ...(policy ? { policy } : {}) })} />
      <TryRules monitor={monitor} rules={rules} />
      {action.error.value && <Failed error={action.error.value} />}
      <div class="buttons">
        <p role="status" class="quiet">{saved.value && t('alerting.saved')}</p>
        <button type="button" disabled={Object.keys(changes).length === 0} onClick={() => set(before)}>{t('alerting.reset')}</button>
        <button type="submit" class="primary" disabled={off || action.busy.value || Object.keys(changes).length === 0}>{t('alerting.save')}</button>
      </div>
    </form>
  );
}
