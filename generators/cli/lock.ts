import { readFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { ignoringMissing, onDisk, shownPath } from '../disk.ts';
import { AirhiveError } from '../errors.ts';
import { readKeys } from '../inputs/keys.ts';
import { isProfileFile } from '../inputs/profiles.ts';
import {
  fetchIndex,
  fetchPackage,
  replaceFile,
  type FetchedIndex,
  type PackageSearch,
} from '../inputs/repository.ts';
import { encodeLock, lockDocument, lockedDates, type Lock, type LockedPackage } from '../packages/lock.ts';
import type { Package } from '../packages/index.ts';
import { missingPackages } from '../packages/resolve.ts';
import type { Dependency } from '../packages/version.ts';
import { fetchedPackages, worldPackages } from '../plan/guest.ts';
import { parseMirror } from '../profile/schema.ts';
import type { ResolvedProfile } from '../profile/resolve.ts';
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
  try {
    const { indexes, chosen } = await choose(profile, before, search);
    const packages: LockedPackage[] = [];
    for (const pkg of chosen) packages.push(await fetchPackage(pkg, search));
    const made: Lock = {
      profile: profile.name,
      release: profile.release,
      indexes: indexes.map(({ locked }) => locked),
      packages,
    };
    signal.throwIfAborted();
    await replaceFile(out, encodeLock(made));
    return { lines: [shown], result: { lock: shown, ...lockDocument(made) } };
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new AirhiveError('interrupted', 'interrupted; the lock was not changed', { cause: error });
  }
}

/** What the guest's list of packages means: any version of each. */
const anyOf = (names: readonly string[]): Dependency[] =>
  names.map((name) => ({ name, conflict: false, operator: '', version: undefined }));

/** Chooses from main, and with community beside it only when main will not do. */
async function choose(
  profile: ResolvedProfile,
  before: ReadonlyMap<string, number>,
  search: PackageSearch,
): Promise<{ indexes: FetchedIndex[]; chosen: Package[] }> {
  const [present, wanted] = [anyOf(worldPackages(profile)), anyOf(fetchedPackages(profile))];
  const main = await fetchIndex('main', before, search);
  try {
    return { indexes: [main], chosen: missingPackages(main.index.packages, present, wanted) };
  } catch (error) {
    if (!(error instanceof AirhiveError) || error.kind !== 'unsupported') throw error;
    search.reporter.detail(error.message);
    const indexes = [main, await fetchIndex('community', before, search)];
    const packages = indexes.flatMap(({ index }) => index.packages);
    return { indexes, chosen: missingPackages(packages, present, wanted) };
  }
}

/** Beside a profile of the user's; for one that airhive ships, in the current directory. */
function lockPath({ out, profile = '' }: LockOptions, name: string, cwd: string): string {
  if (out !== undefined) return resolve(cwd, out);
  const path = resolve(cwd, profile);
  return isProfileFile(profile)
    ? join(dirname(path), `${basename(path).replace(/\.ya?ml$/, '')}.lock.json`)
    : join(cwd, `${name}.lock.json`);
}

/** When the indexes of the lock that is to be replaced were made. */
async function readDates(out: string, shown: string): Promise<ReadonlyMap<string, number>> {
  const text = await onDisk('read', shown, () => ignoringMissing(readFile(out, 'utf8')));
  if (text === undefined) return new Map();
  const dates = lockedDates(text);
  if (dates) return dates;
  throw new AirhiveError('usage', `${shown} is there, and is not a lock of this airhive`, {
    hint: 'name another file with --out, or remove this one',
  });
}
