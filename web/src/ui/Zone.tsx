// SPDX-License-Identifier: Apache-2.0
import { t } from '../i18n';
import { Text } from './Form';

export const zoneHere = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';

const zones = (): string[] => ['UTC', ...Intl.supportedValuesOf('timeZone').filter((z) => z !== 'UTC')];

export function Zone({ value, onValue, problem }: { value: string; onValue: (v: string) => void; problem?: string | undefined }) {
  return (
    <>
      <Text label={t('zone.label')} value={value} onValue={onValue} list="zones" required maxLength={64} autocomplete="off" problem={problem} hint={t('zone.hint')} />
      <datalist id="zones">{zones().map((z) => <option key={z} value={z} />)}</datalist>
    </>
  );
}
