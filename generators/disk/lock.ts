import { mkdir, readdir, rename, rm, rmdir, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AirhiveError, systemCodeOf } from '../errors.ts';
import type { Clock } from '../ports.ts';
import { isAlive, newOwnedName, ownerIn } from './owner.ts';
import { ignoringMissing } from './safely.ts';

/** What taking a lock needs beside its path. */
export interface LockPorts {
  /** A path that is not there, on the file system of the lock, for this process alone. */
  readonly scratch: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Milliseconds between two looks at a lock that is held, and until it is given up. */
const LOOK_PAUSE = 20;
const LOOK_LIMIT = 10_000;

/**
 * Runs `work` while no other process runs something under the same lock. The lock of a process that was killed is taken
 * over. It is for work of a moment: whoever finds it held for longer gives up.
 *
 * The lock is a folder with one file, named after its owner. rename(2) puts a folder in place of none or of an empty one
 * only, so one process gets it; and of those who find a dead owner, one alone can rename that owner's file.
 * @throws AirhiveError disk when it stays held; what `work` throws
 */
export async function withLock<T>(lock: string, ports: LockPorts, work: () => Promise<T>): Promise<T> {
  const mine = newOwnedName('owner');
  await acquire(lock, mine, ports);
  try {
    return await work();
  } finally {
    // Gone when another process took this one for dead: then the lock is no longer ours to remove.
    await ignoringMissing(unlink(join(lock, mine)));
    // Another process may have it by now.
    await rmdir(lock).catch(() => undefined);
  }
}

async function acquire(lock: string, mine: string, { scratch, clock, signal }: LockPorts): Promise<void> {
  await mkdir(scratch);
  await writeFile(join(scratch, mine), '');
  const limit = clock.monotonic() + LOOK_LIMIT;
  while (!(await renameUnlessTaken(scratch, lock))) {
    const [holder] = (await ignoringMissing(readdir(lock))) ?? [];
    if (holder === undefined) continue;
    const owner = ownerIn(holder, 'owner');
    if (owner && !isAlive(owner)) {
      if (!(await takeOver(join(lock, holder), join(lock, mine)))) continue;
      return rm(scratch, { recursive: true });
    }
    if (clock.monotonic() > limit) throw stillHeld(join(lock, holder));
    await clock.sleep(LOOK_PAUSE, signal);
  }
}

async function takeOver(theirs: string, mine: string): Promise<boolean> {
  try {
    await rename(theirs, mine);
    return true;
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return false;
    throw error;
  }
}

/** Renames a folder; false when there is another one that is not empty. */
async function renameUnlessTaken(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    const code = systemCodeOf(error);
    if (code === 'ENOTEMPTY' || code === 'EEXIST') return false;
    throw error;
  }
}

function stillHeld(holder: string): AirhiveError {
  return new AirhiveError('disk', `another process is at work there, as ${holder} says`, {
    hint: 'wait for it; if it does not run any more, remove that file',
  });
}
