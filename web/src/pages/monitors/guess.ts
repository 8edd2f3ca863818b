// SPDX-License-Identifier: Apache-2.0
// What somebody who pastes a text most likely wants to watch.
import type { Kind } from '../../api/types';

export interface Guess { kind: Kind; target: string; name: string }

export function guess(text: string): Guess {
  const s = text.trim();
  if (s === '') return { kind: 'http', target: '', name: '' };
  if (/^https?:\/\//i.test(s)) {
    const host = s.replace(/^https?:\/\//i, '').split(/[/?#]/)[0] ?? s;
    return { kind: 'http', target: s, name: host };
  }
  if (/^[^\s/]+:\d{1,5}$/.test(s)) return { kind: 'tcp', target: s, name: s };
  if (/^[\w.-]+\.[a-z]{2,}\/\S*$/i.test(s)) return { kind: 'http', target: `https://${s}`, name: s.split('/')[0] ?? s };
  return { kind: 'icmp', target: s, name: s };
}
