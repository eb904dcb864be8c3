import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Fakes wait for a test, for ever if need be, and a run that is killed cannot end them. So a process beside it does that
 * as soon as the run is gone. Returns where the run's machines are to be: names that begin so. Ended by the function.
 */
export function startGuard(): { readonly prefix: string; readonly end: () => void } {
  const prefix = `${mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'airhive-host-'))}_`;
  const guard = spawn(
    process.execPath,
    [new URL('guard.js', import.meta.url).pathname, prefix.slice(0, -1)],
    {
      // ^C reaches the whole process group of a terminal.
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
      env: {},
    },
  );
  guard.unref();
  return { prefix, end: () => guard.stdin.end() };
}
