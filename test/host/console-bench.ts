import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Machine } from './machine.ts';

/** Somebody who is on the null modem with cu(1): its process, which goes when it is told to. */
export async function attach(
  machine: Machine,
  b: string,
): Promise<{ pid: number; leave: () => Promise<void> }> {
  const env = machine.variables();
  const child = spawn(join(env.FAKES ?? '', 'cu'), ['-s', '115200', '-l', b], {
    env,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  const leave = async (): Promise<void> => {
    child.stdin.end();
    await once(child, 'exit');
  };
  return { pid: child.pid ?? 0, leave };
}
