import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onDisk } from '../disk.ts';
import { AirhiveError } from '../errors.ts';
import { inPathOrder } from '../formats/order.ts';
import { fileOf, type File, type Tree } from '../formats/tree.ts';

/** Bytes. Larger than any file of a bundle but the ISO, and than its tar: what is larger is not read into memory. */
export const LARGEST = 256 * 1024 * 1024;

export interface Reading {
  /** What is left where it is, with all that is in it. */
  readonly skip?: (path: string, isFile: boolean) => boolean;
  /** Told of what no tree from a disk has: links, which are not followed, pipes, devices, and what is too large. */
  readonly refuse: (path: string, why: string) => void;
}

/**
 * Reads a directory with all in it, in code unit order of the paths.
 * @throws AirhiveError disk when something in it cannot be read
 */
export async function readTree(top: string, { skip, refuse }: Reading): Promise<Tree> {
  const look = async (path: string): Promise<Tree> => {
    const place = join(top, path);
    const info = await onDisk('read', place, () => lstat(place));
    const mode = info.mode & 0o7777;
    if (skip?.(path, info.isFile())) return [];
    if (info.isDirectory()) return [{ type: 'directory', path, mode }, ...(await enter(path))];
    if (!info.isFile()) refuse(path, 'neither a file nor a directory');
    else if (info.size > LARGEST) refuse(path, `${info.size} bytes; no file of a bundle is so large`);
    else return [fileOf(path, await onDisk('read', place, () => readFile(place)), mode)];
    return [];
  };
  const enter = async (path: string): Promise<Tree> => {
    const place = join(top, path);
    const names = await onDisk('read', place, () => readdir(place));
    const trees = await Promise.all(names.map((name) => look(path === '' ? name : `${path}/${name}`)));
    return trees.flat();
  };
  return inPathOrder(await enter(''));
}

/**
 * The files of an overlay as they lie in the repository. Their modes are not taken: those depend on the umask.
 * @throws AirhiveError disk; usage for a link or a device, which would otherwise be missing from the machine in silence
 */
export async function readOverlay(top: string): Promise<Pick<File, 'path' | 'bytes'>[]> {
  const tree = await readTree(top, {
    refuse: (path, why) => {
      throw new AirhiveError('usage', `${join(top, path)} is ${why}`, {
        hint: 'an overlay holds plain files only: put a copy there, or remove it',
      });
    },
  });
  return tree.filter((entry) => entry.type === 'file').map(({ path, bytes }) => ({ path, bytes }));
}
