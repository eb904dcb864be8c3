import { createHash } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  ignoringMissing,
  makeDirectories,
  newOwnedName,
  onDisk,
  syncDirectories,
  writeSafely,
} from '../disk.ts';
import { AirhiveError } from '../errors.ts';
import { sha256 } from '../formats/checksums.ts';
import { HEAD_LIMIT, readPackageHead, type Keys, type PackageHead } from '../packages/archive.ts';
import { INDEX_LIMIT, readIndex, type Index } from '../packages/index.ts';
import {
  dateText,
  fileNameOf,
  REPOSITORIES,
  type LockedIndex,
  type LockedPackage,
  type PackageRef,
  type RepositoryName,
} from '../packages/lock.ts';
import type { Pinned } from './cache.ts';
import { download, MemoryTarget } from './download.ts';
import { feedHash } from './hash.ts';
import { obtain, urlsOf, type Search } from './obtain.ts';

// CACHE/index/BRANCH-REPOSITORY-ARCH.tar.gz: the newest index that was fetched, for --offline and to notice an older one.

/** Where packages of one branch are looked for, and whose signatures are believed. */
export interface PackageSearch extends Search {
  readonly mirrors: readonly string[];
  readonly keys: Keys;
  /** `v3.24`. */
  readonly branch: string;
  readonly arch: string;
  /** Whether an index that was fetched before will do when no mirror can be reached. */
  readonly oldIndex?: boolean;
  /** Indexes that were fetched in this run, by their paths; those that are fetched are put in. */
  readonly indexes?: Map<string, Promise<FetchedIndex>>;
}

/** What follows a mirror's address. */
function pathIn({ branch, arch }: PackageSearch, repository: RepositoryName, file: string): string {
  return `${branch}/${repository}/${arch}/${file}`;
}

/** What a check found wrong, as the end of a sentence about the file; any other error goes on. */
async function problemOf(check: () => Promise<string | undefined>): Promise<string | undefined> {
  try {
    return await check();
  } catch (error) {
    if (!(error instanceof AirhiveError) || error.kind !== 'verification') throw error;
    return error.hint === undefined ? error.message : `${error.message} (${error.hint})`;
  }
}

export interface FetchedIndex {
  readonly index: Index;
  readonly locked: LockedIndex;
}

/**
 * Fetches the index of a repository, checks and reads it, and keeps it in the cache; once in a run for all its bundles.
 * @param before when those of an earlier lock were made, by their paths: seconds since 1970
 * @throws AirhiveError verification for a wrong or an older one, network, disk; the signal's reason when that fires
 */
export function fetchIndex(
  repository: RepositoryName,
  before: ReadonlyMap<string, number>,
  search: PackageSearch,
): Promise<FetchedIndex> {
  const path = pathIn(search, repository, 'APKINDEX.tar.gz');
  const fetching = search.indexes?.get(path) ?? fetchIndexAt(path, repository, before, search);
  search.indexes?.set(path, fetching);
  return fetching;
}

async function fetchIndexAt(
  path: string,
  repository: RepositoryName,
  before: ReadonlyMap<string, number>,
  search: PackageSearch,
): Promise<FetchedIndex> {
  const { branch, arch, keys, cacheDir, mirrors, reporter } = search;
  const place = join(cacheDir, 'index', `${branch}-${repository}-${arch}.tar.gz`);
  const read = async (bytes: Buffer): Promise<FetchedIndex> => {
    const index = await readIndex(bytes, {
      keys,
      arch,
      repository: REPOSITORIES.indexOf(repository),
      what: 'it',
    });
    const { length: size } = bytes;
    return { index, locked: { repository, path, size, sha256: sha256(bytes), date: index.date } };
  };
  const known = await readKnownIndex(place, read);
  if (search.offline) {
    if (known) return known;
    throw notHad(path, `--offline, and it is not in the cache (${place})`);
  }
  const target = new MemoryTarget();
  let fetched: FetchedIndex | undefined;
  const wrong = (): Promise<string | undefined> =>
    problemOf(async () => {
      fetched = await read(target.bytes());
      const newest = Math.max(known?.index.date ?? 0, before.get(path) ?? 0);
      if (fetched.index.date >= newest) return undefined;
      return (
        `it was made on ${dateText(fetched.index.date)}, and one of ${dateText(newest)} has been here: ` +
        'this mirror is behind, or somebody sends an old index'
      );
    });
  const limits = { file: path, limit: INDEX_LIMIT };
  const result = await download(Object.assign(target, { wrong }), limits, urlsOf(mirrors, path), search);
  if ('reason' in result || !fetched) {
    const reason = 'reason' in result ? result.reason : '';
    if (!known || !search.oldIndex) throw notHad(path, reason);
    reporter.warn(`${reason}\n  The one of ${dateText(known.index.date)} in the cache is used.`);
    return known;
  }
  for (const note of fetched.index.notes) reporter.detail(`${path}: ${note}`);
  reporter.step(`read ${path} of ${dateText(fetched.index.date)} from ${result.url}`);
  await replaceFile(place, target.bytes());
  return fetched;
}

/** What was fetched before, if it is still whole and signed by a key that is still believed. */
async function readKnownIndex(
  place: string,
  read: (bytes: Buffer) => Promise<FetchedIndex>,
): Promise<FetchedIndex | undefined> {
  const bytes = await onDisk('read', place, () => ignoringMissing(readFile(place)));
  if (bytes === undefined) return undefined;
  let known: FetchedIndex | undefined;
  await problemOf(async () => {
    known = await read(bytes);
    return undefined;
  });
  return known;
}

/** Writes a file that takes the place of an earlier one as a whole. */
export async function replaceFile(path: string, bytes: Uint8Array): Promise<void> {
  await onDisk('create', dirname(path), () => makeDirectories(dirname(path)));
  const temporary = newOwnedName(path);
  try {
    await writeSafely(temporary, 0o644, bytes);
    await onDisk('rename', path, () => rename(temporary, path));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
  await syncDirectories(dirname(path));
}

/** Why a file could not be had, and what to do. */
export function notHad(file: string, reason: string): AirhiveError {
  // What a download says begins with the name of the file.
  const message = reason.startsWith(`${file} `) ? reason : `${file} could not be had: ${reason}`;
  return new AirhiveError('network', message, {
    hint: 'name a mirror that has it with --mirror, or try again when there is a network',
  });
}

/** A package that was found, and its place on this machine. */
export interface FetchedPackage {
  readonly locked: LockedPackage;
  readonly file: string;
}

/**
 * Finds a package in the cache or on the mirrors. Every byte of it is checked: against the index, against what it says of
 * itself, and its own signature.
 * @throws AirhiveError verification, network, disk; the signal's reason when that fires
 */
export async function fetchPackage(ref: PackageRef, search: PackageSearch): Promise<FetchedPackage> {
  const file = fileNameOf(ref);
  const path = pathIn(search, ref.repository, file);
  let found = '';
  const pin: Pinned = {
    file,
    size: ref.size,
    kind: 'apk',
    hash: ref.checksum,
    wrong: (place, digest) => {
      found = digest;
      return problemOf(() => packageProblem(place, ref, search));
    },
  };
  const obtained = await obtain(pin, urlsOf(search.mirrors, path), search);
  if (obtained.source === 'none') throw notHad(path, obtained.reason);
  return { locked: { ...ref, path, sha256: found }, file: obtained.path };
}

async function packageProblem(
  place: string,
  pkg: PackageRef,
  { keys, signal }: PackageSearch,
): Promise<string | undefined> {
  const handle = await onDisk('read', place, () => open(place));
  try {
    const bytes = Buffer.alloc(Math.min(HEAD_LIMIT, pkg.size));
    const { bytesRead } = await onDisk('read', place, () => handle.read(bytes, 0, bytes.length, 0));
    const head = await readPackageHead(bytes.subarray(0, bytesRead), keys, 'it');
    const hash = createHash('sha256');
    await feedHash(handle, hash, place, signal, head.dataStart);
    return headProblem(head, pkg, hash.digest('hex'));
  } finally {
    await handle.close();
  }
}

/** What is wrong with a package that lies in memory, as the end of a sentence about it: its signature is checked as well. */
export function problemInBytes(bytes: Buffer, pkg: PackageRef, keys: Keys): Promise<string | undefined> {
  return problemOf(async () => {
    const head = await readPackageHead(bytes.subarray(0, HEAD_LIMIT), keys, 'it');
    return headProblem(head, pkg, sha256(bytes.subarray(head.dataStart)));
  });
}

/** @param data the SHA-256 of the package's files */
function headProblem(head: PackageHead, pkg: PackageRef, data: string): string | undefined {
  if (head.checksum !== pkg.checksum)
    return `the SHA-1 of its control part is ${head.checksum}, the index says ${pkg.checksum}`;
  const own = `${head.name} ${head.version} for ${head.arch}`;
  const listed = `${pkg.name} ${pkg.version} for ${pkg.arch}`;
  if (own !== listed) return `it is ${own}, the index says ${listed}`;
  return data === head.dataHash ? undefined : `the SHA-256 of its files is ${data}, it says ${head.dataHash}`;
}
