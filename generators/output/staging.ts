import { chmod, mkdir, readdir, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Bundle, BundleFile } from '../artefacts/bundle.ts';
import { ignoringMissing, isThere, onDisk, syncFolders, writeSafely } from '../disk/safely.ts';
import { AirhiveError } from '../errors.ts';
import { compareCodeUnits } from '../formats/order.ts';
import { materialize, type SparseImage } from '../formats/sparse.ts';
import type { Clock } from '../ports.ts';
import { holdersOf, recover } from './recover.ts';
import { putNew, takeOld } from './swap.ts';
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
  writeSite(image: SparseImage): Promise<void>;
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
  const places = placesOf(out, name);
  const created = await makeOut(out);
  const work = await onDisk('write', out, async () => {
    for (const left of await recover(places)) {
      ports.warn(`${left} belongs to a build on another machine; if that does not run any more, remove it`);
    }
    await checkPlaces(places);
    const made = await createWork(places);
    await mkdir(made.fresh);
    await chmod(made.fresh, 0o755);
    return made;
  });
  // What cannot be removed is a nuisance, and must not hide how the build itself ended.
  const removeWork = () =>
    work.remove().catch((error: unknown) => ports.warn(error instanceof Error ? error.message : String(error)));
  let published = false;
  return {
    folder: work.fresh,
    write: (bundle, tar) => writeBundle(work, bundle, tar),
    writeSite: (image) => writeSafely(work.site, 0o600, materialize(image)),
    publish: async () => {
      await onDisk('write', out, () => publish(work, ports));
      published = true;
      await removeWork();
    },
    discard: async () => {
      if (published) return;
      await removeWork();
      await removeEmpty(out, created);
    },
  };
}

/** Makes the folder; returns the outermost one that was not there before. */
async function makeOut(out: string): Promise<string | undefined> {
  if ((await ignoringMissing(stat(out)).catch(() => undefined))?.isDirectory() === false) {
    throw new AirhiveError('disk', `cannot write into ${out}: it is not a folder`, { hint: 'choose another one with --out' });
  }
  return onDisk('create', out, () => mkdir(out, { recursive: true }));
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

async function writeBundle({ path: work, fresh, tar: tarFile }: Work, bundle: Bundle, tar: Uint8Array): Promise<void> {
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
function foldersOf(files: readonly BundleFile[]): string[] {
  const folders = new Set<string>();
  for (const { path } of files) {
    for (let end = path.indexOf('/'); end > 0; end = path.indexOf('/', end + 1)) folders.add(path.slice(0, end));
  }
  return [...folders].sort(compareCodeUnits);
}

async function publish(work: Work, ports: StagingPorts): Promise<void> {
  const entries = await readdir(work.fresh, { recursive: true, withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
  await syncFolders(work.fresh, ...folders);
  for (;;) {
    const taken = await takeOld(work);
    if (taken === undefined && !(await isFree(work, ports))) continue;
    if (await putNew(work, taken)) break;
  }
  await syncFolders(work.places.out, work.places.bundle);
}

/** Milliseconds between looks at another build that swaps, which takes it less than one; and when to give up. */
const LOOK_PAUSE = 20;
const LOOK_LIMIT = 5_000;

/** Whether the bundle's place is missing for good, or only until another build has swapped: then waits for that. */
async function isFree(work: Work, { clock, signal }: StagingPorts): Promise<boolean> {
  const { places } = work;
  const limit = clock.monotonic() + LOOK_LIMIT;
  for (;;) {
    await recover(places);
    const [holder] = await holdersOf(work);
    if (holder === undefined) return true;
    if (await isThere(places.bundle)) return false;
    if (clock.monotonic() > limit) {
      throw new AirhiveError('disk', `${places.bundle} is missing: a build that did not end holds it in ${holder}`, {
        hint: `if that build does not run any more, rename its old0 to ${places.bundle}, then remove it`,
      });
    }
    await clock.sleep(LOOK_PAUSE, signal);
  }
}
