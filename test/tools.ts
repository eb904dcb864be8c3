import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * Is `name` an executable of the PATH? For tests that want an optional Debian tool:
 * `it.skipIf(!hasTool('mdir'))('mtools lists it (needs mdir)', ...)`.
 * With CI=true a missing tool throws instead: there nothing may be skipped.
 */
export function hasTool(name: string): boolean {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const found = folders.some((folder) => folder !== '' && isExecutable(join(folder, name)));
  if (!found && process.env.CI === 'true')
    throw new Error(`CI must have the tool ${name}, but PATH lacks it`);
  return found;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
