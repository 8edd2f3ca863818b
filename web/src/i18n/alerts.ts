// SPDX-License-Identifier: Apache-2.0
import { texts, words } from '.';
import { en } from './en';
import { notices } from './notices';

const own = {
  ...notices,
  'alerts.title': 'Alerts',
  'alerts.parts': 'Parts of this page',
  'alerts.channels': 'Channels',
  'alerts.policies': 'Policies',
  'alerts.oncall': 'On call',
  'alerts.empty': 'Nobody is told yet.',
  'alerts.empty_hint': 'Add a channel: an e-mail address, a webhook, or one of a dozen services.',
  'alerts.add': 'Add channel',
  'alerts.edit': 'Edit',
  'alerts.edit_title': 'Edit {name}',
  'alerts.kind': 'Kind',
  'alerts.name': 'Name',
  'alerts.name_hint': 'As people will read it in rules and timelines.',
  'alerts.fallback': 'If it can finally not be delivered, tell',
  'alerts.no_fallback': 'nobody else',
  'alerts.field_optional': '{label} (optional)',
  'alerts.secret_kept': 'Kept secret. Leave it empty to keep what is there.',
  'alerts.secret_hint': 'Kept secret: never shown again.',
  'alerts.forget': 'Forget: {label}',
  'alerts.test': 'Send test',
  'alerts.testing': 'Sending…',
  'alerts.secret': 'Signing key, shown only now:',
  'alerts.copied': 'I have copied it',
  'alerts.last': 'Last delivery {time}: {outcome}',
  'alerts.never': 'Nothing sent yet',
  'alerts.week': '7 days: {p} delivered',
  'alerts.week_n': '{sent} delivered, {dead} not',
  'alerts.week_none': '7 days: nothing to deliver',
  'alerts.delete_sure': 'Delete the channel {name}? Nobody is told there any more.',
  'alerts.result': '{outcome} after {ms} ms: {answer}',
  'alerts.queued': 'Not tried within 10 s; it stays queued.',
  'alerts.falls_back': 'falls back to {name}',
  'alerts.notices': 'Notices',
  'alerts.notices_none': 'No notice went there yet.',
  'alerts.search': 'Search channels',
  'alerts.none_match': 'No channel matches.',
} as const;

export const t = texts({ ...en, ...own });
export type Key = keyof typeof en | keyof typeof own;
export const word = words(own);
