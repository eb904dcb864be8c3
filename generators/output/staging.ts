import { chmod, mkdir, mkdtemp, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bundle, BundleFile } from '../artefacts/bundle.ts';
import { systemCodeOf } from '../errors.ts';
import { onDisk, syncFolder } from '../inputs/cache-disk.ts';

/**
 * `OUT/NAME` is replaced as a whole. Two renames are needed, since no portable call swaps two folders; between them
 * the old bundle lies whole at `OUT/.NAME.old`, from where `recover` brings it back if the power goes right then.
 */
interface Places {
  readonly bundle: string;
  readonly tar: string;
  readonly old: string;
}

function placesOf(out: string, name: string): Places {
  return { bundle: join(out, name), tar: join(out, `${name}.tar`), old: join(out, `.${name}.old`) };
}

/** Prefix of the folders that builds work in; what a killed build left is removed by the next one. */
function stagingPrefix(name: string): string {
  return `.${name}.new-`;
}

/** What belongs to the machine that runs the bundle in place, not to the bundle. */
export const DATA = 'data';

/** A folder next to the bundle's final place, in which it is made before anything old is touched. */
export interface Staging {
  /** Becomes OUT/NAME. */
  readonly folder: string;
  /** Removes the staging folder; does nothing after publish. */
  discard(): Promise<void>;
  /** Puts the new bundle and tar in place of the old ones. `data/` of the old bundle is kept. */
  publish(): Promise<void>;
}

/**
 * Writes bundle and tar below `out`, safely on the disk, without touching what is there.
 * @throws AirhiveError disk
 */
export async function stageBundle(out: string, bundle: Bundle, tar: Uint8Array): Promise<Staging> {
  const places = placesOf(out, bundle.name);
  await onDisk('create', out, () => mkdir(out, { recursive: true }));
  await recover(out, bundle.name);
  const work = await onDisk('write', out, () => mkdtemp(join(out, stagingPrefix(bundle.name))));
  const folder = join(work, 'bundle');
  const tarFile = join(work, 'tar');
  const discard = () => rm(work, { recursive: true, force: true });
  try {
    await onDisk('write', work, async () => {
      await mkdir(folder);
      await chmod(folder, 0o755);
      await Promise.all([
        ...bundle.files.map((file) => writeFileOf(folder, file)),
        writeSafely(tarFile, 0o644, tar.length, [{ offset: 0, bytes: tar }]),
      ]);
    });
  } catch (error) {
    await discard();
    throw error;
  }
  return {
    folder,
    discard,
    publish: () =>
      onDisk('write', out, async () => {
        await syncFolder(folder);
        await rename(tarFile, places.tar);
        await swap(folder, places);
        await syncFolder(out);
        await discard();
      }),
  };
}

/** Puts things right after a build that was killed while it swapped, and removes what killed builds left. */
export async function recover(out: string, name: string): Promise<void> {
  const places = placesOf(out, name);
  const entries = await onDisk('read', out, () => readdir(out));
  if (entries.includes(`.${name}.old`)) {
    if (entries.includes(name)) await finishSwap(places);
    else await onDisk('write', out, () => rename(places.old, places.bundle));
  }
  const left = entries.filter((entry) => entry.startsWith(stagingPrefix(name)));
  await Promise.all(left.map((entry) => rm(join(out, entry), { recursive: true, force: true })));
}

async function swap(folder: string, places: Places): Promise<void> {
  await renameIfThere(places.bundle, places.old);
  await rename(folder, places.bundle);
  await finishSwap(places);
}

/** From here on the new bundle is in place; the machine's own data follows it. */
async function finishSwap({ bundle, old }: Places): Promise<void> {
  await renameIfThere(join(old, DATA), join(bundle, DATA));
  await rm(old, { recursive: true, force: true });
}

async function renameIfThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (systemCodeOf(error) !== 'ENOENT') throw error;
  }
}

async function writeFileOf(folder: string, file: BundleFile): Promise<void> {
  const parts = file.path.split('/').slice(0, -1);
  for (let depth = 1; depth <= parts.length; depth++) {
    const parent = join(folder, ...parts.slice(0, depth));
    await mkdir(parent, { recursive: true });
    await chmod(parent, 0o755);
  }
  const extents = file.sparse?.extents ?? [{ offset: 0, bytes: file.bytes }];
  await writeSafely(join(folder, file.path), file.mode, file.bytes.length, extents);
}

/** Modes by chmod, because the umask has a say in every other way; fsync, because a rename may outrun the data. */
export async function writeSafely(
  path: string,
  mode: number,
  size: number,
  extents: readonly { readonly offset: number; readonly bytes: Uint8Array }[],
): Promise<void> {
  const handle = await open(path, 'wx', mode);
  try {
    await handle.truncate(size);
    for (const { offset, bytes } of extents) await handle.write(bytes, 0, bytes.length, offset);
    await handle.chmod(mode);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
