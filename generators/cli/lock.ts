import { readFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { ignoringMissing, onDisk, shownPath } from '../disk.ts';
import { AirhiveError } from '../errors.ts';
import { readKeys } from '../inputs/keys.ts';
import { isProfileFile } from '../inputs/profiles.ts';
import { choosePackages, fetchPackages } from '../inputs/contents.ts';
import { replaceFile, type PackageSearch } from '../inputs/repository.ts';
import { decodeLock, encodeLock, lockDocument, lockOf, type Lock } from '../packages/lock.ts';
import { askedOf } from '../plan/guest.ts';
import { parseMirror } from '../profile/schema.ts';
import { cacheDirectory } from './cache-directory.ts';
import { loadProfile } from './prepare.ts';
import type { Outcome, VerbContext } from './world.ts';

export interface LockOptions {
  readonly profile?: string;
  readonly out?: string;
  readonly mirror?: readonly string[];
  readonly releases?: string;
  readonly keys?: string;
  readonly cache?: string;
  readonly offline?: boolean;
}

/**
 * Chooses, fetches and checks the packages that the guest needs and the ISO lacks, and writes down which they are.
 * What lay there before stays whole until the new lock is complete.
 */
export async function lock(options: LockOptions, context: VerbContext): Promise<Outcome> {
  const { cwd, http, clock, signal, reporter } = context;
  const mirrors = options.mirror?.map(parseMirror);
  const profile = await loadProfile(options, context);
  const out = lockPath(options, profile.name, cwd);
  const shown = shownPath(out, cwd);
  const before = await readDates(out, shown);
  const search: PackageSearch = {
    mirrors: mirrors ?? profile.alpine.mirrors,
    keys: await readKeys(options.keys, context),
    branch: profile.release.branch,
    arch: profile.release.arch,
    cacheDir: cacheDirectory(options.cache, context),
    offline: options.offline ?? false,
    ...{ http, clock, signal, reporter },
  };
  const wanted = { profile, asked: askedOf(profile) };
  try {
    const { indexes, packages } = await choosePackages(wanted, before, search);
    const fetched = await fetchPackages(packages, search);
    const made = lockOf(profile, {
      asked: wanted.asked,
      indexes,
      packages: fetched.map(({ locked }) => locked),
      firmware: [],
    });
    signal.throwIfAborted();
    await replaceFile(out, encodeLock(made));
    return { lines: [shown], result: { lock: shown, ...lockDocument(made) } };
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new AirhiveError('interrupted', 'interrupted; the lock was not changed', { cause: error });
  }
}

/** Beside a profile of the user's; for one that airhive ships, in the current directory. */
export function lockPath(
  { out, profile = '' }: Pick<LockOptions, 'out' | 'profile'>,
  name: string,
  cwd: string,
): string {
  if (out !== undefined) return resolve(cwd, out);
  const path = resolve(cwd, profile);
  return isProfileFile(profile)
    ? join(dirname(path), `${basename(path).replace(/\.ya?ml$/, '')}.lock.json`)
    : join(cwd, `${name}.lock.json`);
}

/** When the indexes of the lock that is to be replaced were made. */
async function readDates(out: string, shown: string): Promise<ReadonlyMap<string, number>> {
  const lock = await readLock(out, shown, 'name another file with --out, or remove this one');
  return new Map(lock?.indexes.map(({ path, date }) => [path, date]));
}

/**
 * @returns undefined when there is no such file
 * @throws AirhiveError usage, with this hint, when it is no lock; disk
 */
export async function readLock(path: string, shown: string, hint: string): Promise<Lock | undefined> {
  const text = await onDisk('read', shown, () => ignoringMissing(readFile(path, 'utf8')));
  if (text === undefined) return undefined;
  const lock = decodeLock(text);
  if (lock) return lock;
  throw new AirhiveError('usage', `${shown} is there, and is not a lock of this airhive`, { hint });
}
