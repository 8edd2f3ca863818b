// SPDX-License-Identifier: Apache-2.0
// One tab holds the connection for all tabs of the browser (HTTP/1.1 allows six), the others
// listen to it. Where the browser has no locks (plain HTTP on another host), each tab has its own.
import type { LiveBatch } from '../api/types';
import { connection, type Connection } from './connection';

type Word =
  | { kind: 'batch'; batch: LiveBatch; seq: string }
  | { kind: 'reset' }
  | { kind: 'connection'; connection: Connection }
  | { kind: 'hello' };

export interface Listener { onBatch(b: LiveBatch, seq: string): void; onReset(): void }

export class Leader {
  private readonly channel = 'BroadcastChannel' in window ? new BroadcastChannel('netpulse-live') : null;
  leading = false;

  constructor(private readonly listener: Listener, private readonly lead: () => void) {}

  start(): void {
    if (this.channel) this.channel.onmessage = (e: MessageEvent<Word>) => this.hear(e.data);
    if (!('locks' in navigator)) {
      this.become();
      return;
    }
    this.channel?.postMessage({ kind: 'hello' } satisfies Word);
    void navigator.locks.request('netpulse-live', () => {
      this.become();
      return new Promise<never>(() => undefined); // until the tab closes
    });
  }

  private become(): void {
    this.leading = true;
    this.lead();
  }

  private hear(word: Word): void {
    if (this.leading) {
      if (word.kind === 'hello') this.tellConnection(connection.peek());
      return;
    }
    if (word.kind === 'batch') this.listener.onBatch(word.batch, word.seq);
    else if (word.kind === 'reset') this.listener.onReset();
    else if (word.kind === 'connection') connection.value = word.connection;
  }

  tellBatch(batch: LiveBatch, seq: string): void {
    this.channel?.postMessage({ kind: 'batch', batch, seq } satisfies Word);
  }

  tellReset(): void {
    this.channel?.postMessage({ kind: 'reset' } satisfies Word);
  }

  tellConnection(c: Connection): void {
    this.channel?.postMessage({ kind: 'connection', connection: c } satisfies Word);
  }
}
