import { open } from 'node:fs/promises';
import { diskError, systemCodeOf } from '../errors.ts';

/** Runs a file operation; when it fails, throws the `disk` error "cannot WHAT PATH: reason". */
export async function onDisk<T>(what: string, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw diskError(what, path, error);
  }
}

/** The result of a file operation, or undefined when the file was not there (another process was faster). */
export async function ignoringMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Makes the names in a folder safe against a power cut: a rename is not, before this (fsync(2)). */
export async function syncFolder(folder: string): Promise<void> {
  await onDisk('write', folder, async () => {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  });
}
