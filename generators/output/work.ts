import { lstat, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CHECKSUMS, MANIFEST } from '../bundle/bundle.ts';
import { newOwnedName, ownerIn, type Owner } from '../disk/owner.ts';
import { ignoringMissing, isThere, onDisk } from '../disk/safely.ts';
import { AirhiveError } from '../errors.ts';

/** The folder in a bundle that belongs to the machine which runs it in place, not to the bundle. */
export const DATA = 'data';

/** Where a bundle's folder and tar lie, and the lock under which they are replaced. */
export interface Places {
  readonly out: string;
  readonly name: string;
  readonly bundle: string;
  readonly tar: string;
  readonly lock: string;
}

export function placesOf(out: string, name: string): Places {
  return {
    out,
    name,
    bundle: join(out, name),
    tar: join(out, `${name}.tar`),
    lock: join(out, `.${name}.lock`),
  };
}

/** The folder that one build works in, `OUT/.NAME.work.HOST.PID.RANDOM`, and what lies in it. */
export class Work {
  readonly places: Places;
  readonly path: string;
  /** Becomes OUT/NAME. */
  readonly fresh: string;
  /** Becomes OUT/NAME.tar. */
  readonly tar: string;
  /** Becomes data/site.img. */
  readonly site: string;
  /** What these replace, while it has to be kept. */
  readonly old: string;
  readonly oldSite: string;
  /** For taking the lock. */
  readonly scratch: string;

  constructor(places: Places, path: string) {
    this.places = places;
    this.path = path;
    this.fresh = join(path, 'new');
    this.tar = join(path, 'tar');
    this.site = join(path, 'site.img');
    this.old = join(path, 'old');
    this.oldSite = join(path, 'old-site.img');
    this.scratch = join(path, 'lock');
  }

  /** The data of a machine that is in here, if there is any. */
  async data(): Promise<string | undefined> {
    for (const path of [join(this.fresh, DATA), join(this.old, DATA)]) if (await isThere(path)) return path;
    return undefined;
  }

  /** Removes the folder with all in it, unless a machine's data is there. */
  async remove(): Promise<void> {
    await onDisk('remove', this.path, async () => {
      const data = await this.data();
      if (data === undefined) return rm(this.path, { recursive: true, force: true });
      throw new AirhiveError('disk', `${data} was left there: it is the data of this machine`, {
        hint: `put it back as ${join(this.places.bundle, DATA)}, then remove ${this.path}`,
      });
    });
  }
}

function prefixOf({ name }: Places): string {
  return `.${name}.work`;
}

/** Makes a work folder that only this user can look into: it may hold secrets. */
export async function createWork(places: Places): Promise<Work> {
  const path = join(places.out, newOwnedName(prefixOf(places)));
  await mkdir(path, { mode: 0o700 });
  return new Work(places, path);
}

/** The work folders of all builds of this name, with their owners. */
export async function listWorks(places: Places): Promise<{ work: Work; owner: Owner }[]> {
  const names = await readdir(places.out);
  return names.flatMap((name) => {
    const owner = ownerIn(name, prefixOf(places));
    return owner ? [{ work: new Work(places, join(places.out, name)), owner }] : [];
  });
}

/**
 * Takes over what a dead build left, by putting our own name on it; undefined when another process was faster. Should
 * the owner be alive after all (a container's process numbers mean nothing outside), it finds its folder gone and fails.
 */
export async function claimWork({ places, path }: Work): Promise<Work | undefined> {
  const mine = join(places.out, newOwnedName(prefixOf(places)));
  try {
    await rename(path, mine);
  } catch (error) {
    if (await isThere(path)) throw error;
    return undefined;
  }
  return new Work(places, mine);
}

/**
 * Checks that what lies at the bundle's places can be replaced.
 * @throws AirhiveError disk when it is something that no build puts there
 */
export async function checkPlaces({ name, bundle, tar }: Places): Promise<void> {
  const [folder, file] = await Promise.all([bundle, tar].map((path) => ignoringMissing(lstat(path))));
  for (const [path, info] of [
    [bundle, folder],
    [tar, file],
  ] as const) {
    if (!info?.isSymbolicLink()) continue;
    throw inTheWay(path, 'it is a symbolic link, and a build would replace the link, not what it leads to');
  }
  if (folder && !folder.isDirectory()) throw inTheWay(bundle, 'it is not a folder');
  if (file && !file.isFile()) throw inTheWay(tar, 'it is not a regular file');
  // A profile may be called like some folder of the user's, and --out may be their home.
  if (folder && !(await isReplaceable(bundle))) throw inTheWay(bundle, 'it holds files, but is not a bundle');
  if (file && !(await startsWithFolder(tar, name))) throw inTheWay(tar, 'it is not the tar of a bundle');
}

/** Whether a folder is a bundle, or holds nothing but what machines and vm_fetch put into one. */
async function isReplaceable(bundle: string): Promise<boolean> {
  // Another build may be replacing it.
  const entries = (await ignoringMissing(readdir(bundle))) ?? [];
  if (entries.includes(MANIFEST) && entries.includes(CHECKSUMS)) return true;
  return entries.every((entry) => entry === DATA || entry === 'iso');
}

/** Whether a tar's first entry lies in the folder `name` (ustar: the name is the header's first field). */
async function startsWithFolder(tar: string, name: string): Promise<boolean> {
  const handle = await ignoringMissing(open(tar, 'r'));
  if (!handle) return true;
  try {
    const wanted = Buffer.from(`${name}/`);
    const { buffer } = await handle.read(Buffer.alloc(wanted.length), 0, wanted.length, 0);
    return buffer.equals(wanted);
  } finally {
    await handle.close();
  }
}

function inTheWay(path: string, reason: string): AirhiveError {
  return new AirhiveError('disk', `${path} is in the way: ${reason}`, {
    hint: 'move it away, or choose another folder with --out',
  });
}
