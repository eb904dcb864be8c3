import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ignoringMissing, onDisk } from '../disk.ts';
import { AirhiveError, diskError } from '../errors.ts';
import { sha256 } from '../formats/checksums.ts';
import { fileOf, type File } from '../formats/tree.ts';
import { takeFirmware, type Taken } from '../packages/firmware.ts';
import type { LockedFirmware, PackageRef } from '../packages/lock.ts';
import { firmwarePackage } from '../profile/cards.ts';
import { fetchPackage, replaceFile, type FetchedPackage, type PackageSearch } from './repository.ts';

/** Firmware as it goes onto the vdisk. */
export interface Firmware {
  /** The packages that something was taken out of, by their names. */
  readonly locked: readonly LockedFirmware[];
  /** Relative to the directory of the firmware. */
  readonly files: readonly File[];
  /** Names that no package has. */
  readonly missing: readonly string[];
}

/** A file beside its directory is looked for here, too: older branches have no other package for them. */
const OTHER = 'linux-firmware-other';

/**
 * Fetches the packages that have these files, and takes the files out of them.
 * @param wanted names as the profile and the table of cards have them
 * @param find a package by its name, from an index or from a lock; undefined when there is none
 * @throws AirhiveError verification, network, disk; the signal's reason when that fires
 */
export async function fetchFirmware(
  wanted: readonly string[],
  find: (name: string) => PackageRef | undefined,
  search: PackageSearch,
): Promise<Firmware> {
  const collected = new Collected(find, search);
  const missing = await collected.take(wanted, firmwarePackage);
  const loose = missing.filter((name) => !name.includes('/') && firmwarePackage(name) !== OTHER);
  const nowhere = await collected.take(loose, () => OTHER);
  return {
    ...collected.result(),
    missing: missing.filter((name) => !loose.includes(name) || nowhere.includes(name)),
  };
}

/** What one package was asked for, and what was taken out of it. */
interface Part {
  readonly fetched: FetchedPackage;
  readonly files: Map<string, File>;
}

class Collected {
  readonly #fetched = new Map<string, FetchedPackage>();
  readonly #parts = new Map<string, Part>();
  readonly #find: (name: string) => PackageRef | undefined;
  readonly #search: PackageSearch;

  constructor(find: (name: string) => PackageRef | undefined, search: PackageSearch) {
    this.#find = find;
    this.#search = search;
  }

  /** Takes what is wanted out of the packages that `packageOf` names; what is not there comes back. */
  async take(wanted: readonly string[], packageOf: (file: string) => string): Promise<string[]> {
    const missing: string[] = [];
    for (const name of new Set(wanted.map(packageOf))) {
      const ofThis = wanted.filter((file) => packageOf(file) === name);
      missing.push(...(await this.#takeFrom(name, ofThis)));
    }
    return missing;
  }

  async #takeFrom(name: string, wanted: readonly string[]): Promise<readonly string[]> {
    const ref = this.#find(name);
    if (!ref) return wanted.map((text) => text.split('|')[0] ?? text);
    const fetched = await this.#fetch(ref);
    const { files, missing, elsewhere } = await this.#read(fetched, wanted);
    this.#add(name, fetched, files);
    const broken: string[] = [];
    for (const { name: link, stored } of elsewhere)
      if (!(await this.#takeLinked(link, stored, name))) broken.push(link.replace(/\.(zst|xz)$/, ''));
    return [...missing, ...broken];
  }

  /** A link may lead into the files of another package: brcm's into cypress's. */
  async #takeLinked(link: string, stored: string, from: string): Promise<boolean> {
    const name = firmwarePackage(stored);
    const ref = name === from ? undefined : this.#find(name);
    if (!ref) return false;
    const fetched = await this.#fetch(ref);
    const { files } = await this.#read(fetched, [stored]);
    const file = files.find(({ path }) => path === stored);
    if (!file) return false;
    this.#add(name, fetched, [...files, fileOf(link, file.bytes)]);
    return true;
  }

  /** Once each: a package is hashed as a whole, and may have 100 MB. */
  async #fetch(ref: PackageRef): Promise<FetchedPackage> {
    const fetched = this.#fetched.get(ref.name) ?? (await fetchPackage(ref, this.#search));
    this.#fetched.set(ref.name, fetched);
    return fetched;
  }

  #read({ file, locked }: FetchedPackage, wanted: readonly string[]): Promise<Taken> {
    return takeFirmware(() => readBlocks(file, this.#search.signal), wanted, locked);
  }

  #add(name: string, fetched: FetchedPackage, files: readonly File[]): void {
    if (files.length === 0) return;
    const part = this.#parts.get(name) ?? { fetched, files: new Map<string, File>() };
    this.#parts.set(name, part);
    for (const file of files) part.files.set(file.path, file);
  }

  result(): Omit<Firmware, 'missing'> {
    const parts = [...this.#parts.values()];
    return {
      locked: parts.map(({ fetched, files }) => ({
        ...fetched.locked,
        files: [...files.values()].map(({ path, bytes }) => ({
          path,
          size: bytes.length,
          sha256: sha256(bytes),
        })),
      })),
      files: parts.flatMap(({ files }) => [...files.values()]),
    };
  }
}

// CACHE/firmware/sha256/HASH: files that were taken out of packages. Their packages are large: a build that has a lock need
// not read them again.
function keptPath(cacheDir: string, digest: string): string {
  return join(cacheDir, 'firmware', 'sha256', digest);
}

/** A file that was kept, by its SHA-256; undefined when it is not there or not whole. */
export async function readKept(cacheDir: string, digest: string): Promise<Uint8Array | undefined> {
  const path = keptPath(cacheDir, digest);
  const bytes = await onDisk('read', path, () => ignoringMissing(readFile(path)));
  return bytes && sha256(bytes) === digest ? bytes : undefined;
}

export async function keepFirmware(cacheDir: string, files: readonly File[]): Promise<void> {
  const byDigest = new Map(files.map(({ bytes }) => [sha256(bytes), bytes]));
  for (const [digest, bytes] of byDigest)
    if (!(await readKept(cacheDir, digest))) await replaceFile(keptPath(cacheDir, digest), bytes);
}

async function* readBlocks(path: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  signal.throwIfAborted();
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 18, signal }))
      yield chunk as Uint8Array;
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof AirhiveError ? error : diskError('read', path, error);
  }
}
