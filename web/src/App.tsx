// SPDX-License-Identifier: Apache-2.0
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

import { ApiError, signedOut } from './api/client';
import { t } from './i18n';
import { startLive } from './live/live';
import { watchTitle } from './live/title';
import { MonitorsPage } from './pages/monitors/MonitorsPage';
import { SignIn } from './pages/signin/SignIn';
import { Empty, Failed } from './ui/Notice';
import { lazy } from './ui/lazy';
import { route } from './ui/route';
import { Shell } from './ui/Shell';

const AlertsPage = lazy(() => import('./pages/alerts/AlertsPage').then((m) => m.AlertsPage));
const IncidentPage = lazy(() => import('./pages/incident/IncidentPage').then((m) => m.IncidentPage));
const IncidentsPage = lazy(() => import('./pages/incidents/IncidentsPage').then((m) => m.IncidentsPage));
const MonitorPage = lazy(() => import('./pages/monitor/MonitorPage').then((m) => m.MonitorPage));
const MaintenancePage = lazy(() => import('./pages/maintenance/MaintenancePage').then((m) => m.MaintenancePage));
const RegionsPage = lazy(() => import('./pages/regions/RegionsPage').then((m) => m.RegionsPage));

function NotFound() {
  return (
    <Empty title={t('error.no_page')} hint={location.pathname}>
      <a href="/app/">{t('error.no_page_go')}</a>
    </Empty>
  );
}

function Page() {
  const [place, id, more] = route.value;
  if (more !== undefined) return <NotFound />;
  if (place === 'monitors' && id) return <MonitorPage key={id} id={id} />;
  if (place === 'incidents' && id) return <IncidentPage key={id} id={id} />;
  if (place === 'alerts' && (!id || id === 'policies' || id === 'oncall')) return <AlertsPage part={id ?? ''} />;
  if (id) return <NotFound />;
  if (place === 'incidents') return <IncidentsPage />;
  if (place === 'maintenance') return <MaintenancePage />;
  if (place === 'regions') return <RegionsPage />;
  return !place || place === 'monitors' ? <MonitorsPage /> : <NotFound />;
}

let started = false;

export function App() {
  const ready = useSignal(false);
  const error = useSignal<ApiError | null>(null);
  const start = (): void => {
    error.value = null;
    startLive().then(
      () => (ready.value = true),
      (e: ApiError) => e.status !== 401 && (error.value = e),
    );
  };
  useEffect(() => {
    if (started || signedOut.value) return;
    started = true;
    watchTitle();
    start();
  }, []);
  if (signedOut.value) return <SignIn onDone={() => location.reload()} />;
  if (error.value) return <main><Failed error={error.value} retry={start} /></main>;
  if (!ready.value) return <main class="loading">{t('common.loading')}</main>;
  return <Shell><Page /></Shell>;
}
