import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onDisk } from '../disk/safely.ts';
import { compareCodeUnits } from '../formats/order.ts';
import { DATA } from '../output/replaceable.ts';
import { foundFile, LARGEST, type Found, type FoundFile } from './found.ts';

/**
 * Reads the bundle in a folder. Links are not followed, and data/ is not looked into: it may be another user's.
 * @throws AirhiveError disk when something in it cannot be read
 */
export async function readFolder(folder: string): Promise<Found> {
  const walk = new Walk(folder);
  await walk.enter('');
  return {
    files: walk.files,
    folders: walk.folders,
    isos: walk.isos,
    hasData: walk.hasData,
    prefix: undefined,
    problems: walk.problems,
  };
}

class Walk {
  readonly files = new Map<string, FoundFile>();
  readonly folders = new Map<string, number>();
  readonly isos = new Map<string, string>();
  readonly problems: string[] = [];
  hasData = false;
  readonly #top: string;

  constructor(top: string) {
    this.#top = top;
  }

  async enter(inside: string): Promise<void> {
    const path = join(this.#top, inside);
    const names = await onDisk('read', path, () => readdir(path));
    for (const name of names.sort(compareCodeUnits))
      await this.#look(inside === '' ? name : `${inside}/${name}`);
  }

  async #look(inside: string): Promise<void> {
    if (inside === DATA) {
      this.hasData = true;
      return;
    }
    const path = join(this.#top, inside);
    const info = await onDisk('read', path, () => lstat(path));
    if (info.isDirectory()) {
      this.folders.set(inside, info.mode & 0o7777);
      await this.enter(inside);
    } else if (!info.isFile()) this.problems.push(`${inside}: neither a file nor a folder`);
    else if (isIso(inside)) this.isos.set(inside, path);
    else if (info.size > LARGEST)
      this.problems.push(`${inside}: ${info.size} bytes; no file of a bundle is so large`);
    else this.files.set(inside, foundFile(info.mode, await onDisk('read', path, () => readFile(path))));
  }
}

/** The ISO lies beside its checksum and is none of the bundle's files. */
function isIso(inside: string): boolean {
  return inside.startsWith('iso/') && !inside.endsWith('.sha256');
}
