import { readFile } from 'node:fs/promises';
import type { Contents } from '../bundle/bundle.ts';
import { onDisk } from '../disk.ts';
import { AirhiveError } from '../errors.ts';
import { fileOf, type File } from '../formats/tree.ts';
import {
  APKS,
  fileNameOf,
  lockOf,
  refOf,
  type Asked,
  type Lock,
  type LockedIndex,
  type LockedPackage,
  type PackageRef,
} from '../packages/lock.ts';
import { missingPackages } from '../packages/resolve.ts';
import type { Dependency } from '../packages/version.ts';
import type { ReleasePin } from '../profile/releases.ts';
import {
  fetchIndex,
  fetchPackage,
  type FetchedIndex,
  type FetchedPackage,
  type PackageSearch,
} from './repository.ts';

/* What goes onto the vdisk beside the overlay: the packages that the ISO lacks, and firmware. */

/** Of which profile, and what it asks for. */
export interface Wanted {
  readonly profile: { readonly name: string; readonly release: ReleasePin };
  readonly asked: Asked;
}

/** What was obtained, with the reasons why something is missing: one text for each list that is not empty. */
export interface Obtained extends Contents {
  readonly reasons: { readonly packages?: string; readonly firmware?: string };
}

/** Packages as the indexes of today have them. */
export interface Chosen {
  readonly indexes: readonly LockedIndex[];
  readonly packages: readonly PackageRef[];
}

/** What the guest's list of packages means: any version of each. */
const anyOf = (names: readonly string[]): Dependency[] =>
  names.map((name) => ({ name, conflict: false, operator: '', version: undefined }));

/**
 * Chooses packages from main, and with community beside it only when main will not do.
 * @param before when the indexes of an earlier lock were made, by their paths: seconds since 1970
 * @throws AirhiveError unsupported when they cannot be chosen, verification, network, disk
 */
export async function choosePackages(
  { asked }: Wanted,
  before: ReadonlyMap<string, number>,
  search: PackageSearch,
): Promise<Chosen> {
  if (asked.packages.length === 0) return { indexes: [], packages: [] };
  const [present, wanted] = [anyOf(asked.iso), anyOf(asked.packages)];
  const chosenFrom = (indexes: readonly FetchedIndex[]): Chosen => {
    const packages = indexes.flatMap(({ index }) => index.packages);
    return {
      indexes: indexes.map(({ locked }) => locked),
      packages: missingPackages(packages, present, wanted).map(refOf),
    };
  };
  const main = await fetchIndex('main', before, search);
  try {
    return chosenFrom([main]);
  } catch (error) {
    if (!(error instanceof AirhiveError) || error.kind !== 'unsupported') throw error;
    search.reporter.detail(error.message);
    return chosenFrom([main, await fetchIndex('community', before, search)]);
  }
}

export async function fetchPackages(
  refs: readonly PackageRef[],
  search: PackageSearch,
): Promise<FetchedPackage[]> {
  const fetched: FetchedPackage[] = [];
  for (const ref of refs) fetched.push(await fetchPackage(ref, search));
  return fetched;
}

/**
 * Takes what the indexes of today have.
 * @throws AirhiveError unsupported, verification, disk; of what could not be had the contents say why
 */
export async function takeNewest(wanted: Wanted, search: PackageSearch): Promise<Obtained> {
  const packages = await unlessMissing(async () => {
    const chosen = await choosePackages(wanted, new Map(), search);
    const fetched = await fetchPackages(chosen.packages, search);
    return { indexes: chosen.indexes, items: await Promise.all(fetched.map(readApk)) };
  });
  return contentsOf(wanted, packages);
}

/**
 * Takes exactly what a lock says.
 * @param stock files of an earlier bundle by their SHA-256: mirrors drop old versions
 * @throws AirhiveError network for a package that is on no mirror any more, though they answer; verification, disk
 */
export async function takeLocked(
  wanted: Wanted,
  lock: Lock,
  stock: ReadonlyMap<string, Uint8Array>,
  search: PackageSearch,
): Promise<Obtained> {
  const packages = await unlessMissing(async () => {
    const items: Item[] = [];
    for (const locked of lock.packages) {
      const bytes = stock.get(locked.sha256);
      items.push(bytes ? { locked, file: apkFile(locked, bytes) } : await fetchLocked(locked, search));
    }
    return { indexes: lock.indexes, items };
  });
  return contentsOf(wanted, packages);
}

/** A package and its file on the vdisk. */
interface Item {
  readonly locked: LockedPackage;
  readonly file: File;
}

interface Packages {
  readonly indexes: readonly LockedIndex[];
  readonly items: readonly Item[];
}

function contentsOf({ profile, asked }: Wanted, packages: Packages | NotHad): Obtained {
  if (packages instanceof NotHad)
    return {
      lock: undefined,
      files: [],
      missing: { packages: asked.packages, firmware: [] },
      reasons: { packages: packages.reason },
    };
  const { indexes, items } = packages;
  const lock = lockOf(profile, { asked, indexes, packages: items.map(({ locked }) => locked), firmware: [] });
  return {
    lock: items.length > 0 ? lock : undefined,
    files: items.map(({ file }) => file),
    missing: { packages: [], firmware: [] },
    reasons: {},
  };
}

function apkFile(locked: LockedPackage, bytes: Uint8Array): File {
  return fileOf(`${APKS}/${fileNameOf(locked)}`, bytes);
}

async function readApk({ locked, file }: FetchedPackage): Promise<Item> {
  return { locked, file: apkFile(locked, await onDisk('read', file, () => readFile(file))) };
}

async function fetchLocked(locked: LockedPackage, search: PackageSearch): Promise<Item> {
  const fetched = await fetchPackage(locked, search).catch(async (error: unknown) => {
    if (!isNetwork(error) || search.offline) throw error;
    throw (await goneError(locked, search)) ?? error;
  });
  if (fetched.locked.sha256 === locked.sha256) return readApk(fetched);
  throw new AirhiveError(
    'verification',
    `${fileNameOf(locked)} is another file than the one in the lock: its SHA-256 is ${fetched.locked.sha256}, ` +
      `the lock says ${locked.sha256}`,
    { hint: RENEW },
  );
}

const RENEW = 'airhive lock writes a new lock with what the mirrors have now';

/** Mirrors answer, and do not have a locked package any more. It is not like a missing network: waiting does not help. */
class GoneError extends AirhiveError {}

/** Undefined when the mirrors cannot be reached at all. */
async function goneError(
  { name, version, repository }: LockedPackage,
  search: PackageSearch,
): Promise<GoneError | undefined> {
  try {
    const { index } = await fetchIndex(repository, new Map(), { ...search, oldIndex: false });
    const now = index.packages.find((pkg) => pkg.name === name)?.version;
    const have = now === undefined ? `no ${name} at all` : now === version ? 'it in their index' : now;
    return new GoneError(
      'network',
      `the mirrors do not have ${name} ${version}, which the lock names; they have ${have}`,
      { hint: `${RENEW}; a bundle that was built with this lock has the file: --lock BUNDLE` },
    );
  } catch (error) {
    if (isNetwork(error)) return undefined;
    throw error;
  }
}

/** A part of the contents that could not be had. */
class NotHad {
  readonly reason: string;

  constructor(reason: string) {
    this.reason = reason;
  }
}

/** A build without a network goes on without that part. */
async function unlessMissing<T>(get: () => Promise<T>): Promise<T | NotHad> {
  try {
    return await get();
  } catch (error) {
    if (!isNetwork(error) || error instanceof GoneError) throw error;
    return new NotHad(error.message);
  }
}

function isNetwork(error: unknown): error is AirhiveError {
  return error instanceof AirhiveError && error.kind === 'network';
}
