// SPDX-License-Identifier: Apache-2.0
// Who is signed in, and what that identity may do. Until it is known, nothing may be changed.
import { signal } from '@preact/signals';

import { get } from './client';
import type { Session } from './types';

export const session = signal<Session | null>(null);

export async function readSession(): Promise<void> {
  session.value = await get<Session>('session').catch(() => session.peek());
}

export const may = (action: string): boolean => session.value?.actions.includes(action) ?? false;
