// SPDX-License-Identifier: Apache-2.0
// The one connection to /api/v1/events: reconnects with back-off, goes on where it stopped.
import type { LiveBatch } from '../api/types';

export interface SseEvents {
  onBatch(batch: LiveBatch, seq: string): void;
  onReset(): void;
  onOpen(): void;
  onLost(retryAtMs: number): void;
}

const FIRST_MS = 500;
const MAX_MS = 15000;

export class Sse {
  private source: EventSource | null = null;
  private timer = 0;
  private pause = FIRST_MS;

  constructor(private seq: string, private readonly events: SseEvents) {}

  start(): void {
    this.source = new EventSource(`/api/v1/events?since=${encodeURIComponent(this.seq)}`);
    this.source.addEventListener('open', () => {
      this.pause = FIRST_MS;
      this.events.onOpen();
    });
    this.source.addEventListener('batch', (e: MessageEvent<string>) => {
      if (e.lastEventId) this.seq = e.lastEventId;
      this.events.onBatch(JSON.parse(e.data) as LiveBatch, this.seq);
    });
    this.source.addEventListener('reset', () => this.events.onReset());
    this.source.addEventListener('error', () => this.lost());
  }

  // The browser's own reconnect cannot tell a restart from an ended session: ours asks again.
  private lost(): void {
    this.source?.close();
    this.source = null;
    const wait = this.pause * (0.8 + Math.random() * 0.4);
    this.pause = Math.min(this.pause * 2, MAX_MS);
    this.events.onLost(Date.now() + wait);
    this.timer = window.setTimeout(() => this.start(), wait);
  }

  restart(seq: string): void {
    this.stop();
    this.seq = seq;
    this.start();
  }

  stop(): void {
    window.clearTimeout(this.timer);
    this.source?.close();
    this.source = null;
  }
}
