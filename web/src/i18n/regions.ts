// SPDX-License-Identifier: Apache-2.0
import { texts } from '.';
import { en } from './en';

const own = {
  'regions.title': 'Regions',
  'drill.title': 'Drill',
  'drill.none': 'None yet: it runs once a day.',
  'drill.runs': 'running',
  'drill.ok': 'heard in time',
  'drill.failed': 'not heard in time',
  'drill.times': 'failed a check after {checked}, opened after {opened}, told after {told} of {limit}',
  'drill.incident': 'its incident',
  'drill.start': 'Run a drill',
  'drill.sure': 'Make the region\'s own monitor fail on purpose? Only a sink of NetPulse\'s own is told.',
  'findings.title': 'What the auditor found wrong with NetPulse',
  'findings.severe': 'Severe',
  'findings.major': 'Major',
  'regions.empty': 'No region yet.',
  'regions.checkers': '{connected} of {n} checkers connected',
  'regions.monitors': '{n} monitors',
  'regions.heard': 'Heard from {time}',
  'regions.lag': 'Lag p95',
  'regions.skew': 'Clock off by',
  'regions.cert': 'Certificate until',
  'regions.enrol': 'Enrol a checker',
  'regions.enrol_hint': 'Run this on the new machine and paste the token. It works once, within 15 minutes.',
  'regions.silent': 'Silent: what it watches is unknown, not up.',
  'regions.ban': 'Ban',
  'regions.ban_sure': 'Ban this checker for good? It is cut off within a second and none of its results count any more.',
  'regions.ban_reason': 'Reason',
  'regions.banned': 'banned',
  'regions.version': 'Version',
  'regions.clock_warn': 'This clock is wrong by more than 2 s: results may be refused.',
  'regions.add': 'Add region',
  'regions.name': 'Name: a-z, 0-9 and -',
} as const;

export const t = texts({ ...en, ...own });
export type Key = keyof typeof en | keyof typeof own;
