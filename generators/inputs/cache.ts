import { createHash, type Hash } from 'node:crypto';
import { chmod, open, readdir, rename, rm, stat, statfs, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  ignoringMissing,
  isAlive,
  isLocal,
  makeDirectories,
  newOwnedName,
  onDisk,
  ownerIn,
  syncDirectories,
} from '../disk.ts';
import { AirhiveError } from '../errors.ts';
import type { Reporter } from '../ports.ts';
import { feedHash, hashFile } from './hash.ts';

// CACHE/iso/sha256/HASH.iso, CACHE/apk/sha1/HASH.apk: whole files, named by their hash, so that one fits every pin with
// that hash. CACHE/KIND/partial/HASH.part: what an earlier run left of a download. While a process writes to it, its name has that
// process behind it. Nobody waits for another's download: each writes a file of its own, and the last rename puts a right
// file in the place of one that is just as right.

/** A file of known content. `size` in bytes; `file` is its name in messages. */
export interface Pinned {
  readonly file: string;
  readonly size: number;
  readonly kind: keyof typeof HASHES;
  /** In lower-case hex. That of a package is of a part of it only, its control stream, which has the hash of the rest. */
  readonly hash: string;
  /** What is wrong with the whole file at `path`, whose SHA-256 is `sha256`; undefined when nothing is. */
  readonly wrong: (path: string, sha256: string) => Promise<string | undefined>;
}

const HASHES = { iso: 'sha256', apk: 'sha1' };

/** Where a file with the hash of its pin is, or why it could not be had. */
export type Obtained =
  | { readonly source: 'file' | 'cache'; readonly path: string }
  | { readonly source: 'mirror'; readonly path: string; readonly url: string }
  | { readonly source: 'none'; readonly reason: string };

function wholePath(cacheDir: string, { kind, hash }: Pinned): string {
  return join(cacheDir, kind, HASHES[kind], `${hash}.${kind}`);
}

function partDirectory(cacheDir: string, { kind }: Pinned): string {
  return join(cacheDir, kind, 'partial');
}

function restingName({ hash }: Pinned): string {
  return `${hash}.part`;
}

/**
 * The path of the cached file, or undefined when there is none. It is hashed at every use: a damaged one is removed
 * with a warning.
 * @throws AirhiveError disk; the signal's reason when that fires
 */
export async function readCache(
  cacheDir: string,
  pin: Pinned,
  { reporter, signal }: { reporter: Reporter; signal: AbortSignal },
): Promise<string | undefined> {
  const path = wholePath(cacheDir, pin);
  const look = () => onDisk('read', path, () => ignoringMissing(stat(path)));
  const info = await look();
  if (info === undefined) return undefined;
  if (info.size === pin.size && (await pin.wrong(path, await hashFile(path, signal))) === undefined) {
    await removeParts(partDirectory(cacheDir, pin), pin);
    return path;
  }
  // Another build may have put a good file there since.
  if ((await look())?.ino !== info.ino) return undefined;
  reporter.warn(`the cached file is damaged and was removed: ${path}`);
  await onDisk('remove', path, () => rm(path, { force: true }));
  return undefined;
}

/**
 * A file to download into, for this process alone, with the most that an earlier run left. To rename such a rest is to
 * take it, and that succeeds for one process only.
 * @throws AirhiveError disk; the signal's reason when that fires
 */
export async function claimPart(cacheDir: string, pin: Pinned, signal: AbortSignal): Promise<Part> {
  const directory = partDirectory(cacheDir, pin);
  await onDisk('create', directory, () => makeDirectories(directory));
  const path = join(directory, newOwnedName(restingName(pin)));
  const free = (await listParts(directory, pin)).filter(({ state }) => state === 'free');
  let taken = false;
  for (const rest of free.toSorted((a, b) => b.size - a.size)) {
    taken = await onDisk('rename', rest.path, () => take(rest.path, path));
    if (taken) break;
  }
  // 'a+' would append wherever it is asked to write; 'r+' does not create.
  const file = await onDisk('create', path, () => open(path, taken ? 'r+' : 'wx+'));
  const hash = createHash('sha256');
  try {
    return new Part(cacheDir, pin, path, file, hash, await feedHash(file, hash, path, signal));
  } catch (error) {
    await file.close();
    await rename(path, join(directory, restingName(pin)));
    throw error;
  }
}

/** False when another process was faster. */
async function take(from: string, to: string): Promise<boolean> {
  if ((await ignoringMissing(rename(from, to).then(() => true))) === undefined) return false;
  // Killed between `promote` and its rename, the owner left it read-only.
  await chmod(to, 0o644);
  return true;
}

interface PartEntry {
  readonly path: string;
  readonly size: number;
  /** `busy`: a running process writes to it. `foreign`: one on another machine may. */
  readonly state: 'free' | 'busy' | 'foreign';
}

async function listParts(directory: string, pin: Pinned): Promise<PartEntry[]> {
  const resting = restingName(pin);
  const entries: PartEntry[] = [];
  for (const name of (await onDisk('read', directory, () => ignoringMissing(readdir(directory)))) ?? []) {
    const owner = ownerIn(name, resting);
    if (owner === undefined && name !== resting) continue;
    const path = join(directory, name);
    const info = await onDisk('read', path, () => ignoringMissing(stat(path)));
    const state = owner === undefined || !isAlive(owner) ? 'free' : isLocal(owner) ? 'busy' : 'foreign';
    if (info) entries.push({ path, size: info.size, state });
  }
  return entries;
}

/**
 * Removes what no process here writes to any more, once the whole file is in its place. What cannot be removed is a
 * nuisance and no reason to fail.
 */
async function removeParts(directory: string, pin: Pinned): Promise<void> {
  for (const { path, state } of await listParts(directory, pin).catch(() => [])) {
    if (state !== 'busy') await rm(path, { force: true }).catch(() => undefined);
  }
}

/**
 * The beginning of a file while it is downloaded, with the hash of what is there. Held until `keep`, `discard` or
 * `promote`. All methods throw AirhiveError `disk`.
 */
export class Part {
  readonly #cacheDir: string;
  readonly #pin: Pinned;
  readonly #path: string;
  readonly #file: FileHandle;
  #hash: Hash;
  #size: number;
  #held = true;

  constructor(cacheDir: string, pin: Pinned, path: string, file: FileHandle, hash: Hash, size: number) {
    this.#cacheDir = cacheDir;
    this.#pin = pin;
    this.#path = path;
    this.#file = file;
    this.#hash = hash;
    this.#size = size;
  }

  /** Bytes that are there. */
  get size(): number {
    return this.#size;
  }

  /** What is wrong with the bytes that are there, if they are to be the whole file. */
  wrong(): Promise<string | undefined> {
    return this.#pin.wrong(this.#path, this.#hash.copy().digest('hex'));
  }

  /** Refuses to begin what cannot end. A file system that does not say how large it is gets the benefit of doubt. */
  async checkSpace(): Promise<void> {
    const { file, size } = this.#pin;
    const directory = dirname(this.#path);
    const { blocks, bavail, bsize } = await onDisk('read', directory, () => statfs(directory));
    const [free, missing] = [bavail * bsize, size - this.#size];
    if (blocks === 0 || free >= missing) return;
    const numbers = `${megabytes(free)} MB free, ${megabytes(missing)} MB needed`;
    throw new AirhiveError('disk', `not enough space in ${directory} for ${file}: ${numbers}`, {
      hint: 'free some space, or choose another cache with --cache',
    });
  }

  async append(bytes: Uint8Array): Promise<void> {
    await onDisk('write', this.#path, async () => {
      // write(2) may take less than it is given.
      for (let done = 0; done < bytes.length;) {
        const position = this.#size + done;
        done += (await this.#file.write(bytes, done, bytes.length - done, position)).bytesWritten;
      }
    });
    this.#hash.update(bytes);
    this.#size += bytes.length;
  }

  /** Back to no bytes. */
  async restart(): Promise<void> {
    await onDisk('write', this.#path, () => this.#file.truncate(0));
    this.#hash = createHash('sha256');
    this.#size = 0;
  }

  /** Leaves the file for the next run, unless it was removed or has its place in the cache. */
  async keep(): Promise<void> {
    if (this.#size === 0) return this.discard();
    if (!(await this.#letGo())) return;
    const resting = join(dirname(this.#path), restingName(this.#pin));
    await onDisk('rename', this.#path, () => ignoringMissing(rename(this.#path, resting)));
  }

  async discard(): Promise<void> {
    if (await this.#letGo()) await onDisk('remove', this.#path, () => rm(this.#path, { force: true }));
  }

  /** Gives the file, whose hash was found right, its name in the cache, read-only, and returns its path. */
  async promote(): Promise<string> {
    const path = wholePath(this.#cacheDir, this.#pin);
    await onDisk('create', dirname(path), () => makeDirectories(dirname(path)));
    await onDisk('write', this.#path, async () => {
      await this.#file.chmod(0o444);
      await this.#file.sync();
    });
    await this.#letGo();
    // A build on another machine had the whole file first when ours is gone: it removed it.
    await onDisk('rename', this.#path, () => ignoringMissing(rename(this.#path, path)));
    await syncDirectories(dirname(path));
    await removeParts(dirname(this.#path), this.#pin);
    return path;
  }

  async #letGo(): Promise<boolean> {
    if (!this.#held) return false;
    this.#held = false;
    await this.#file.close();
    return true;
  }
}

function megabytes(bytes: number): number {
  return Math.ceil(bytes / 1e6);
}
