// SPDX-License-Identifier: Apache-2.0
import { t, type Key } from '../../i18n/maintenance';
import { Check, Choice, Text } from '../../ui/Form';
import { nths, suited, weekdays, type Freq, type Repeat } from './rrule';

interface Props { value: Repeat; start: string; onValue: (r: Repeat) => void; problem: string | undefined }

const freqs: Freq[] = ['none', 'daily', 'weekly', 'day', 'nth', 'custom'];
const ends = ['never', 'until', 'count'] as const;

function By({ r, set }: { r: Repeat; set: (part: Partial<Repeat>) => void }) {
  if (r.freq === 'weekly')
    return (
      <fieldset class="days">
        <legend>{t('mt.days')}</legend>
        {weekdays.map((d) => (
          <Check key={d} label={t(`mt.wd.${d}`)} checked={r.days.includes(d)} onValue={(on) => set({ days: on ? [...r.days, d] : r.days.filter((x) => x !== d) })} />
        ))}
      </fieldset>
    );
  if (r.freq === 'day')
    return <Text label={t('mt.day_of_month')} type="number" min="1" max="31" required value={String(r.day)} hint={t('mt.day_hint')} onValue={(v) => set({ day: Number(v) })} />;
  if (r.freq !== 'nth') return null;
  return (
    <>
      <Choice label={t('mt.which')} value={String(r.nth)} options={nths.map((n) => [String(n), t(`mt.nth.${n}`)] as const)} onValue={(v) => set({ nth: Number(v) })} />
      <Choice label={t('mt.weekday')} value={r.weekday} options={weekdays.map((d) => [d as string, t(`mt.wd.${d}`)] as const)} onValue={(weekday) => set({ weekday })} />
    </>
  );
}

export function RepeatFields({ value: r, start, onValue, problem }: Props) {
  const set = (part: Partial<Repeat>): void => onValue({ ...r, ...part });
  const ruled = r.freq !== 'none' && r.freq !== 'custom';
  return (
    <>
      <div class="cols">
        <Choice label={t('mt.field.repeat')} value={r.freq} options={freqs.map((f) => [f, t(`mt.repeat.${f}` as Key)] as const)} problem={problem}
          onValue={(freq) => onValue({ ...suited(r, start), freq })} />
        {ruled && <Text label={t('mt.interval')} type="number" min="1" max="1000" required value={String(r.interval)} hint={t('mt.interval_hint')} onValue={(v) => set({ interval: Number(v) })} />}
        {r.freq === 'custom' && <Text label={t('mt.rule')} required maxLength={500} placeholder="FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24" value={r.text} onValue={(text) => set({ text })} />}
      </div>
      {r.freq === 'weekly' && <By r={r} set={set} />}
      {ruled && (
        <div class="cols">
          {r.freq !== 'weekly' && <By r={r} set={set} />}
          <Choice label={t('mt.ends')} value={r.ends} options={ends.map((e) => [e, t(`mt.ends.${e}`)] as const)} onValue={(v) => set({ ends: v })} />
          {r.ends === 'until' && <Text label={t('mt.until')} type="date" required value={r.until} min={start.slice(0, 10)} onValue={(until) => set({ until })} />}
          {r.ends === 'count' && <Text label={t('mt.count')} type="number" min="1" max="10000" required value={String(r.count)} onValue={(v) => set({ count: Number(v) })} />}
        </div>
      )}
    </>
  );
}
