import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { shownPath } from '../disk.ts';
import { AirhiveError, diskError } from '../errors.ts';
import type { Source } from '../profile/document.ts';
import { readText } from './profiles.ts';

/**
 * Reads the file given with --secrets, if nobody but its owner can. A pipe, as from a password manager, will do.
 * @throws AirhiveError usage when others may read it, disk when it cannot be read
 */
export async function readSecrets(wanted: string, cwd: string): Promise<Source> {
  const path = resolve(cwd, wanted);
  const file = shownPath(path, cwd);
  try {
    // One handle for both questions: the file that was looked at is the file that is read.
    const handle = await open(path, 'r');
    try {
      const info = await handle.stat();
      if (info.isDirectory()) throw new AirhiveError('disk', `cannot read ${file}: it is a directory`);
      if ((info.mode & 0o077) !== 0) throw readableByOthers(file, info.mode);
      return { file, text: await readText(handle, file) };
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw error instanceof AirhiveError ? error : diskError('read', file, error);
  }
}

function readableByOthers(file: string, mode: number): AirhiveError {
  const bits = (mode & 0o777).toString(8).padStart(4, '0');
  return new AirhiveError('usage', `${file} holds secrets, but its mode ${bits} opens it to others`, {
    hint: `chmod 600 ${file}`,
  });
}
