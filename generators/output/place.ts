import { chmod, constants, copyFile, link, open, rm, stat } from 'node:fs/promises';
import { AirhiveError, diskError } from '../errors.ts';

/** How a file got to its place: sharing its blocks, as a second name of the same file, or as a copy. */
export type Placement = 'reflink' | 'link' | 'copy';

/**
 * Puts the ISO at `from` also at `to`, a path that does not exist yet, with mode 0444: by reflink, else as a hard
 * link, else as a copy, also to another file system. What comes back is safe on the disk but for the folder's entry.
 * Errors: `disk`; then nothing of ours is at `to`.
 */
export async function placeIso(from: string, to: string): Promise<Placement> {
  if (await reflink(from, to)) return 'reflink';
  if (await hardLink(from, to)) return 'link';
  await copy(from, to);
  return 'copy';
}

async function reflink(from: string, to: string): Promise<boolean> {
  try {
    await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE);
  } catch {
    // Not on this file system, or a real problem, which the copy will meet as well and name.
    return false;
  }
  await seal(from, to);
  return true;
}

async function hardLink(from: string, to: string): Promise<boolean> {
  try {
    // A second name shares the mode too. The user's own file must keep its mode, and its later edits to itself.
    if (((await stat(from)).mode & 0o777) !== 0o444) return false;
    await link(from, to);
    return true;
  } catch {
    // Another file system, or none with links (FAT), or a file of another user (fs.protected_hardlinks).
    return false;
  }
}

async function copy(from: string, to: string): Promise<void> {
  try {
    await copyFile(from, to, constants.COPYFILE_EXCL);
  } catch (error) {
    throw diskError(`copy ${from} to`, to, error);
  }
  await seal(from, to);
}

/** Mode and safety on the disk of a new file; a short one is removed. */
async function seal(from: string, to: string): Promise<void> {
  try {
    await chmod(to, 0o444);
    const file = await open(to, 'r');
    try {
      await file.sync();
    } finally {
      await file.close();
    }
    const [wanted, got] = [(await stat(from)).size, (await stat(to)).size];
    if (wanted === got) return;
    throw new AirhiveError('disk', `cannot copy ${from} to ${to}: ${got} of ${wanted} bytes arrived`);
  } catch (error) {
    await rm(to, { force: true });
    throw error instanceof AirhiveError ? error : diskError('write', to, error);
  }
}
