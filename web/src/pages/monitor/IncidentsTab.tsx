// SPDX-License-Identifier: Apache-2.0
import { useEffect } from 'preact/hooks';

import { useResource } from '../../api/resource';
import type { Incident, Page } from '../../api/types';
import { t } from '../../i18n/monitor';
import { incidentTick } from '../../live/store';
import { Empty, View } from '../../ui/Notice';
import { IncidentList } from '../incidents/IncidentList';

export function IncidentsTab({ id }: { id: string }) {
  const r = useResource<Page<Incident>>(`incidents?monitor=${id}&limit=50`);
  const tick = incidentTick.value;
  useEffect(() => { if (tick) r.reload(); }, [tick, r.reload]);
  return (
    <View of={r.state.value} retry={r.reload}>
      {(p) => p.items.length === 0 ? <Empty title={t('monitor.no_incident')} /> : <IncidentList items={p.items} />}
    </View>
  );
}
