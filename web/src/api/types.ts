// SPDX-License-Identifier: Apache-2.0
// Short names for what the contract calls components. The contract is api/openapi.yaml.
import type { components } from './schema';

type S = components['schemas'];
export type State = S['State'];
export type Kind = S['Kind'];
export type Overview = S['Overview'];
export type OverviewRow = S['OverviewRow'];
export type Monitor = S['Monitor'];
export type MonitorNew = S['MonitorNew'];
export type Check = S['Check'];
export type Series = S['Series'];
export type Uptime = S['Uptime'];
export type Why = S['Why'];
export type Incident = S['Incident'];
export type IncidentFull = S['IncidentFull'];
export type IncidentEvent = IncidentFull['events'][number];
export type Phase = S['Phase'];
export type Severity = S['Severity'];
export type Notice = S['Notice'];
export type Policy = S['Policy'];
export type PolicyRules = S['PolicyRules'];
export type PolicyPreview = S['PolicyPreview'];
export type Maintenance = S['Maintenance'];
export type MaintenanceNew = S['MaintenanceNew'];
export type Occurrence = S['Occurrence'];
export type Rota = S['Rota'];
export type Turn = S['Turn'];
// What a decision saw; the contract leaves it open.
export interface Vote {
  region: string; say: string; counts: boolean; why_not: string | null; said_fail: boolean;
  status: string | null; class: string | null; code: number; since: string | null; last: string | null;
}
export interface Evidence { at: string; verdict: string; n: number; fail: number; ok: number; need: number; regions: Vote[] }
export type Region = S['Region'];
export type Checker = S['Checker'];
export type Channel = S['Channel'];
export type ChannelKindInfo = S['ChannelKindInfo'];
export type ChannelField = ChannelKindInfo['fields'][number];
export type ChannelNotice = S['ChannelNotice'];
export type Attempt = S['Attempt'];
export type ChannelTest = S['ChannelTest'];
export type Tried = S['Tried'];
export type DrillRun = S['DrillRun'];
export type Finding = S['Finding'];
export type Session = S['Session'];
export type Revision = S['Revision'];
export type LiveBatch = S['LiveBatch'];
export type Page<T> = { items: T[]; next: string | null };
