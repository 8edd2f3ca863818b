// SPDX-License-Identifier: Apache-2.0
import type { ComponentChildren } from 'preact';

import { del, signedOut } from '../api/client';
import { local, ms, t, type Key } from '../i18n';
import { connection } from '../live/connection';
import { behind, latencyP95, now, overview } from '../live/store';
import { spoken } from '../live/title';
import { route } from './route';

const pages: [string, Key][] = [
  ['monitors', 'nav.monitors'], ['incidents', 'nav.incidents'], ['maintenance', 'nav.maintenance'], ['alerts', 'nav.alerts'],
  ['regions', 'nav.regions'],
];

function ConnectionState() {
  const c = connection.value;
  if (c.state === 'live')
    return (
      <p class="conn conn-live">
        <span class="dot" aria-hidden="true" />
        {t('conn.live')}
        {latencyP95.value !== null && <span class="quiet"> · {t('conn.latency', { ms: ms(latencyP95.value) })}</span>}
      </p>
    );
  if (c.state === 'reconnecting') {
    const s = Math.max(0, Math.ceil((c.retryAt - now.value) / 1000));
    return (
      <p class="conn conn-lost">
        {t('conn.reconnecting', { s })} · {t('conn.stale', { time: local(new Date(c.since).toISOString()) })}
      </p>
    );
  }
  if (c.state === 'new-version')
    return (
      <p class="conn conn-lost">
        {t('conn.new_version')} <button type="button" onClick={() => location.reload()}>{t('conn.reload')}</button>
      </p>
    );
  return <p class="conn">{t(c.state === 'signed-out' ? 'conn.signed_out' : 'conn.connecting')}</p>;
}

async function signOut(): Promise<void> {
  await del('session').catch(() => undefined);
  signedOut.value = true;
}

export function Shell({ children }: { children: ComponentChildren }) {
  const here = route.value[0] ?? 'monitors';
  const lost = connection.value.state === 'reconnecting';
  return (
    <div class="shell">
      <a class="skip" href="#main">{t('nav.skip')}</a>
      <header class="top">
        <a class="brand" href="/app/">{t('app.name')}</a>
        <nav aria-label={t('nav.main')}>
          {pages.map(([path, key]) => (
            <a key={path} href={`/app/${path}`} aria-current={here === path ? 'page' : undefined}>{t(key)}</a>
          ))}
        </nav>
        <ConnectionState />
        <button type="button" class="plain" onClick={() => void signOut()}>{t('nav.signout')}</button>
      </header>
      {behind.value && <p class="ribbon ribbon-warn" role="status">{t('shell.behind')}</p>}
      {overview.value?.one_machine && <p class="ribbon">{t('shell.one_machine')}</p>}
      <main id="main" class={lost ? 'stale' : ''}>{children}</main>
      <p class="spoken" role="status" aria-live="polite">{spoken.value}</p>
    </div>
  );
}
