// SPDX-License-Identifier: Apache-2.0
import type { OverviewRow, State } from '../api/types';
import { t } from '../i18n';

export type Look = 'up' | 'degraded' | 'down' | 'maintenance' | 'unknown' | 'pending';

const looks: Record<State, Look> = {
  pending: 'pending', up: 'up', suspect: 'up', down: 'down', recovering: 'down', nodata: 'unknown', paused: 'maintenance',
};

type Facts = Pick<OverviewRow, 'state' | 'partial' | 'degraded' | 'failing' | 'assigned'>;

// Colour, shape and word always say the same.
export function lookOf(m: Facts): Look {
  return m.state === 'up' && (m.partial || m.degraded) ? 'degraded' : looks[m.state];
}

export function wordOf(m: Facts): string {
  if (m.state === 'up' && m.partial) return t('state.partial', { failing: m.failing ?? 0, assigned: m.assigned ?? 0 });
  if (m.state === 'up' && m.degraded) return t('state.degraded');
  return t(`state.${m.state}`);
}

export function Icon({ name }: { name: string }) {
  return (
    <svg class={`icon icon-${name}`} aria-hidden="true" viewBox="0 0 16 16">
      <use href={`#i-${name}`} />
    </svg>
  );
}

export function StateBadge({ of }: { of: Facts }) {
  const look = lookOf(of);
  return (
    <span class={`state state-${look}`}>
      <Icon name={look} />
      <span>{wordOf(of)}</span>
    </span>
  );
}
