import { rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Reporter } from '../ports.ts';
import { removePartials } from './cache-claim.ts';
import { ignoringMissing, makeFolders, onDisk, syncFolders } from '../disk/safely.ts';
import type { PartialFile } from './cache-partial.ts';
import { hashFile } from './hash.ts';

/** Where the cache keeps the file with this SHA-256: its name is its hash, so it fits every pin with that hash. */
function cachedPath(cacheDir: string, sha256: string): string {
  return join(cacheDir, 'iso', 'sha256', `${sha256}.iso`);
}

/** The folder of the downloads that are under way or were cut short. */
export function partialFolder(cacheDir: string): string {
  return join(cacheDir, 'iso', 'partial');
}

/**
 * The cached file of this hash and size (bytes), or undefined when there is none. It is hashed at every use: a
 * damaged one is removed with a warning. Errors: `disk`.
 */
export async function readCache(
  cacheDir: string,
  pin: { readonly sha256: string; readonly size: number },
  reporter: Reporter,
  signal: AbortSignal,
): Promise<string | undefined> {
  const path = cachedPath(cacheDir, pin.sha256);
  const info = await statIfThere(path);
  if (info === undefined) return undefined;
  if (info.size === pin.size && (await hashFile(path, signal)) === pin.sha256) return path;
  // Another build may have put a good file there since.
  if ((await statIfThere(path))?.ino === info.ino) {
    reporter.warn(`the cached ISO is damaged and was removed: ${path}`);
    await onDisk('remove', path, () => rm(path, { force: true }));
  }
  return undefined;
}

/** Is there a file of this hash in the cache, whole or damaged? */
export async function isCached(cacheDir: string, sha256: string): Promise<boolean> {
  return (await statIfThere(cachedPath(cacheDir, sha256))) !== undefined;
}

/**
 * Gives a downloaded file, whose hash was found right, its name in the cache, and returns its path. Errors: `disk`.
 */
export async function promote(cacheDir: string, partial: PartialFile): Promise<string> {
  const path = cachedPath(cacheDir, partial.sha256);
  const folder = dirname(path);
  await onDisk('create', folder, () => makeFolders(folder));
  await partial.finish();
  // A build that ran beside this one was first when the partial file is gone: it removed it.
  await onDisk('rename', partial.path, () => ignoringMissing(rename(partial.path, path)));
  await syncFolders(folder);
  await removePartials(partial.folder, partial.sha256);
  return path;
}

async function statIfThere(path: string): Promise<{ size: number; ino: number } | undefined> {
  return onDisk('read', path, () => ignoringMissing(stat(path)));
}
