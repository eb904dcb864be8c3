import { setTimeout as pause } from 'node:timers/promises';

/**
 * Tries until a condition holds and returns its value (anything but undefined, null and false). Throws after `seconds`
 * with what the last try said.
 */
export async function eventually<T>(
  what: string,
  seconds: number,
  attempt: () => Promise<T | undefined | null | false>,
  every = 0.25,
): Promise<T> {
  const end = Date.now() + seconds * 1000;
  let last: unknown = 'nothing yet';
  for (;;) {
    try {
      const value = await attempt();
      if (value !== undefined && value !== null && value !== false) return value;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) {
      throw new Error(
        `${what}: not within ${seconds} s (${last instanceof Error ? last.message : String(last)})`,
      );
    }
    await pause(every * 1000);
  }
}
