import { readdir, readFile } from 'node:fs/promises';
import { basename, join, relative, resolve } from 'node:path';
import { AirhiveError, diskError, systemCodeOf } from '../errors.ts';
import { compareCodeUnits } from '../formats/order.ts';
import { nearestName } from '../profile/nearest.ts';
import type { ProfileSource } from '../profile/resolve.ts';
import type { Source } from '../profile/document.ts';

/** Pins, not a profile, although it lies beside them. */
const RELEASES = 'releases.yaml';
const EXTENSION = '.yaml';

/** Names of the profiles that airhive ships, in code unit order. */
export async function listProfiles(root: string): Promise<string[]> {
  const folder = join(root, 'profiles');
  try {
    return (await readdir(folder))
      .filter((file) => file.endsWith(EXTENSION) && file !== RELEASES)
      .map((file) => file.slice(0, -EXTENSION.length))
      .sort(compareCodeUnits);
  } catch (error) {
    throw diskError('read', folder, error);
  }
}

/**
 * Reads the profile that `wanted` means: a file when it has a slash or ends in .yaml or .yml, else one that airhive
 * ships. Messages name the file as seen from the working folder.
 * @throws AirhiveError usage for a name that is not there, disk for a file that cannot be read
 */
export async function readProfile(wanted: string, at: { root: string; cwd: string }): Promise<ProfileSource> {
  const isFile = wanted.includes('/') || /\.ya?ml$/.test(wanted);
  const path = isFile ? resolve(at.cwd, wanted) : join(at.root, 'profiles', `${wanted}${EXTENSION}`);
  try {
    const text = await readFile(path, 'utf8');
    return { file: shownPath(path, at.cwd), text, name: basename(path).replace(/\.ya?ml$/, '') };
  } catch (error) {
    if (isFile || systemCodeOf(error) !== 'ENOENT') throw diskError('read', shownPath(path, at.cwd), error);
    throw await unknownProfile(wanted, at.root);
  }
}

/** Reads the file of pinned releases: the user's, or the one that airhive ships. */
export async function readReleases(file: string | undefined, at: { root: string; cwd: string }): Promise<Source> {
  const path = file === undefined ? join(at.root, 'profiles', RELEASES) : resolve(at.cwd, file);
  try {
    return { file: shownPath(path, at.cwd), text: await readFile(path, 'utf8') };
  } catch (error) {
    throw diskError('read', shownPath(path, at.cwd), error);
  }
}

async function unknownProfile(wanted: string, root: string): Promise<AirhiveError> {
  const names = await listProfiles(root);
  const near = nearestName(wanted, names);
  const meant = near === undefined ? '' : ` Did you mean ${near}?`;
  return new AirhiveError('usage', `there is no profile ${JSON.stringify(wanted)}; there are: ${names.join(', ')}.${meant}`, {
    hint: 'a profile of your own is named as a file: ./my.yaml',
  });
}

/** Relative when that is shorter to read, i.e. when the file lies below the working folder. */
function shownPath(path: string, cwd: string): string {
  const shown = relative(cwd, path);
  return shown === '' || shown.startsWith('..') ? path : shown;
}
