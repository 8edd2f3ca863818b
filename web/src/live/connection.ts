// SPDX-License-Identifier: Apache-2.0
import { signal } from '@preact/signals';

export type Connection =
  | { state: 'connecting' }
  | { state: 'live'; at: number }
  | { state: 'reconnecting'; retryAt: number; since: number }
  | { state: 'signed-out' }
  | { state: 'new-version' };

export const connection = signal<Connection>({ state: 'connecting' });
