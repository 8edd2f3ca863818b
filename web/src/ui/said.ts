// SPDX-License-Identifier: Apache-2.0
// The server's sentences name their times in UTC: here they are taken apart, so that the screen
// can show them in the viewer's zone. A time without a day is of the day the sentence was made.
export interface Moment {
  iso: string;
  utc: string;
  dated: boolean;
}

export function partsOf(text: string, made: string): (string | Moment)[] {
  const parts: (string | Moment)[] = [];
  let from = 0;
  for (const m of text.matchAll(/(?:(\d{4}-\d\d-\d\d) )?(\d\d:\d\d:\d\d) UTC/g)) {
    const iso = `${m[1] ?? made.slice(0, 10)}T${m[2]}Z`;
    if (Number.isNaN(Date.parse(iso))) continue;
    if (m.index > from) parts.push(text.slice(from, m.index));
    parts.push({ iso, utc: m[0], dated: m[1] !== undefined });
    from = m.index + m[0].length;
  }
  if (from < text.length) parts.push(text.slice(from));
  return parts;
}
