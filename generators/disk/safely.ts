import { lstat, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AirhiveError, diskError, systemCodeOf } from '../errors.ts';
import { writtenRuns } from './runs.ts';

/**
 * Runs file operations; when one fails, throws the `disk` error "cannot WHAT PATH: reason". An AirhiveError, which says
 * more already, passes as it is.
 */
export async function onDisk<T>(what: string, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof AirhiveError ? error : diskError(what, path, error);
  }
}

/** The result of a file operation, or undefined when the file was not there. */
export async function ignoringMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Makes a folder and those around it that are missing; returns the outermost one that was made. Node's own recursive
 * mkdir never returns where the kernel makes no folders, as in /proc.
 */
export async function makeDirectories(path: string): Promise<string | undefined> {
  const code = await tryToMake(path);
  if (code !== 'ENOENT' || dirname(path) === path) return code === undefined ? path : undefined;
  const outer = await makeDirectories(dirname(path));
  const again = await tryToMake(path);
  if (again === 'ENOENT')
    throw new AirhiveError('disk', `cannot create ${path}: no folders can be made there`);
  // Another process may have been faster.
  return outer ?? (again === undefined ? path : undefined);
}

/** Makes a folder, or says why not when it is there, or when the one around it is not. */
async function tryToMake(path: string): Promise<'EEXIST' | 'ENOENT' | undefined> {
  try {
    await mkdir(path);
    return undefined;
  } catch (error) {
    const code = systemCodeOf(error);
    if (code === 'EEXIST' || code === 'ENOENT') return code;
    throw error;
  }
}

/** Whether there is anything at `path`, be it a link that leads nowhere. */
export async function isThere(path: string): Promise<boolean> {
  return (await ignoringMissing(lstat(path))) !== undefined;
}

/**
 * Makes the names in folders safe against a power cut: a rename is not, before this (fsync(2)). One that is gone, as
 * another process replaced it, needs nothing.
 */
export async function syncDirectories(...folders: readonly string[]): Promise<void> {
  await Promise.all(
    folders.map((folder) => onDisk('write', folder, () => ignoringMissing(syncDirectory(folder)))),
  );
}

async function syncDirectory(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Writes a new file: the mode by chmod, because the umask has a say in every other way; fsync, because a rename may
 * outrun the data; holes where there is nothing but zeros.
 */
export async function writeSafely(path: string, mode: number, bytes: Uint8Array): Promise<void> {
  await onDisk('write', path, async () => {
    const handle = await open(path, 'wx', 0o600);
    try {
      const runs = writtenRuns(bytes);
      if (runs.at(-1)?.end !== bytes.length) await handle.truncate(bytes.length);
      for (const { start, end } of runs) {
        // write(2) may take less than it is given, as when the disk is about to be full.
        for (let at = start; at < end;) at += (await handle.write(bytes, at, end - at, at)).bytesWritten;
      }
      await handle.chmod(mode);
      await handle.sync();
    } finally {
      await handle.close();
    }
  });
}
