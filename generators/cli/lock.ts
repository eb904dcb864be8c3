import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { LOCK } from '../bundle/bundle.ts';
import { ignoringMissing, onDisk, shownPath } from '../disk.ts';
import { AirhiveError } from '../errors.ts';
import { readKeys } from '../inputs/keys.ts';
import { isProfileFile } from '../inputs/profiles.ts';
import { lockNewest } from '../inputs/contents.ts';
import { replaceFile, type PackageSearch } from '../inputs/repository.ts';
import {
  decodeLock,
  encodeLock,
  lockDifferences,
  lockDocument,
  type Asked,
  type Lock,
} from '../packages/lock.ts';
import { askedOf } from '../plan/guest.ts';
import type { ResolvedProfile } from '../profile/resolve.ts';
import { parseMirror } from '../profile/schema.ts';
import { readStock } from '../verify/verify.ts';
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
  const { cwd, signal } = context;
  const profile = await loadProfile(options, context);
  const search = await packageSearch(options, profile, context);
  const out = lockPath(options, profile.name, cwd);
  const shown = shownPath(out, cwd);
  const before = await readDates(out, shown);
  try {
    const made = await lockNewest({ profile, asked: askedOf(profile) }, before, search);
    signal.throwIfAborted();
    await replaceFile(out, encodeLock(made));
    return { lines: [shown], result: { lock: shown, ...lockDocument(made) } };
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new AirhiveError('interrupted', 'interrupted; the lock was not changed', { cause: error });
  }
}

/** How packages are looked for, by the options that `lock` and `build` share. */
export async function packageSearch(
  options: Pick<LockOptions, 'mirror' | 'keys' | 'cache' | 'offline'>,
  profile: ResolvedProfile,
  context: VerbContext,
): Promise<PackageSearch> {
  const { http, clock, signal, reporter } = context;
  return {
    mirrors: options.mirror?.map(parseMirror) ?? profile.alpine.mirrors,
    keys: await readKeys(options.keys, context),
    branch: profile.release.branch,
    arch: profile.release.arch,
    cacheDir: cacheDirectory(options.cache, context),
    offline: options.offline ?? false,
    ...{ http, clock, signal, reporter },
  };
}

/** A lock that a build has to keep to. */
export interface Locked {
  readonly lock: Lock;
  /** Files of the bundle that the lock was taken from, by their SHA-256. */
  readonly stock: ReadonlyMap<string, Uint8Array>;
}

/**
 * The lock that --lock names, a file or a bundle, or else the one that lies where `airhive lock` writes it.
 * @returns undefined when there is none
 * @throws AirhiveError verification when it is not the lock of this profile; usage, disk
 */
export async function loadLock(
  options: { readonly lock?: string | undefined; readonly profile?: string },
  profile: ResolvedProfile,
  asked: Asked,
  { cwd }: VerbContext,
): Promise<Locked | undefined> {
  const path = lockPath({ ...options, out: options.lock }, profile.name, cwd);
  const shown = shownPath(path, cwd);
  const locked = options.lock === undefined ? await readLockFile(path, shown) : await readNamed(path, shown);
  const differences = locked ? lockDifferences(locked.lock, profile.release, asked) : [];
  if (differences.length === 0) return locked;
  throw new AirhiveError(
    'verification',
    [`${shown} is not the lock of this profile:`, ...differences].join('\n  '),
    { hint: 'airhive lock writes a new one' },
  );
}

async function readLockFile(path: string, shown: string): Promise<Locked | undefined> {
  const lock = await readLock(path, shown, 'remove it, then airhive lock writes a new one');
  return lock && { lock, stock: new Map() };
}

async function readNamed(path: string, shown: string): Promise<Locked | undefined> {
  const info = await onDisk('read', shown, () => stat(path));
  if (!info.isDirectory() && !path.endsWith('.tar')) return readLockFile(path, shown);
  const { files, stock } = await readStock(path, shown);
  const lock = decodeLock(Buffer.from(files.get(LOCK)?.bytes ?? []).toString());
  if (lock) return { lock, stock };
  throw new AirhiveError('usage', `there is no ${LOCK} of this airhive in ${shown}`, {
    hint: 'only a bundle that was built with packages or firmware in it has one',
  });
}

/** Beside a profile of the user's; for one that airhive ships, in the current directory. */
function lockPath(
  { out, profile = '' }: { readonly out?: string | undefined; readonly profile?: string },
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
async function readLock(path: string, shown: string, hint: string): Promise<Lock | undefined> {
  const text = await onDisk('read', shown, () => ignoringMissing(readFile(path, 'utf8')));
  if (text === undefined) return undefined;
  const lock = decodeLock(text);
  if (lock) return lock;
  throw new AirhiveError('usage', `${shown} is there, and is not a lock of this airhive`, { hint });
}
