import { setTimeout } from 'node:timers/promises';
import type { Clock } from '../../generators/ports.ts';

/** Time as it passes. */
export const realClock: Clock = {
  monotonic: () => performance.now(),
  sleep: (ms, signal) => setTimeout(ms, undefined, { signal }),
};

interface Sleeper {
  readonly until: number;
  readonly wake: () => void;
}

/**
 * Virtual time. Pauses of less than 5 s (back-off) pass at once and are written down;
 * longer ones are limits, and pass when the test calls `advance`.
 */
export class FakeClock implements Clock {
  readonly pauses: number[] = [];
  #now = 0;
  readonly #sleepers = new Set<Sleeper>();

  monotonic(): number {
    return this.#now;
  }

  async sleep(ms: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (ms < 5_000) {
      this.pauses.push(ms);
      this.advance(ms);
      return;
    }
    const until = this.#now + ms;
    await new Promise<void>((resolve, reject) => {
      const sleeper = { until, wake: resolve };
      this.#sleepers.add(sleeper);
      signal.addEventListener('abort', () => {
        this.#sleepers.delete(sleeper);
        reject(signal.reason as Error);
      });
    });
  }

  advance(ms: number): void {
    this.#now += ms;
    for (const sleeper of this.#sleepers) {
      if (sleeper.until > this.#now) continue;
      this.#sleepers.delete(sleeper);
      sleeper.wake();
    }
  }
}
