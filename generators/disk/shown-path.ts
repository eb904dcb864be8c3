import { relative } from 'node:path';

/** A path for messages: as seen from the working folder when it lies below that, else as it is. */
export function shownPath(path: string, cwd: string): string {
  const shown = relative(cwd, path);
  return shown === '' || shown.startsWith('..') ? path : shown;
}
