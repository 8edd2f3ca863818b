// SPDX-License-Identifier: Apache-2.0
// Pages but the first come when they are asked for: the first load stays small.
import { signal } from '@preact/signals';
import type { ComponentType } from 'preact';
import { useEffect } from 'preact/hooks';

import { t } from '../i18n';

export function lazy<P extends object>(load: () => Promise<ComponentType<P>>): ComponentType<P> {
  const found = signal<ComponentType<P> | null>(null);
  const failed = signal(false);
  const start = (): void => {
    failed.value = false;
    load().then((c) => (found.value = c), () => (failed.value = true));
  };
  return function Lazy(props: P) {
    useEffect(() => { if (!found.peek()) start(); }, []);
    const Found = found.value;
    if (Found) return <Found {...props} />;
    if (!failed.value) return <div class="loading page-loading">{t('common.loading')}</div>;
    return (
      <div class="failed" role="alert">
        <p>{t('error.chunk')}</p>
        <button type="button" onClick={start}>{t('error.retry')}</button>{' '}
        <button type="button" onClick={() => location.reload()}>{t('conn.reload')}</button>
      </div>
    );
  };
}
