// SPDX-License-Identifier: Apache-2.0
import { texts } from '.';
import { en } from './en';

const own = {
  'alerts.title': 'Alerts',
  'alerts.empty': 'Nobody is told yet.',
  'alerts.empty_hint': 'Add a channel: an e-mail address or a webhook.',
  'alerts.add': 'Add channel',
  'alerts.kind': 'Kind',
  'alerts.webhook': 'Webhook',
  'alerts.email': 'E-mail',
  'alerts.name': 'Name',
  'alerts.url': 'URL',
  'alerts.to': 'Address',
  'alerts.test': 'Send test',
  'alerts.testing': 'Sending…',
  'alerts.secret': 'Signing key, shown only now:',
  'alerts.last': 'Last delivery {time}: {outcome}',
  'alerts.never': 'Nothing sent yet',
  'alerts.week': '7 days: {sent} delivered, {dead} not',
  'alerts.delete_sure': 'Delete the channel {name}? Nobody is told there any more.',
  'alerts.result': '{outcome} after {ms} ms: {answer}',
  'alerts.queued': 'Not tried within 10 s; it stays queued.',
  'alerts.rule': 'Every channel hears of every monitor: once when it goes down, hourly while it stays down, once when it is up again.',
} as const;

export const t = texts({ ...en, ...own });
export type Key = keyof typeof en | keyof typeof own;
