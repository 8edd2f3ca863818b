// SPDX-License-Identifier: Apache-2.0
// Fields with their words, hints and the server's complaints about them.
import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

import type { ApiError } from '../api/client';
import { t } from '../i18n';
import { Failed } from './Notice';

interface FieldProps { label: string; hint?: string | undefined; problem?: string | undefined; children: (ids: { id: string; 'aria-describedby': string | undefined }) => ComponentChildren }

export function Field({ label, hint, problem, children }: FieldProps) {
  const id = useId();
  const about = hint || problem ? `${id}-about` : undefined;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({ id, 'aria-describedby': about })}
      {about && <p id={about} class={problem ? 'problem' : 'hint'}>{problem ?? hint}</p>}
    </div>
  );
}

interface TextProps { label: string; value: string; onValue: (v: string) => void; hint?: string | undefined; problem?: string | undefined; [attr: string]: unknown }

export function Text({ label, value, onValue, hint, problem, ...rest }: TextProps) {
  return (
    <Field label={label} hint={hint} problem={problem}>
      {(ids) => <input {...ids} {...rest} value={value} aria-invalid={problem ? true : undefined} onInput={(e) => onValue(e.currentTarget.value)} />}
    </Field>
  );
}

export function Area({ label, value, onValue, hint, problem, ...rest }: TextProps) {
  return (
    <Field label={label} hint={hint} problem={problem}>
      {(ids) => <textarea {...ids} {...rest} value={value} onInput={(e) => onValue(e.currentTarget.value)} />}
    </Field>
  );
}

interface ChoiceProps<T extends string> {
  label: string; value: T; options: readonly (readonly [T, string])[]; onValue: (v: T) => void; hint?: string | undefined; problem?: string | undefined; disabled?: boolean;
}

export function Choice<T extends string>({ label, value, options, onValue, hint, problem, disabled }: ChoiceProps<T>) {
  return (
    <Field label={label} hint={hint} problem={problem}>
      {(ids) => (
        <select {...ids} value={value} disabled={disabled} onChange={(e) => onValue(e.currentTarget.value as T)}>
          {options.map(([v, text]) => <option key={v} value={v}>{text}</option>)}
        </select>
      )}
    </Field>
  );
}

export function Check({ label, checked, onValue, disabled }: { label: string; checked: boolean; onValue: (v: boolean) => void; disabled?: boolean }) {
  return (
    <label class="inline">
      <input type="checkbox" checked={checked} disabled={disabled} onChange={(e) => onValue(e.currentTarget.checked)} />{label}
    </label>
  );
}

interface FormProps { action: string; busy: boolean; error: ApiError | null; onSubmit: () => void; onCancel: () => void; children: ComponentChildren; disabled?: boolean }

// A form of a dialog: its fields, what went wrong, and its two buttons.
export function Form({ action, busy, error, onSubmit, onCancel, children, disabled }: FormProps) {
  return (
    <form class="form" onSubmit={(e) => { e.preventDefault(); onSubmit(); }}>
      {children}
      {error && <Failed error={error} />}
      <div class="buttons">
        <button type="button" onClick={onCancel}>{t('common.cancel')}</button>
        <button type="submit" class="primary" disabled={busy || disabled}>{action}</button>
      </div>
    </form>
  );
}
