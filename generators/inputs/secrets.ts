import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { AirhiveError, diskError } from '../errors.ts';
import type { Source } from '../profile/document.ts';

/**
 * Reads the file given with --secrets, if nobody but its owner can.
 * @throws AirhiveError usage when others may read it, disk when it cannot be read
 */
export async function readSecrets(file: string, cwd: string): Promise<Source> {
  const path = resolve(cwd, file);
  try {
    // One handle for both questions: the file that was looked at is the file that is read.
    const handle = await open(path, 'r');
    try {
      const { mode } = await handle.stat();
      if ((mode & 0o077) !== 0) {
        throw new AirhiveError('usage', `${file} holds secrets, but its mode ${(mode & 0o777).toString(8)} lets others read it`, {
          hint: `chmod 600 ${file}`,
        });
      }
      return { file, text: await handle.readFile('utf8') };
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw error instanceof AirhiveError ? error : diskError('read', file, error);
  }
}
