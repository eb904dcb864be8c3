import { open, readdir, type FileHandle } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { shownPath } from '../disk.ts';
import { AirhiveError, diskError, ownFileError } from '../errors.ts';
import { compareCodeUnits } from '../formats/order.ts';
import type { Source } from '../profile/document.ts';
import { nearestName } from '../profile/issues.ts';
import type { ProfileSource } from '../profile/resolve.ts';

const RELEASES = 'releases.yaml';
const CARDS = 'cards.yaml';

/** Tables that profiles refer to, not profiles, although they lie beside them. */
const TABLES: ReadonlySet<string> = new Set([RELEASES, CARDS]);

const EXTENSION = '.yaml';

/** Names of the profiles that airhive ships, in code unit order. */
export async function listProfiles(root: string): Promise<string[]> {
  const directory = join(root, 'profiles');
  try {
    return (await readdir(directory))
      .filter((file) => file.endsWith(EXTENSION) && !TABLES.has(file))
      .map((file) => file.slice(0, -EXTENSION.length))
      .sort(compareCodeUnits);
  } catch (error) {
    throw ownFileError(directory, error);
  }
}

/** A profile is named as a file when it has a slash or ends in .yaml or .yml; else it is one that airhive ships. */
export function isProfileFile(wanted: string): boolean {
  return wanted.includes('/') || /\.ya?ml$/.test(wanted);
}

/**
 * Reads the profile that `wanted` means, a file or one that airhive ships. Messages name the file as seen from the working
 * directory.
 * @throws AirhiveError usage for a name that is not there, disk for a file that cannot be read
 */
export async function readProfile(wanted: string, at: { root: string; cwd: string }): Promise<ProfileSource> {
  const isFile = isProfileFile(wanted);
  if (!isFile && !(await listProfiles(at.root)).includes(wanted)) throw await unknownProfile(wanted, at.root);
  const path = isFile ? resolve(at.cwd, wanted) : join(at.root, 'profiles', `${wanted}${EXTENSION}`);
  const file = shownPath(path, at.cwd);
  return { file, text: await read(path, file, isFile), name: basename(path).replace(/\.ya?ml$/, '') };
}

/** Reads the file of pinned releases: the user's, or the one that airhive ships. */
export async function readReleases(
  file: string | undefined,
  at: { root: string; cwd: string },
): Promise<Source> {
  const path = file === undefined ? join(at.root, 'profiles', RELEASES) : resolve(at.cwd, file);
  const shown = shownPath(path, at.cwd);
  return { file: shown, text: await read(path, shown, file !== undefined) };
}

/** Reads the table of cards that airhive ships. */
export async function readCards(at: { root: string; cwd: string }): Promise<Source> {
  const path = join(at.root, 'profiles', CARDS);
  const shown = shownPath(path, at.cwd);
  return { file: shown, text: await read(path, shown, false) };
}

async function read(path: string, shown: string, isUsers: boolean): Promise<string> {
  try {
    return await readTextFile(path, shown);
  } catch (error) {
    if (error instanceof AirhiveError) throw error;
    throw isUsers ? diskError('read', shown, error) : ownFileError(path, error);
  }
}

async function unknownProfile(wanted: string, root: string): Promise<AirhiveError> {
  const names = await listProfiles(root);
  const near = nearestName(wanted, names);
  const meant = near === undefined ? '' : ` Did you mean ${near}?`;
  return new AirhiveError(
    'usage',
    `there is no profile ${JSON.stringify(wanted)}; there are: ${names.join(', ')}.${meant}`,
    {
      hint: 'a profile of your own is named as a file: ./my.yaml',
    },
  );
}

/** Bytes. What profiles, pins and secrets may have at most is less, and is checked with a better message. */
const LIMIT = 1024 * 1024;

/**
 * Reads a text that a person wrote, from a file or a pipe.
 * @throws AirhiveError usage when it is longer than any such text, or not UTF-8; else what the system says
 */
export async function readText(handle: FileHandle, shown: string): Promise<string> {
  const bytes = Buffer.alloc(LIMIT + 1);
  let size = 0;
  for (;;) {
    // No position: a pipe has none.
    const { bytesRead } = await handle.read(bytes, size, bytes.length - size, null);
    size += bytesRead;
    if (bytesRead === 0) break;
    if (size > LIMIT)
      throw new AirhiveError('usage', `${shown} is no text for airhive: it is longer than 1 MiB`);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(0, size));
  } catch (cause) {
    throw new AirhiveError('usage', `${shown} is not UTF-8 text`, { cause, hint: 'save it as UTF-8' });
  }
}

/** The same from a path. */
export async function readTextFile(path: string, shown: string): Promise<string> {
  const handle = await open(path, 'r');
  try {
    return await readText(handle, shown);
  } finally {
    await handle.close();
  }
}
