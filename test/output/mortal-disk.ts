// Stands in for node:fs/promises and node:process, so that a build can end between any two calls to the disk as if it
// were killed there: its calls wait for ever, and its process number is that of a process that has ended.
import { spawnSync } from 'node:child_process';
import * as real from 'node:fs/promises';
import * as realProcess from 'node:process';
import { setImmediate } from 'node:timers/promises';

let callsLeft = Number.POSITIVE_INFINITY;
let queue: Promise<unknown> = Promise.resolve();
let die = (): void => undefined;
let pid = realProcess.pid;

/** One call at a time, so that none is under way when the build ends; then no more. */
function inTurn<Arguments extends unknown[], Result>(
  call: (...parameters: Arguments) => Promise<Result>,
): (...parameters: Arguments) => Promise<Result> {
  return (...parameters) => {
    const result = queue.then(() => {
      if (callsLeft-- > 0) return call(...parameters);
      die();
      return new Promise<never>(() => undefined);
    });
    queue = result.catch(() => undefined);
    return result;
  };
}

/** The functions of node:fs/promises, and the methods of what `open` returns. */
export function mortalFs(original: typeof real): typeof real {
  const wrapped = Object.fromEntries(
    Object.entries(original).map(([name, value]) => [name, typeof value === 'function' ? inTurn(value as never) : value]),
  ) as typeof real;
  const open = inTurn(async (...parameters: Parameters<typeof real.open>) => {
    const handle = await original.open(...parameters);
    const method = (name: string | symbol): unknown => {
      const value: unknown = Reflect.get(handle, name);
      return typeof value === 'function' ? inTurn(value.bind(handle) as never) : value;
    };
    return new Proxy(handle, { get: (_, name) => method(name) });
  });
  return { ...wrapped, open };
}

export function mortalProcess(original: typeof realProcess): typeof realProcess {
  return Object.defineProperty({ ...original }, 'pid', { get: () => pid });
}

const deadPid = spawnSync('true').pid;

/** Runs a build that ends after so many calls to the disk; false when it came to its own end before. */
export async function runMortal(calls: number, build: () => Promise<void>): Promise<boolean> {
  const death = new Promise<true>((resolve) => (die = () => resolve(true)));
  callsLeft = calls;
  pid = deadPid;
  try {
    return await Promise.race([death, build().then(() => false)]);
  } finally {
    // What the build still wants to call has joined the old queue by then.
    await setImmediate();
    queue = Promise.resolve();
    callsLeft = Number.POSITIVE_INFINITY;
    pid = realProcess.pid;
  }
}
