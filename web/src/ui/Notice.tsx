// SPDX-License-Identifier: Apache-2.0
// Empty, loading, failed: every page has all three.
import type { ComponentChildren } from 'preact';

import type { ApiError } from '../api/client';
import type { Loaded } from '../api/resource';
import { local, t } from '../i18n';

export function Empty({ title, hint, children }: { title: string; hint?: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {hint && <p>{hint}</p>}
      {children}
    </div>
  );
}

export function Failed({ error, retry, at }: { error: ApiError; retry?: () => void; at?: number }) {
  return (
    <div class="failed" role="alert">
      <p>{error.status === 403 ? t('error.forbidden') : error.message}</p>
      {error.fields.length > 0 && (
        <ul>{error.fields.map((f) => <li key={f.field}><code>{f.field}</code>: {f.problem}</li>)}</ul>
      )}
      {at ? <p>{t('error.old', { time: local(new Date(at).toISOString()) })}</p> : null}
      {error.requestId && <p class="quiet">{t('error.request', { id: error.requestId })}</p>}
      {retry && <button type="button" onClick={retry}>{t('error.retry')}</button>}
    </div>
  );
}

interface ViewProps<T> { of: Loaded<T>; retry: () => void; height?: string; children: (data: T) => ComponentChildren }

// Old data stays on screen, greyed, when reading again fails.
export function View<T>({ of, retry, height = '12rem', children }: ViewProps<T>) {
  if (of.data === null && of.error) return <Failed error={of.error} retry={retry} />;
  if (of.data === null) return <div class="loading" style={{ minHeight: height }}>{t('common.loading')}</div>;
  return (
    <>
      {of.error && <Failed error={of.error} retry={retry} at={of.at} />}
      <div class={of.error ? 'stale' : ''}>{children(of.data)}</div>
    </>
  );
}
