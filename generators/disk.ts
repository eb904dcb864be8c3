import { randomBytes } from 'node:crypto';
import { lstat, mkdir, open } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, relative } from 'node:path';
import { kill, pid } from 'node:process';
import { AirhiveError, diskError, systemCodeOf } from './errors.ts';

// What inputs/, output/ and verify/ need of a file system.

/** A path for messages: as seen from the working directory when it lies below that, else as it is. */
export function shownPath(path: string, cwd: string): string {
  const shown = relative(cwd, path);
  return shown === '' || shown.startsWith('..') ? path : shown;
}

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
 * Makes a directory and those around it that are missing; returns the outermost one that was made. Node's own recursive
 * mkdir never returns where the kernel makes no directories, as in /proc.
 */
export async function makeDirectories(path: string): Promise<string | undefined> {
  const code = await tryToMake(path);
  if (code !== 'ENOENT' || dirname(path) === path) return code === undefined ? path : undefined;
  const outer = await makeDirectories(dirname(path));
  const again = await tryToMake(path);
  if (again === 'ENOENT')
    throw new AirhiveError('disk', `cannot create ${path}: no directories can be made there`);
  // Another process may have been faster.
  return outer ?? (again === undefined ? path : undefined);
}

/** Makes a directory, or says why not when it is there, or when the one around it is not. */
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
 * Makes the names in directories safe against a power cut: a rename is not, before this (fsync(2)). One that is gone, as
 * another process replaced it, needs nothing.
 */
export async function syncDirectories(...paths: readonly string[]): Promise<void> {
  await Promise.all(paths.map((path) => onDisk('write', path, () => ignoringMissing(syncDirectory(path)))));
}

async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r');
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

/** A part of a file, from `start` up to but without `end`. */
export interface Run {
  readonly start: number;
  readonly end: number;
}

/** A multiple of every common block size of a file system, so that a hole is one for all of them. */
const STEP = 64 * 1024;
const ZEROS = new Uint8Array(STEP);

/** The parts of `bytes` that have to be written: steps of 64 KiB that are all zero are left out, and read as zero. */
export function writtenRuns(bytes: Uint8Array): Run[] {
  const runs: { start: number; end: number }[] = [];
  for (let start = 0; start < bytes.length; start += STEP) {
    const end = Math.min(start + STEP, bytes.length);
    if (Buffer.compare(bytes.subarray(start, end), ZEROS.subarray(0, end - start)) === 0) continue;
    const last = runs.at(-1);
    if (last?.end === start) last.end = end;
    else runs.push({ start, end });
  }
  return runs;
}

// Which process works on a file is read here and not in main.ts: like the names it goes into, it never reaches any
// content.

/** The process that a file or directory belongs to. It stands in the name, so that to rename is to take over. */
export interface Owner {
  readonly host: string;
  readonly pid: number;
}

const HOST = hostname()
  .replaceAll(/[^A-Za-z0-9-]/g, '_')
  .slice(0, 60);

/** `PREFIX.HOST.PID.RANDOM`: a name that no other process, and no other call in this one, uses. */
export function newOwnedName(prefix: string): string {
  return `${prefix}.${HOST}.${pid}.${randomBytes(4).toString('hex')}`;
}

/** The owner in such a name; undefined when it is not one of this prefix. */
export function ownerIn(name: string, prefix: string): Owner | undefined {
  if (!name.startsWith(`${prefix}.`)) return undefined;
  const match = /^([A-Za-z0-9_-]+)\.(\d{1,10})\.[0-9a-f]{8}$/.exec(name.slice(prefix.length + 1));
  return match?.[1] === undefined ? undefined : { host: match[1], pid: Number(match[2]) };
}

/** Whether the owner can be asked from here: another machine (a share, a container) has processes of its own. */
export function isLocal(owner: Owner): boolean {
  return owner.host === HOST;
}

/** Does the owner still run? One that cannot be asked is taken to. */
export function isAlive(owner: Owner): boolean {
  if (!isLocal(owner)) return true;
  try {
    kill(owner.pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs, under another user.
    return systemCodeOf(error) === 'EPERM';
  }
}
