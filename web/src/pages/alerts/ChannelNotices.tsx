// SPDX-License-Identifier: Apache-2.0
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

import { usePages } from '../../api/pages';
import type { Channel, ChannelNotice } from '../../api/types';
import { t, word } from '../../i18n/alerts';
import { Delivery } from '../../ui/Delivery';
import { View } from '../../ui/Notice';
import { At } from '../../ui/Time';

function List({ channel }: { channel: Channel }) {
  const r = usePages<ChannelNotice>(`channels/${channel.id}/notices?limit=20`);
  const seen = channel.last_delivery?.at ?? '';
  useEffect(() => { if (seen) r.reload(); }, [seen, r.reload]);
  return (
    <View of={r.state.value} retry={r.reload} height="4rem">
      {(items) => items.length === 0 ? <p class="quiet">{t('alerts.notices_none')}</p> : (
        <>
          <ul class="told">
            {items.map((n) => (
              <li key={n.key}>
                <span class="quiet"><At at={n.created_at} /></span>
                {n.incident_id ? <a href={`/app/incidents/${n.incident_id}`}>{n.monitor_name || word('notice.kind', n.kind)}</a> : <span>{n.monitor_name}</span>}
                <span>{word('notice.kind', n.kind)}</span>
                <Delivery of={n} />
              </li>
            ))}
          </ul>
          {r.more.value && <button type="button" onClick={r.readMore}>{t('common.more')}</button>}
        </>
      )}
    </View>
  );
}

export function ChannelNotices({ channel }: { channel: Channel }) {
  const open = useSignal(false);
  return (
    <details class="channel-notices" onToggle={(e) => (open.value = e.currentTarget.open)}>
      <summary>{t('alerts.notices')}</summary>
      {open.value && <List channel={channel} />}
    </details>
  );
}
