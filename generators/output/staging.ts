import { chmod, mkdir, readdir, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Bundle } from '../bundle/bundle.ts';
import { withLock } from '../disk/lock.ts';
import { ignoringMissing, makeFolders, onDisk, syncFolders, writeSafely } from '../disk/safely.ts';
import { AirhiveError } from '../errors.ts';
import { compareCodeUnits } from '../formats/order.ts';
import type { File } from '../formats/tree.ts';
import type { Clock } from '../ports.ts';
import { checkNotHeld, leftovers, recover } from './recover.ts';
import { swapBundle } from './swap.ts';
import { checkPlaces, createWork, placesOf, type Work } from './work.ts';

/** What a staging needs beside its places. */
export interface StagingPorts {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Told of things that do not stop a build. */
  readonly warn: (message: string) => void;
}

/** A bundle in the making, in a folder beside its final place. All methods throw AirhiveError `disk`. */
export interface Staging {
  /** Becomes OUT/NAME. */
  readonly folder: string;
  /** Writes the bundle's files and its tar, safely on the disk. */
  write(bundle: Bundle, tar: Uint8Array): Promise<void>;
  /** Writes what becomes data/site.img, readable by its owner only. */
  writeSite(image: Uint8Array): Promise<void>;
  /** Puts the new bundle and tar in place of the old ones. Of the old bundle, `data/` alone is kept. */
  publish(): Promise<void>;
  /** Removes the staging folder; does nothing after publish. */
  discard(): Promise<void>;
}

/**
 * Makes the place to build `OUT/NAME` in. Puts right first what killed builds left there; nothing else is changed
 * before `publish`, and then all at once. Builds of the same name may run at the same time: the last one stays.
 * @throws AirhiveError disk
 */
export async function openStaging(out: string, name: string, ports: StagingPorts): Promise<Staging> {
  const created = await makeOut(out);
  const work = await onDisk('write', out, () => createWork(placesOf(out, name)));
  // What cannot be removed is a nuisance, and must not hide how the build itself ended.
  const removeWork = () => work.remove().catch((error: unknown) => ports.warn(String(error)));
  const discard = async () => {
    await removeWork();
    await removeEmpty(out, created);
  };
  try {
    await onDisk('write', out, () => prepare(work, ports));
  } catch (error) {
    await discard();
    throw error;
  }
  let published = false;
  return {
    folder: work.fresh,
    write: (bundle, tar) => writeBundle(work, bundle, tar),
    writeSite: (image) => writeSafely(work.site, 0o600, image),
    publish: async () => {
      await onDisk('write', out, () => publish(work, ports));
      published = true;
      await removeWork();
    },
    discard: async () => {
      if (!published) await discard();
    },
  };
}

async function prepare(work: Work, ports: StagingPorts): Promise<void> {
  const { places } = work;
  const { dead, foreign } = await leftovers(places);
  for (const { path } of foreign) {
    ports.warn(`${path} belongs to a build on another machine; if that does not run any more, remove it`);
  }
  if (dead.length > 0) await locked(work, ports, () => recover(places));
  await checkPlaces(places);
  await mkdir(work.fresh);
  await chmod(work.fresh, 0o755);
}

function locked(work: Work, { clock, signal }: StagingPorts, action: () => Promise<void>): Promise<void> {
  return withLock(work.places.lock, { scratch: work.scratch, clock, signal }, action);
}

/** Makes the folder; returns the outermost one that was not there before. */
async function makeOut(out: string): Promise<string | undefined> {
  if ((await ignoringMissing(stat(out)).catch(() => undefined))?.isDirectory() === false) {
    throw new AirhiveError('disk', `cannot write into ${out}: it is not a folder`, {
      hint: 'choose another one with --out',
    });
  }
  return onDisk('create', out, () => makeFolders(out));
}

/** Undoes makeOut, as far as the folders are still empty. */
async function removeEmpty(out: string, created: string | undefined): Promise<void> {
  if (created === undefined) return;
  try {
    for (let folder = out; folder.length >= created.length; folder = dirname(folder)) await rmdir(folder);
  } catch {
    // Another build uses it by now.
  }
}

async function writeBundle(
  { path: work, fresh, tar: tarFile }: Work,
  bundle: Bundle,
  tar: Uint8Array,
): Promise<void> {
  await onDisk('write', work, async () => {
    for (const folder of foldersOf(bundle.files)) {
      await mkdir(join(fresh, folder));
      await chmod(join(fresh, folder), 0o755);
    }
  });
  await Promise.all([
    ...bundle.files.map(({ path, mode, bytes }) => writeSafely(join(fresh, path), mode, bytes)),
    writeSafely(tarFile, 0o644, tar),
  ]);
}

/** Every folder that the files lie in, outer ones first. */
function foldersOf(files: readonly File[]): string[] {
  const folders = new Set<string>();
  for (const { path } of files) {
    for (let end = path.indexOf('/'); end > 0; end = path.indexOf('/', end + 1))
      folders.add(path.slice(0, end));
  }
  return [...folders].sort(compareCodeUnits);
}

async function publish(work: Work, ports: StagingPorts): Promise<void> {
  const { places, fresh } = work;
  const entries = await readdir(fresh, { recursive: true, withFileTypes: true });
  const folders = entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name));
  await syncFolders(fresh, ...folders);
  await locked(work, ports, async () => {
    await recover(places);
    await checkNotHeld(work);
    await swapBundle(work);
  });
  await syncFolders(places.out, places.bundle);
}
