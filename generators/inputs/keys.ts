import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { shownPath } from '../disk.ts';
import { AirhiveError, diskError, ownFileError } from '../errors.ts';
import { compareCodeUnits } from '../formats/order.ts';
import { parseKey, type Keys } from '../packages/archive.ts';
import { readTextFile } from './profiles.ts';

const KEY = '.rsa.pub';

/**
 * The keys that may have signed indexes and packages: those in the user's directory, or Alpine's, which airhive ships.
 * @throws AirhiveError usage when there is none or one cannot be read as a key, disk
 */
export async function readKeys(wanted: string | undefined, at: { root: string; cwd: string }): Promise<Keys> {
  const directory = wanted === undefined ? join(at.root, 'profiles/keys') : resolve(at.cwd, wanted);
  const shown = shownPath(directory, at.cwd);
  try {
    const names = (await readdir(directory)).filter((name) => name.endsWith(KEY)).sort(compareCodeUnits);
    const keys = new Map(
      await Promise.all(
        names.map(async (name) => {
          const file = join(shown, name);
          return [name, parseKey(file, await readTextFile(join(directory, name), file))] as const;
        }),
      ),
    );
    if (keys.size > 0) return keys;
  } catch (error) {
    if (error instanceof AirhiveError) throw error;
    throw wanted === undefined ? ownFileError(directory, error) : diskError('read', shown, error);
  }
  throw new AirhiveError('usage', `there is no key in ${shown}`, {
    hint: 'put the public key there that the repository is signed with, as NAME.rsa.pub',
  });
}
