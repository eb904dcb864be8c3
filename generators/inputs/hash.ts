import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { diskError } from '../errors.ts';

const BLOCK = 1 << 20;

/** A thread costs some 20 ms to start; hashing this much takes longer, and the rest of a build goes on meanwhile. */
const WORTH_A_THREAD = 64 << 20;

/** Beside the compiled program. Run from the sources there is none, and everything is hashed in this thread. */
const THREAD = fileURLToPath(new URL('./hash-thread.cjs', import.meta.url));

/**
 * The SHA-256 of a file, as 64 lower-case hex digits. Holds 2 MiB whatever the size of the file.
 * Errors: `disk` when it cannot be read; the signal's reason when that fires.
 */
export async function hashFile(path: string, signal?: AbortSignal): Promise<string> {
  const size = await stat(path).then(
    (info) => info.size,
    (error: unknown) => {
      throw diskError('read', path, error);
    },
  );
  return size >= WORTH_A_THREAD && existsSync(THREAD) ? hashInThread(path, signal) : hashHere(path, signal);
}

/** The same, in the calling thread. */
export async function hashHere(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  const file = await open(path, 'r').catch((error: unknown) => {
    throw diskError('read', path, error);
  });
  try {
    await feedHash(file, hash, path, signal);
  } finally {
    await file.close();
  }
  return hash.digest('hex');
}

async function hashInThread(path: string, signal?: AbortSignal): Promise<string> {
  const { Worker } = await import('node:worker_threads');
  const thread = new Worker(THREAD, { workerData: path });
  const stop = () => void thread.terminate();
  signal?.addEventListener('abort', stop);
  try {
    return await new Promise<string>((resolve, reject) => {
      thread.once('message', resolve);
      thread.once('error', (error) => reject(diskError('read', path, error)));
      thread.once('exit', () =>
        reject(signal?.aborted ? (signal.reason as Error) : new Error('hashing ended early')),
      );
    });
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

/**
 * Adds the file from byte `start` on to `hash` and returns how many bytes that were. The next block is read while this one is
 * hashed, which makes it faster than `openssl dgst`; 64 KiB reads one after the other cost three times as much.
 */
export async function feedHash(
  file: FileHandle,
  hash: { update(bytes: Uint8Array): unknown },
  path: string,
  signal?: AbortSignal,
  start = 0,
): Promise<number> {
  const read = async (into: Buffer, position: number): Promise<number> => {
    try {
      return (await file.read(into, 0, BLOCK, start + position)).bytesRead;
    } catch (error) {
      throw diskError('read', path, error);
    }
  };
  let current = Buffer.allocUnsafeSlow(BLOCK);
  let next = Buffer.allocUnsafeSlow(BLOCK);
  let size = 0;
  let length = await read(current, 0);
  while (length > 0) {
    signal?.throwIfAborted();
    size += length;
    const following = read(next, size);
    hash.update(current.subarray(0, length));
    length = await following;
    [current, next] = [next, current];
  }
  return size;
}
