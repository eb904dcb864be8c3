import type { Clock } from '../ports.ts';

/** A time limit that can be moved forward while something still happens. */
export interface TimeLimit {
  /** Fires when the time is up, when the outer signal fires, or after `end`. */
  readonly signal: AbortSignal;
  /** Was the time up before `end`? */
  expired(): boolean;
  /** The limit is now `ms` from now. */
  extend(ms: number): void;
  /** Stops the clock and fires the signal, so that whatever still hangs on it lets go. */
  end(): void;
}

/** Starts a limit of `ms` milliseconds. `end` must be called in the end. */
export function startTimeLimit(clock: Clock, ms: number, outer: AbortSignal): TimeLimit {
  const controller = new AbortController();
  let deadline = clock.monotonic() + ms;
  let expired = false;

  const watch = async (): Promise<void> => {
    for (let left = ms; left > 0; left = deadline - clock.monotonic()) {
      await clock.sleep(left, controller.signal);
    }
    expired = true;
    controller.abort();
  };
  // It rejects only because `end` woke it.
  watch().catch(() => undefined);

  return {
    signal: AbortSignal.any([outer, controller.signal]),
    expired: () => expired,
    extend: (more) => void (deadline = clock.monotonic() + more),
    end: () => controller.abort(),
  };
}
