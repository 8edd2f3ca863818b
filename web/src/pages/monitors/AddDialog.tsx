// SPDX-License-Identifier: Apache-2.0
import { useSignal } from '@preact/signals';

import { post } from '../../api/client';
import type { Kind, Monitor, MonitorNew } from '../../api/types';
import { t, type Key } from '../../i18n';
import { readOverview } from '../../live/live';
import { overview } from '../../live/store';
import { Dialog } from '../../ui/Dialog';
import { Failed } from '../../ui/Notice';
import { go } from '../../ui/route';
import { useAction } from '../../ui/useAction';
import { guess } from './guess';

const kinds: Kind[] = ['http', 'tcp', 'icmp', 'dns', 'tls'];
const quorums = ['majority', 'all', 'any'] as const;

function bodyOf(form: FormData): MonitorNew {
  const text = (name: string) => String(form.get(name) ?? '').trim();
  const kind = text('kind') as Kind;
  const regions = form.getAll('regions').map(String);
  const tags = text('tags').split(',').map((s) => s.trim()).filter(Boolean);
  const body: MonitorNew = { name: text('name'), kind, target: text('target'), interval_s: Number(text('interval_s')) };
  if (text('timeout_s')) body.timeout_s = Number(text('timeout_s'));
  body.quorum = text('quorum') as 'majority';
  if (regions.length) body.regions = regions;
  if (tags.length) body.tags = tags;
  const assertions: NonNullable<MonitorNew['assertions']> = [];
  if (kind === 'http' && text('status')) assertions.push({ source: 'status', op: 'eq', value: Number(text('status')), soft: false });
  if (kind === 'http' && text('contains')) assertions.push({ source: 'body', op: 'contains', value: text('contains'), soft: false });
  if (assertions.length) body.assertions = assertions;
  if (kind === 'dns') body.options = { record: (text('record') || 'A') as 'A' };
  return body;
}

function Field({ label, name, ...rest }: { label: Key; name: string; [attr: string]: unknown }) {
  return <label>{t(label)}<input name={name} {...rest} /></label>;
}

export function AddDialog({ onClose }: { onClose: () => void }) {
  const g = useSignal(guess(''));
  const kind = useSignal<Kind | null>(null);
  const name = useSignal<string | null>(null); // null: not typed, so the guess stands
  const action = useAction();
  const shown = kind.value ?? g.value.kind;
  const submit = (e: Event): void => {
    e.preventDefault();
    const body = bodyOf(new FormData(e.currentTarget as HTMLFormElement));
    action.run(async () => {
      const made = await post<Monitor>('monitors', body);
      await readOverview();
      onClose();
      if (made.id) go(`monitors/${made.id}`);
    });
  };
  return (
    <Dialog title={t('add.title')} onClose={onClose}>
      <form onSubmit={submit} class="form">
        <Field label="add.target" name="target" required autofocus placeholder="https://example.org" defaultValue=""
          onInput={(e: Event) => (g.value = guess((e.currentTarget as HTMLInputElement).value))} />
        <p class="quiet">{t('add.target_hint')}</p>
        <div class="cols">
          <Field label="add.name" name="name" required maxlength={200} value={name.value ?? g.value.name}
            onInput={(e: Event) => (name.value = (e.currentTarget as HTMLInputElement).value)} />
          <label>
            {t('add.kind')}
            <select name="kind" value={shown} onChange={(e) => (kind.value = e.currentTarget.value as Kind)}>
              {kinds.map((k) => <option key={k} value={k}>{k}</option>)}
            </select>
          </label>
          <Field label="add.interval" name="interval_s" type="number" min="5" max="86400" defaultValue="60" required />
        </div>
        <fieldset>
          <legend>{t('add.regions')}</legend>
          {overview.value?.regions.map((r) => (
            <label key={r.id} class="inline"><input type="checkbox" name="regions" value={r.name} defaultChecked />{r.name}</label>
          ))}
        </fieldset>
        <details>
          <summary>{t('add.more')}</summary>
          <div class="cols">
            <label>{t('add.quorum')}
              <select name="quorum">{quorums.map((q) => <option key={q} value={q}>{t(`quorum.${q}`)}</option>)}</select>
            </label>
            <Field label="add.timeout" name="timeout_s" type="number" min="0.1" max="60" step="0.1" />
            {shown === 'http' && <Field label="add.status" name="status" type="number" min="100" max="599" />}
            {shown === 'http' && <Field label="add.body" name="contains" />}
            {shown === 'dns' && <Field label="add.record" name="record" defaultValue="A" />}
            <Field label="add.tags" name="tags" />
          </div>
        </details>
        {action.error.value && <Failed error={action.error.value} />}
        <div class="buttons">
          <button type="button" onClick={onClose}>{t('common.cancel')}</button>
          <button type="submit" class="primary" disabled={action.busy.value}>{t('add.go')}</button>
        </div>
      </form>
    </Dialog>
  );
}
