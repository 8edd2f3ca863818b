// SPDX-License-Identifier: Apache-2.0
import { t, type Key } from '../../i18n/alerts';
import { lazy } from '../../ui/lazy';
import './alerts.css';
import { Channels } from './Channels';

const Policies = lazy(() => import('../policies/Policies').then((m) => m.Policies));
const OnCall = lazy(() => import('../oncall/OnCall').then((m) => m.OnCall));

const parts: [string, Key][] = [['', 'alerts.channels'], ['policies', 'alerts.policies'], ['oncall', 'alerts.oncall']];

export function AlertsPage({ part }: { part: string }) {
  return (
    <>
      <h1 id="page-title">{t('alerts.title')}</h1>
      <nav class="subnav" aria-label={t('alerts.parts')}>
        {parts.map(([path, key]) => (
          <a key={path} href={`/app/alerts${path && `/${path}`}`} aria-current={part === path ? 'page' : undefined}>{t(key)}</a>
        ))}
      </nav>
      {part === 'policies' ? <Policies /> : part === 'oncall' ? <OnCall /> : <Channels />}
    </>
  );
}
