import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The path of a command of the build machine, for use in a machine whose PATH is empty. */
export function pathOf(command: string): string {
  const folders = (process.env.PATH ?? '').split(':');
  return folders.map((folder) => join(folder, command)).find((path) => existsSync(path)) ?? command;
}

/** Resolves when `seen` is true; the test's own time limit ends a wait that is in vain. */
export async function until(seen: () => boolean, otherwise: string | (() => string)): Promise<void> {
  for (let tries = 0; !seen(); tries++) {
    if (tries > 1000)
      throw new Error(`waited in vain: ${typeof otherwise === 'string' ? otherwise : otherwise()}`);
    await new Promise((done) => setTimeout(done, 10));
  }
}

/** A process that has ended but was not waited for yet does not count. */
export function isAlive(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') Z ');
  } catch {
    return false;
  }
}

/** What a process was started as, its arguments apart by NUL; empty when there is no such process. */
export function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return '';
  }
}

/** Sends a signal; false when there is no such process. */
export function kill(pid: number, signal: NodeJS.Signals): boolean {
  // Which would be our own group.
  if (pid === 0) throw new Error('the number of the process is missing');
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
}

/** Ends them, and what they start meanwhile. */
export function endProcessesOf(folder: string): void {
  for (let left = processesOf(folder); left.length > 0; left = processesOf(folder))
    for (const pid of left) kill(pid, 'SIGKILL');
}

/** Every process whose environment names the folder; a killed vm_run leaves some on purpose. */
export function processesOf(folder: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid && isAlive(Number(name)))
    .filter((name) => {
      try {
        return readFileSync(`/proc/${name}/environ`, 'latin1').includes(`${folder}/`);
      } catch {
        return false;
      }
    })
    .map(Number);
}
