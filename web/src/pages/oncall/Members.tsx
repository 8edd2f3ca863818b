// SPDX-License-Identifier: Apache-2.0
import type { Channel } from '../../api/types';
import { t } from '../../i18n/oncall';
import { Choice } from '../../ui/Form';
import { moved } from './order';

export function Members({ chosen, channels, onValue }: { chosen: string[]; channels: Channel[]; onValue: (ids: string[]) => void }) {
  const nameOf = (id: string): string => channels.find((c) => c.id === id)?.name ?? t('oncall.gone');
  const rest = channels.filter((c) => !chosen.includes(c.id));
  return (
    <fieldset class="members">
      <legend>{t('oncall.members')}</legend>
      <ol>
        {chosen.map((id, i) => {
          const name = nameOf(id);
          const button = (text: string, label: string, off: boolean, onClick: () => void) => (
            <button type="button" aria-label={label} disabled={off} onClick={onClick}>{text}</button>
          );
          return (
            <li key={id}>
              <span class="member">{name}</span>
              <span class="buttons">
                {button(t('oncall.short_up'), t('oncall.up', { name }), i === 0, () => onValue(moved(chosen, i, -1)))}
                {button(t('oncall.short_down'), t('oncall.down', { name }), i === chosen.length - 1, () => onValue(moved(chosen, i, 1)))}
                {button(t('oncall.short_remove'), t('oncall.remove', { name }), false, () => onValue(chosen.filter((c) => c !== id)))}
              </span>
            </li>
          );
        })}
      </ol>
      {rest.length > 0 && (
        <Choice label={t('oncall.member_add')} value="" onValue={(id) => id && onValue([...chosen, id])}
          options={[['', t('oncall.member_choose')] as const, ...rest.map((c) => [c.id, c.name] as const)]} />
      )}
    </fieldset>
  );
}
