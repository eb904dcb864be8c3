// Stands in for node:fs/promises in a child process, so that it can be killed between any two changes of the disk.
import * as real from 'fs/promises';

let left = Number(process.env.CALLS_TO_LIVE ?? Number.POSITIVE_INFINITY);
let made = 0;

/** Calls that change the disk so far. */
export const callsMade = (): number => made;

/** The same function, but the process ends by SIGKILL where the last call it may make would be over. */
function counted<Arguments extends unknown[], Result>(
  change: (...parameters: Arguments) => Result,
): (...parameters: Arguments) => Result {
  return (...parameters) => {
    if (left-- <= 0) process.kill(process.pid, 'SIGKILL');
    made++;
    return change(...parameters);
  };
}

export const { lstat, readdir, readFile, stat } = real;
export const chmod = counted(real.chmod);
export const mkdir = counted(real.mkdir);
export const open = counted(real.open);
export const rename = counted(real.rename);
export const rm = counted(real.rm);
export const rmdir = counted(real.rmdir);
export const unlink = counted(real.unlink);
export const writeFile = counted(real.writeFile);
