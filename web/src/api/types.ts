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
export type Region = S['Region'];
export type Checker = S['Checker'];
export type Channel = S['Channel'];
export type ChannelTest = S['ChannelTest'];
export type Session = S['Session'];
export type Revision = S['Revision'];
export type LiveBatch = S['LiveBatch'];
export type Page<T> = { items: T[]; next: string | null };
