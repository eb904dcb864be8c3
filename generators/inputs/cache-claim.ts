import { chmod, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ignoringMissing, makeFolders, onDisk } from '../disk/safely.ts';
import { isAlive, newOwnedName, ownerIn } from '../disk/owner.ts';
import { openPartial, PartialFile, restingName } from './cache-partial.ts';

/** Another process is at it: its file and the length of that so far. */
export interface Busy {
  readonly pid: number;
  readonly name: string;
  readonly size: number;
}

interface Entry {
  readonly name: string;
  readonly size: number;
  /** The process that holds it and still runs. */
  readonly holder: number | undefined;
}

/**
 * Takes the partial file of `sha256` in `folder`, with what an earlier run left, or says who is busy with it.
 * The owner is part of the file's name: two processes cannot both rename the same file to their own name, and a
 * file whose owner was killed is free. With `alone`, those who are busy are passed by and a new file is made.
 * Two processes that start in the same moment may both get a file; then each downloads, which does no harm.
 */
export async function claimPartial(
  folder: string,
  sha256: string,
  options: { alone: boolean; signal: AbortSignal },
): Promise<PartialFile | Busy> {
  await onDisk('create', folder, () => makeFolders(folder));
  const entries = await listPartials(folder, sha256);
  const busy = options.alone ? undefined : firstBusy(entries);
  if (busy !== undefined) return busy;

  const name = newOwnedName(restingName(sha256));
  const path = join(folder, name);
  const free = entries.filter((entry) => entry.holder === undefined);
  const longest = free.reduce<Entry | undefined>(
    (a, b) => (a === undefined || b.size > a.size ? b : a),
    undefined,
  );
  if (longest !== undefined) await adopt(join(folder, longest.name), path);
  const partial = await openPartial(folder, sha256, path, options.signal);

  const rivals = (await listPartials(folder, sha256)).filter((entry) => entry.name < name);
  const rival = options.alone ? undefined : firstBusy(rivals);
  if (rival === undefined) return partial;
  await partial.keep();
  return rival;
}

/** Removes every partial file of `sha256`, whoever holds it: called when the whole file is in its place. */
export async function removePartials(folder: string, sha256: string): Promise<void> {
  for (const { name } of await listPartials(folder, sha256)) {
    const path = join(folder, name);
    await onDisk('remove', path, () => rm(path, { force: true }));
  }
}

function firstBusy(entries: readonly Entry[]): Busy | undefined {
  for (const { name, size, holder } of entries) {
    if (holder !== undefined) return { pid: holder, name, size };
  }
  return undefined;
}

async function listPartials(folder: string, sha256: string): Promise<Entry[]> {
  const names = await onDisk('read', folder, () => readdir(folder));
  const entries: Entry[] = [];
  for (const name of names) {
    const owner = ownerIn(name, restingName(sha256));
    if (owner === undefined && name !== restingName(sha256)) continue;
    const path = join(folder, name);
    const info = await onDisk('read', path, () => ignoringMissing(stat(path)));
    if (info === undefined) continue;
    const holder = owner !== undefined && isAlive(owner) ? owner.pid : undefined;
    entries.push({ name, size: info.size, holder });
  }
  return entries;
}

/** Renames a free file to our own name. When another process was faster there is nothing to take over. */
async function adopt(from: string, to: string): Promise<void> {
  await onDisk('rename', from, async () => {
    await ignoringMissing(rename(from, to));
    // Killed after `finish`, the owner left it read-only.
    await ignoringMissing(chmod(to, 0o644));
  });
}
