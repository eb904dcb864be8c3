import { chmod, mkdir, rename, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ignoringMissing, isThere } from '../disk/safely.ts';
import { AirhiveError, diskError, systemCodeOf } from '../errors.ts';
import { checkPlaces, DATA, type Work } from './work.ts';

// No portable call swaps two folders, so OUT/NAME is missing for a moment. Whoever holds the old bundle in that moment
// is the only one to fill the place; the data of the machine goes into the new bundle before that is put there.

/** Takes the bundle out of the way, into the work folder; undefined when there is none. */
export async function takeOld(work: Work): Promise<string | undefined> {
  await checkPlaces(work.places);
  const old = join(work.path, `old${(await work.olds()).length}`);
  try {
    await rename(work.places.bundle, old);
    return old;
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT' && (await isThere(work.path))) return undefined;
    throw diskError('replace', work.places.bundle, error);
  }
}

/**
 * Fills the missing place of the bundle with the new one, after giving it the data of the old ones and the site image.
 * False when another bundle is there already.
 * @param taken what this build has just taken out of the way; put back when an error is thrown
 */
export async function putNew(work: Work, taken: string | undefined): Promise<boolean> {
  const steps = new Steps();
  try {
    for (const old of await work.olds()) {
      if (await moveData(old, work.fresh)) steps.done(() => moveData(work.fresh, old));
    }
    await placeSite(work, steps);
    await ignoringMissing(rename(work.tar, work.places.tar));
    if (await renameUnlessTaken(work.fresh, work.places.bundle)) return true;
    await steps.undo();
    return false;
  } catch (cause) {
    try {
      await steps.undo();
      if (taken !== undefined) await rename(taken, work.places.bundle);
    } catch (error) {
      const message = `${reasonOf(cause)}; and the old bundle could not be put back: ${reasonOf(error)}`;
      throw new AirhiveError('disk', message, { cause, hint: `what was there lies in ${work.path}` });
    }
    throw cause;
  }
}

/** What was done so far, to be undone in the opposite order. */
class Steps {
  readonly #undo: (() => Promise<unknown>)[] = [];

  done(undo: () => Promise<unknown>): void {
    this.#undo.push(undo);
  }

  async undo(): Promise<void> {
    for (const step of this.#undo.splice(0).toReversed()) await step();
  }
}

/**
 * Moves the data of the machine from one folder to another; false when there is none.
 * @throws AirhiveError disk when it cannot be moved; then it is where it was
 */
export async function moveData(from: string, to: string): Promise<boolean> {
  const [source, target] = [join(from, DATA), join(to, DATA)];
  if (!(await isThere(source))) return false;
  if (await isThere(target)) {
    throw new AirhiveError('disk', `there is data of this machine in two places: ${source} and ${target}`, {
      hint: 'compare them, keep what is needed in one, remove the other, and build again',
    });
  }
  try {
    await rename(source, target);
    return true;
  } catch (error) {
    const { message } = diskError('move', source, error);
    throw new AirhiveError('disk', `${message}; it is the data of this machine and stays where it was`, {
      cause: error,
      hint: 'build as the user that owns it, or choose another folder with --out',
    });
  }
}

/** Renames a folder; false when there is another one that is not empty. */
export async function renameUnlessTaken(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    const code = systemCodeOf(error);
    if (code === 'ENOTEMPTY' || code === 'EEXIST') return false;
    throw diskError('write', to, error);
  }
}

/** Puts data/site.img into the new bundle, for its owner's eyes only. */
async function placeSite(work: Work, steps: Steps): Promise<void> {
  if (!(await isThere(work.site))) return;
  const data = join(work.fresh, DATA);
  const site = join(data, 'site.img');
  try {
    if (!(await isThere(data))) {
      await mkdir(data);
      steps.done(() => rmdir(data));
    }
    await chmod(data, 0o700);
    if (await isThere(site)) {
      await rename(site, work.oldSite);
      steps.done(() => rename(work.oldSite, site));
    }
    await rename(work.site, site);
    steps.done(() => rename(site, work.site));
  } catch (error) {
    throw diskError('write', join(work.places.bundle, DATA, 'site.img'), error);
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
