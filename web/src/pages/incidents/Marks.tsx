// SPDX-License-Identifier: Apache-2.0
import type { Incident, Severity } from '../../api/types';
import { t } from '../../i18n/incident';
import { Icon } from '../../ui/Icon';

const looks = { open: 'down', acknowledged: 'degraded', resolved: 'up' } as const;

export function IncidentBadge({ state }: { state: Incident['state'] }) {
  return <span class={`state state-${looks[state]}`}><Icon name={looks[state]} />{t(`incident.state.${state}`)}</span>;
}

const bars = { minor: 1, major: 2, critical: 3 } as const;

// One to three bars beside the word.
export function SeverityMark({ severity }: { severity: Severity }) {
  return (
    <span class={`severity severity-${severity}`}>
      <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
        {[1, 2, 3].map((n) => <rect key={n} x={n * 5 - 4} y={13 - n * 4} width="4" height={n * 4 + 2} class={n <= bars[severity] ? 'on' : 'off'} />)}
      </svg>
      {t(`severity.${severity}`)}
    </span>
  );
}
