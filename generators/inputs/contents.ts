import { readFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Contents } from '../bundle/bundle.ts';
import { onDisk } from '../disk.ts';
import { AirhiveError } from '../errors.ts';
import { fileOf, type File } from '../formats/tree.ts';
import {
  APKS,
  fileNameOf,
  FIRMWARE,
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
import { fetchFirmware, keepFirmware, readKept, type Firmware } from './firmware.ts';
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
export interface ObtainedContents extends Contents {
  readonly reasons: { readonly packages?: string; readonly firmware?: string };
  /** Firmware that no package has, where another file of the same card was found. */
  readonly absent: readonly string[];
}

/** What the indexes of today offer. */
interface Choice {
  readonly indexes: readonly LockedIndex[];
  readonly packages: readonly PackageRef[];
  /** A package by its name. */
  readonly find: (name: string) => PackageRef | undefined;
}

/** What the guest's list of packages means: any version of each. */
const anyOf = (names: readonly string[]): Dependency[] =>
  names.map((name) => ({ name, conflict: false, operator: '', version: undefined }));

/**
 * Chooses packages from main, and with community beside it only when main will not do.
 * @throws AirhiveError unsupported when they cannot be chosen, verification, network, disk
 */
async function choosePackages(
  { asked }: Wanted,
  before: ReadonlyMap<string, number>,
  search: PackageSearch,
): Promise<Choice> {
  const nothing = { indexes: [], packages: [], find: () => undefined };
  if (asked.packages.length === 0 && asked.firmware.length === 0) return nothing;
  const [present, wanted] = [anyOf(asked.iso), anyOf(asked.packages)];
  const main = await fetchIndex('main', before, search);
  const chosenFrom = (indexes: readonly FetchedIndex[]): Choice => {
    const packages = indexes.flatMap(({ index }) => index.packages);
    return {
      indexes: indexes.map(({ locked }) => locked),
      packages: asked.packages.length > 0 ? missingPackages(packages, present, wanted).map(refOf) : [],
      find: (name) => main.index.packages.filter((pkg) => pkg.name === name).map(refOf)[0],
    };
  };
  try {
    return chosenFrom([main]);
  } catch (error) {
    if (!(error instanceof AirhiveError) || error.kind !== 'unsupported') throw error;
    search.reporter.detail(error.message);
    return chosenFrom([main, await fetchIndex('community', before, search)]);
  }
}

/** A package, and where its bytes are. */
interface Source {
  readonly locked: LockedPackage;
  readonly bytes: () => Promise<Uint8Array>;
}

/** All that was asked for; of the two parts that could not be had, why. */
interface Parts {
  readonly indexes: readonly LockedIndex[];
  readonly packages: readonly Source[] | NotHad;
  readonly firmware: Firmware | NotHad;
}

function sourceOf({ locked, file }: FetchedPackage): Source {
  return { locked, bytes: () => onDisk('read', file, () => readFile(file)) };
}

/**
 * The lock of what the indexes of today have. All of it is fetched and checked.
 * @param before when the indexes of an earlier lock were made, by their paths: seconds since 1970
 * @throws AirhiveError unsupported when packages cannot be chosen; network, verification, disk
 */
export async function lockNewest(
  wanted: Wanted,
  before: ReadonlyMap<string, number>,
  search: PackageSearch,
): Promise<Lock> {
  return lockOfParts(wanted, await newest(wanted, before, search, (get) => get()));
}

/**
 * Takes what the indexes of today have.
 * @throws AirhiveError unsupported, verification, disk; of what could not be had the result says why
 */
export async function takeNewest(wanted: Wanted, search: PackageSearch): Promise<ObtainedContents> {
  return contentsOf(wanted, await newest(wanted, new Map(), search, unlessMissing));
}

async function newest(
  wanted: Wanted,
  before: ReadonlyMap<string, number>,
  search: PackageSearch,
  part: <T>(get: () => Promise<T>) => Promise<T | NotHad>,
): Promise<Parts> {
  const choice = await part(() => choosePackages(wanted, before, search));
  if (choice instanceof NotHad) return { indexes: [], packages: choice, firmware: choice };
  const { indexes, packages, find } = choice;
  return {
    indexes,
    packages: await part(() => oneByOne(packages, async (ref) => sourceOf(await fetchPackage(ref, search)))),
    firmware: await part(() => fetchFirmware(wanted.asked.firmware, find, search)),
  };
}

async function oneByOne<A, B>(list: readonly A[], get: (one: A) => Promise<B>): Promise<B[]> {
  const got: B[] = [];
  for (const one of list) got.push(await get(one));
  return got;
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
): Promise<ObtainedContents> {
  const packages = await unlessMissing(() =>
    oneByOne(lock.packages, async (locked): Promise<Source> => {
      const bytes = stock.get(locked.sha256);
      if (bytes) return { locked, bytes: () => Promise.resolve(bytes) };
      const fetched = await orGone([locked], search, () => fetchPackage(locked, search));
      requireLocked(locked, fetched.locked);
      return sourceOf(fetched);
    }),
  );
  const firmware = await unlessMissing(() => lockedFirmware(lock, stock, search));
  return contentsOf(wanted, { indexes: lock.indexes, packages, firmware });
}

async function lockedFirmware(
  lock: Lock,
  stock: ReadonlyMap<string, Uint8Array>,
  search: PackageSearch,
): Promise<Firmware> {
  const { firmware: locked, absent: missing } = lock;
  const files: File[] = [];
  for (const { path, sha256 } of locked.flatMap((one) => one.files)) {
    const bytes = stock.get(sha256) ?? (await readKept(search.cacheDir, sha256));
    if (bytes) files.push(fileOf(path, bytes));
  }
  if (files.length === locked.reduce((sum, one) => sum + one.files.length, 0))
    return { locked, files, missing };
  const find = (name: string) => locked.find((one) => one.name === name);
  const taken = await orGone(locked, search, () => fetchFirmware(lock.asked.firmware, find, search));
  for (const one of taken.locked) requireLocked(find(one.name) ?? one, one);
  if (isDeepStrictEqual([taken.locked, taken.missing], [locked, missing])) {
    await keepFirmware(search.cacheDir, taken.files);
    return taken;
  }
  throw new AirhiveError('verification', 'the firmware files in the lock are not those of its packages', {
    hint: RENEW,
  });
}

function lockOfParts({ profile, asked }: Wanted, { indexes, packages, firmware }: Parts): Lock {
  // A part that is not there was, for this lock, not asked for: nobody can take it for a complete one.
  const [sources, askedPackages] = packages instanceof NotHad ? [[], []] : [packages, asked.packages];
  const { locked, missing } = firmware instanceof NotHad ? { locked: [], missing: [] } : firmware;
  return lockOf(profile, {
    asked: {
      iso: asked.iso,
      packages: askedPackages,
      firmware: firmware instanceof NotHad ? [] : asked.firmware,
    },
    indexes,
    packages: sources.map((source) => source.locked),
    firmware: locked,
    absent: missing,
  });
}

async function contentsOf(wanted: Wanted, parts: Parts): Promise<ObtainedContents> {
  const { packages, firmware } = parts;
  const { asked } = wanted;
  const apks = packages instanceof NotHad ? [] : packages;
  const files = [
    ...(await Promise.all(
      apks.map(async ({ locked, bytes }) => fileOf(`${APKS}/${fileNameOf(locked)}`, await bytes())),
    )),
    ...(firmware instanceof NotHad ? [] : firmware.files).map(({ path, bytes }) =>
      fileOf(`${FIRMWARE}/${path}`, bytes),
    ),
  ];
  // Of the files that are listed for a card its driver needs one, and which one depends on the card. So it is without firmware
  // when no package has any of them.
  const [none, why] =
    firmware instanceof NotHad
      ? [asked.firmware, firmware.reason]
      : [firmware.files.length > 0 ? [] : firmware.missing, 'no package of this release has it'];
  return {
    lock: files.length > 0 ? lockOfParts(wanted, parts) : undefined,
    files,
    missing: { packages: packages instanceof NotHad ? asked.packages : [], firmware: none },
    reasons: {
      ...(packages instanceof NotHad && asked.packages.length > 0 ? { packages: packages.reason } : {}),
      ...(none.length > 0 ? { firmware: why } : {}),
    },
    absent: firmware instanceof NotHad || none.length > 0 ? [] : firmware.missing,
  };
}

function requireLocked(locked: LockedPackage, found: LockedPackage): void {
  if (found.sha256 === locked.sha256) return;
  throw new AirhiveError(
    'verification',
    `${fileNameOf(locked)} is another file than the one in the lock: its SHA-256 is ${found.sha256}, ` +
      `the lock says ${locked.sha256}`,
    { hint: RENEW },
  );
}

const RENEW = 'airhive lock writes a new lock with what the mirrors have now';

/** Mirrors answer, and do not have a locked package any more. It is not like a missing network: waiting does not help. */
class GoneError extends AirhiveError {}

/** When one of these packages cannot be had, whether the mirrors answer and have another version. */
async function orGone<T>(
  locked: readonly LockedPackage[],
  search: PackageSearch,
  get: () => Promise<T>,
): Promise<T> {
  try {
    return await get();
  } catch (error) {
    if (!isNetwork(error) || search.offline) throw error;
    for (const one of locked) await refuseGone(one, search);
    throw error;
  }
}

async function refuseGone(
  { name, version, repository }: LockedPackage,
  search: PackageSearch,
): Promise<void> {
  const answer = await unlessMissing(() => fetchIndex(repository, new Map(), { ...search, oldIndex: false }));
  if (answer instanceof NotHad) return;
  const now = answer.index.packages.find((pkg) => pkg.name === name)?.version;
  if (now === version) return;
  throw new GoneError(
    'network',
    `the mirrors do not have ${name} ${version}, which the lock names; they have ${now ?? `no ${name} at all`}`,
    { hint: `${RENEW}; a bundle that was built with this lock has the file: --lock BUNDLE` },
  );
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
