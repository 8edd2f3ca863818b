// SPDX-License-Identifier: Apache-2.0
// Ties it together: overview, then events; overview again after a reset, a changed definition, or a
// long silence.
import { effect } from '@preact/signals';

import { ApiError, get, signedOut } from '../api/client';
import { readSession, session } from '../api/session';
import type { Overview, Session } from '../api/types';
import { connection, type Connection } from './connection';
import { Leader } from './leader';
import { Sse } from './sse';
import { applyBatch, applyOverview, now, overview, wantsOverview } from './store';

let sse: Sse | null = null;
let seq = '';
let reading: Promise<void> | null = null;
let lostSince = 0;

export function readOverview(): Promise<void> {
  reading ??= get<Overview>('overview')
    .then((o) => {
      const before = overview.peek();
      if (before && before.version !== o.version) setConnection({ state: 'new-version' });
      seq = o.seq;
      applyOverview(o);
      if (!session.peek()) void readSession();
    })
    .finally(() => (reading = null));
  return reading;
}

function setConnection(c: Connection): void {
  if (connection.peek().state === 'new-version') return;
  connection.value = c;
  leader.tellConnection(c);
}

async function onReset(): Promise<void> {
  await readOverview();
  if (leader.leading) sse?.restart(seq);
}

async function onLost(retryAt: number): Promise<void> {
  lostSince ||= Date.now();
  setConnection({ state: 'reconnecting', retryAt, since: lostSince });
  // Is the session over, or only the line?
  await get<Session>('session').catch((e: ApiError) => {
    if (e.status !== 401) return;
    signedOut.value = true;
    setConnection({ state: 'signed-out' });
    sse?.stop();
  });
}

function lead(): void {
  sse = new Sse(seq, {
    onBatch: (b, s) => {
      seq = s;
      applyBatch(b);
      leader.tellBatch(b, s);
    },
    onReset: () => {
      leader.tellReset();
      void onReset();
    },
    onOpen: () => {
      lostSince = 0;
      setConnection({ state: 'live', at: Date.now() });
    },
    onLost: (retryAt) => void onLost(retryAt),
  });
  sse.start();
}

const leader = new Leader(
  {
    onBatch: (b, s) => {
      seq = s;
      applyBatch(b);
    },
    onReset: () => void onReset(),
  },
  lead,
);

export async function startLive(): Promise<void> {
  await readOverview();
  leader.start();
  setInterval(() => (now.value = Date.now()), 1000);
  let first = true;
  effect(() => {
    void wantsOverview.value;
    if (!first) setTimeout(() => void readOverview().catch(() => undefined), 50);
    first = false;
  });
}
