// SPDX-License-Identifier: Apache-2.0
import { useSignal } from '@preact/signals';

import { patch, post } from '../../api/client';
import type { Channel, ChannelField, ChannelKindInfo } from '../../api/types';
import { t } from '../../i18n/alerts';
import { Dialog } from '../../ui/Dialog';
import { Check, Choice, Form, Text } from '../../ui/Form';
import { useAction } from '../../ui/useAction';
import { bodyOf, draftOf, isKept, isNeeded, problemAt, type Draft } from './form';

interface Props { kinds: ChannelKindInfo[]; channels: Channel[]; channel: Channel | null; onClose: () => void; onDone: () => void }
const types: Record<string, string> = { url: 'url', email: 'email', text: 'text' };

function hintOf(f: ChannelField, channel: Channel | null): string {
  const about = !f.secret ? '' : t(isKept(f, channel) ? 'alerts.secret_kept' : 'alerts.secret_hint');
  return [f.hint && `${f.hint}.`, about].filter(Boolean).join(' ');
}

function Input({ f, p, draft, set, problem }: { f: ChannelField; p: Props; draft: Draft; set: (d: Partial<Draft>) => void; problem: string | undefined }) {
  const value = draft.values[f.key] ?? '';
  const label = f.required ? f.label : t('alerts.field_optional', { label: f.label });
  const change = (v: string): void => set({ values: { ...draft.values, [f.key]: v } });
  if (f.type === 'choice') return <Choice label={label} value={value} options={f.choices.map((c) => [c, c] as const)} onValue={change} hint={hintOf(f, p.channel)} problem={problem} />;
  const forgets = draft.forget.includes(f.key);
  return (
    <>
      <Text label={label} value={value} type={f.secret ? 'password' : types[f.type]} autocomplete="off" required={isNeeded(f, p.channel)} disabled={forgets}
        onValue={change} hint={hintOf(f, p.channel)} problem={problem} />
      {!f.required && isKept(f, p.channel) && (
        <Check label={t('alerts.forget', { label: f.label })} checked={forgets}
          onValue={(on) => set({ forget: on ? [...draft.forget, f.key] : draft.forget.filter((k) => k !== f.key) })} />
      )}
    </>
  );
}

export function ChannelDialog(p: Props) {
  const first = p.kinds.find((k) => k.kind === (p.channel?.kind ?? 'email')) ?? p.kinds[0]!;
  const draft = useSignal(draftOf(first, p.channel));
  const secret = useSignal('');
  const action = useAction();
  const kind = p.kinds.find((k) => k.kind === draft.value.kind) ?? first;
  const set = (part: Partial<Draft>): void => void (draft.value = { ...draft.value, ...part });
  const submit = (): void => action.run(async () => {
    const body = bodyOf(kind, draft.value, p.channel !== null);
    const made = await (p.channel ? patch<Channel>(`channels/${p.channel.id}`, body) : post<Channel>('channels', body));
    p.onDone();
    const shown = made.config.secret ?? '';
    if (!p.channel && shown && shown !== '********') secret.value = shown;
    else p.onClose();
  });
  const others = p.channels.filter((c) => c.id !== p.channel?.id);
  const problem = (key: string) => problemAt(action.error.value, key);
  const known = ['name', 'fallback', ...kind.fields.map((f) => f.key)];
  const unknown = action.error.value && !known.some(problem) ? action.error.value : null;
  if (secret.value)
    return (
      <Dialog title={t('alerts.add')} onClose={p.onClose}>
        <p>{t('alerts.secret')}</p><pre class="secret">{secret.value}</pre>
        <div class="buttons"><button type="button" class="primary" onClick={p.onClose}>{t('alerts.copied')}</button></div>
      </Dialog>
    );
  return (
    <Dialog title={p.channel ? t('alerts.edit_title', { name: p.channel.name }) : t('alerts.add')} onClose={p.onClose}>
      <Form action={p.channel ? t('common.save') : t('alerts.add')} busy={action.busy.value} error={unknown} onSubmit={submit} onCancel={p.onClose}>
        {!p.channel && (
          <Choice label={t('alerts.kind')} value={kind.kind as string} options={p.kinds.map((k) => [k.kind, k.label] as const)}
            onValue={(v) => (draft.value = { ...draftOf(p.kinds.find((k) => k.kind === v) ?? first, null), name: draft.value.name })} />
        )}
        <Text label={t('alerts.name')} value={draft.value.name} required maxLength={100} onValue={(name) => set({ name })} hint={t('alerts.name_hint')} problem={problem('name')} />
        {kind.fields.map((f) => <Input key={`${kind.kind} ${f.key}`} f={f} p={p} draft={draft.value} set={set} problem={problem(f.key)} />)}
        {others.length > 0 && (
          <Choice label={t('alerts.fallback')} value={draft.value.fallback} onValue={(fallback) => set({ fallback })} problem={problem('fallback')}
            options={[['', t('alerts.no_fallback')] as const, ...others.map((c) => [c.id, c.name] as const)]} />
        )}
      </Form>
    </Dialog>
  );
}
