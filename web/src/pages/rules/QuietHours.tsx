// SPDX-License-Identifier: Apache-2.0
import { t } from '../../i18n/rules';
import { Check, Text } from '../../ui/Form';
import { without } from '../../ui/without';
import { Zone } from '../../ui/Zone';
import type { Quiet } from './rules';

const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

export function QuietHours({ quiet, onValue }: { quiet: Quiet; onValue: (v: Quiet) => void }) {
  const set = (part: Partial<Quiet>): void => onValue({ ...quiet, ...part });
  const toggle = (day: (typeof days)[number], on: boolean): void => {
    const chosen = days.filter((d) => (d === day ? on : quiet.days?.includes(d)));
    onValue(chosen.length ? { ...quiet, days: chosen } : without(quiet, 'days'));
  };
  return (
    <div class="quiet-hours">
      <div class="cols">
        <Text label={t('rule.from')} type="time" required value={quiet.from} onValue={(from) => set({ from })} />
        <Text label={t('rule.to')} type="time" required value={quiet.to} onValue={(to) => set({ to })} />
        <Zone value={quiet.zone} onValue={(zone) => set({ zone })} />
      </div>
      <fieldset class="days">
        <legend>{t('rule.days')}</legend>
        {days.map((d) => <Check key={d} label={t(`day.${d}`)} checked={quiet.days?.includes(d) ?? false} onValue={(on) => toggle(d, on)} />)}
      </fieldset>
    </div>
  );
}
