import { createHash, type Hash } from 'node:crypto';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { ignoringMissing, onDisk } from '../disk/safely.ts';
import { feedHash } from './hash.ts';

/** The name of a partial file that no process holds; one that is held has its owner behind it (disk/owner.ts). */
export function restingName(sha256: string): string {
  return `${sha256}.part`;
}

/**
 * The beginning of a file while it is downloaded, with the hash of what is there. Held by one process, until
 * one of `keep`, `discard` or `finish` was called. All methods throw `disk`.
 */
export class PartialFile {
  readonly folder: string;
  readonly sha256: string;
  readonly path: string;
  #file: FileHandle | undefined;
  #hash: Hash;
  #size: number;

  constructor(folder: string, sha256: string, path: string, file: FileHandle, hash: Hash, size: number) {
    this.folder = folder;
    this.sha256 = sha256;
    this.path = path;
    this.#file = file;
    this.#hash = hash;
    this.#size = size;
  }

  /** Bytes that are there. */
  get size(): number {
    return this.#size;
  }

  /** SHA-256 of the bytes that are there, 64 hex digits. */
  digest(): string {
    return this.#hash.copy().digest('hex');
  }

  async append(bytes: Uint8Array): Promise<void> {
    await onDisk('write', this.path, async () => {
      // write(2) may take less than it is given.
      for (let done = 0; done < bytes.length;) {
        const position = this.#size + done;
        const { bytesWritten } = await this.#open().write(bytes, done, bytes.length - done, position);
        done += bytesWritten;
      }
    });
    this.#hash.update(bytes);
    this.#size += bytes.length;
  }

  /** Back to no bytes. */
  async restart(): Promise<void> {
    await onDisk('write', this.path, () => this.#open().truncate(0));
    this.#hash = createHash('sha256');
    this.#size = 0;
  }

  /** Lets go of the file and leaves it for the next run. */
  async keep(): Promise<void> {
    if (this.#size === 0) return this.discard();
    await this.#close();
    const resting = join(this.folder, restingName(this.sha256));
    await onDisk('rename', this.path, () => ignoringMissing(rename(this.path, resting)));
  }

  /** Removes the file. */
  async discard(): Promise<void> {
    await this.#close();
    await onDisk('remove', this.path, () => rm(this.path, { force: true }));
  }

  /** Makes the file read-only and safe on the disk, and lets go of it. Its name is still the partial one. */
  async finish(): Promise<void> {
    await onDisk('write', this.path, async () => {
      await this.#open().chmod(0o444);
      await this.#open().sync();
    });
    await this.#close();
  }

  #open(): FileHandle {
    if (this.#file === undefined) throw new Error(`${this.path} was let go`);
    return this.#file;
  }

  async #close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }
}

/** Opens or creates the partial file at `path`, a name of ours, and hashes what is there. */
export async function openPartial(
  folder: string,
  sha256: string,
  path: string,
  signal: AbortSignal,
): Promise<PartialFile> {
  // 'a+' would append wherever we ask it to write; 'r+' does not create.
  const file = await onDisk(
    'create',
    path,
    async () => (await ignoringMissing(open(path, 'r+'))) ?? open(path, 'wx+'),
  );
  try {
    const hash = createHash('sha256');
    const size = await feedHash(file, hash, path, signal);
    return new PartialFile(folder, sha256, path, file, hash, size);
  } catch (error) {
    await file.close();
    await ignoringMissing(rename(path, join(folder, restingName(sha256))));
    throw error;
  }
}
