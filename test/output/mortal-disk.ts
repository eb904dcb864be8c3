// Stands in for node:fs/promises and node:process, so that a build can end between any two changes of the disk as if it
// were killed there: its calls wait for ever, and its process number is that of a process that has ended.
import { execFileSync } from 'node:child_process';
import type * as Disk from 'node:fs/promises';
import type * as Process from 'node:process';
import { setImmediate } from 'node:timers/promises';
import { AirhiveError } from '../../generators/errors.ts';

let callsLeft = Number.POSITIVE_INFINITY;
let queue: Promise<unknown> = Promise.resolve();
/** What is done instead of a call that is one too many. */
let onLastCall = (call: () => Promise<unknown>): Promise<unknown> => call();
let pid = process.pid;
let runs = 0;

const CHANGES = ['chmod', 'mkdir', 'open', 'rename', 'rm', 'rmdir', 'unlink', 'writeFile'];
const handles = new Set<Disk.FileHandle>();

/** One call at a time, so that none is under way when the build ends; then no more. Only changes are counted. */
function inTurn<Arguments extends unknown[], Result>(
  name: string,
  call: (...parameters: Arguments) => Promise<Result>,
): (...parameters: Arguments) => Promise<Result> {
  const cost = CHANGES.includes(name) ? 1 : 0;
  return (...parameters) => {
    const result = queue.then(() => {
      callsLeft -= cost;
      if (callsLeft >= 0) return call(...parameters);
      return onLastCall(() => call(...parameters)) as Promise<Result>;
    });
    queue = result.catch(() => undefined);
    return result;
  };
}

/** The functions of node:fs/promises, and the methods of what `open` returns. */
export function mortalFs(original: typeof Disk): typeof Disk {
  const functions = Object.entries(original).map(([name, value]) => [
    name,
    typeof value === 'function' ? inTurn(name, value as never) : value,
  ]);
  const open = inTurn('open', async (...parameters: Parameters<typeof Disk.open>) => {
    const handle = await original.open(...parameters);
    handles.add(handle);
    return new Proxy(handle, { get: (_, name) => methodOf(handle, String(name)) });
  });
  return { ...(Object.fromEntries(functions) as typeof Disk), open };
}

function methodOf(handle: Disk.FileHandle, name: string): unknown {
  // A power cut is not what is tried here, and waiting for the disk would be most of the time.
  if (name === 'sync') return () => Promise.resolve();
  if (name === 'close') {
    return inTurn(name, () => {
      handles.delete(handle);
      return handle.close();
    });
  }
  const value: unknown = Reflect.get(handle, name);
  return typeof value === 'function' ? inTurn(name, value.bind(handle) as never) : value;
}

export function mortalProcess(original: typeof Process): typeof Process {
  const kill: typeof Process.kill = (target, signal) => target === pid || original.kill(target, signal);
  return Object.defineProperty({ ...original, kill }, 'pid', { get: () => pid });
}

/** Process numbers of processes that have ended. */
const deadPids = execFileSync('sh', ['-c', 'for i in 1 2 3 4 5 6 7 8; do sh -c "echo \\$\\$"; done'])
  .toString()
  .trim()
  .split('\n')
  .map(Number);

/** Runs a build that ends after so many changes of the disk; false when it came to its own end before. */
export function runMortal(calls: number, build: () => Promise<void>): Promise<boolean> {
  const death = new Promise<true>((resolve) => {
    onLastCall = () => {
      resolve(true);
      return new Promise(() => undefined);
    };
  });
  return asDeadProcess(calls, () => Promise.race([death, build().then(() => false)]));
}

/**
 * Runs a build in which the change of the disk after so many fails, and no other. Returns how the build ended: `done`,
 * the kind of its error, or undefined when it came to its end before.
 */
export function runFailing(calls: number, build: () => Promise<void>): Promise<string | undefined> {
  onLastCall = () => {
    callsLeft = Number.POSITIVE_INFINITY;
    return Promise.reject(Object.assign(new Error('EIO'), { code: 'EIO' }));
  };
  return asDeadProcess(calls, async () => {
    const end = await build().then(
      () => 'done',
      (error: unknown) => (error instanceof AirhiveError ? error.kind : 'bug'),
    );
    return callsLeft === Number.POSITIVE_INFINITY ? end : undefined;
  });
}

/** Runs a build, and something else before the change of the disk after so many; false when it came to its end before. */
export function runDisturbed(
  calls: number,
  build: () => Promise<void>,
  disturb: () => void,
): Promise<boolean> {
  onLastCall = (call) => {
    callsLeft = Number.POSITIVE_INFINITY;
    disturb();
    return call();
  };
  return asDeadProcess(calls, async () => {
    await build();
    return callsLeft === Number.POSITIVE_INFINITY;
  });
}

async function asDeadProcess<T>(calls: number, run: () => Promise<T>): Promise<T> {
  callsLeft = calls;
  pid = deadPids[runs++ % deadPids.length]!;
  try {
    return await run();
  } finally {
    // What the build still wants to call has joined the old queue by then.
    await setImmediate();
    for (const handle of handles) await handle.close();
    handles.clear();
    queue = Promise.resolve();
    callsLeft = Number.POSITIVE_INFINITY;
    pid = process.pid;
  }
}
