// SPDX-License-Identifier: Apache-2.0
import { texts } from '.';
import { en } from './en';

const own = {
  'monitor.back': 'All monitors',
  'monitor.since': 'for {time}',
  'monitor.check': 'Check now',
  'monitor.pause': 'Pause',
  'monitor.resume': 'Resume',
  'monitor.delete': 'Delete',
  'monitor.delete_sure': 'Delete {name}? Its open incident is closed, its history is kept for the audit.',
  'monitor.asked': 'Every region checks now.',
  'monitor.why': 'Why?',
  'monitor.uptime': 'Uptime',
  'monitor.observed': '{p} observed',
  'monitor.cert': 'Certificate until {time}',
  'monitor.times': 'Response time',
  'monitor.tab.checks': 'Checks',
  'monitor.tab.incidents': 'Incidents',
  'monitor.tab.revisions': 'Revisions',
  'monitor.tabs': 'Details of the monitor',
  'monitor.regions': 'Regions',
  'monitor.alone': 'Only one region watches this: there is no second opinion.',
  'monitor.rule': 'Down when {quorum} of {n} regions fail {fail_after} times in a row for {confirm} s; up again after {recover} s.',
  'monitor.no_incident': 'No incident.',
  'monitor.by': 'by {actor}',
  'monitor.gone': 'There is no such monitor.',
  'check.slot': 'Slot',
  'check.region': 'Region',
  'check.status': 'Status',
  'check.time': 'Time',
  'check.attempt': 'Attempt',
  'check.what': 'What happened',
  'check.none': 'No result yet.',
  'chart.summary': '{n} results; half of them within {p50}, 95 % within {p95}, 99 % within {p99}.',
  'chart.none': 'No response times in this range yet.',
  'chart.table': 'Show as table',
  'chart.csv': 'CSV',
  'chart.range.1h': '1 hour',
  'chart.range.24h': '24 hours',
  'chart.range.7d': '7 days',
  'chart.range.30d': '30 days',
  'chart.range': 'Range',
  'chart.label': 'Response time chart',
} as const;

export const t = texts({ ...en, ...own });
export type Key = keyof typeof en | keyof typeof own;
