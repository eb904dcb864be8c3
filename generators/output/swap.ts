import { chmod, mkdir, rename, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ignoringMissing, isThere } from '../disk/safely.ts';
import { AirhiveError, diskError } from '../errors.ts';
import { checkPlaces, DATA, type Work } from './work.ts';

// No portable call swaps two folders, so OUT/NAME is missing for a moment, in which the old bundle lies in the work
// folder. The data of the machine goes into the new bundle before that takes the place. All under the places' lock.

/** Puts the new bundle in place of the old one. On an error all is as it was before. */
export async function swapBundle(work: Work): Promise<void> {
  const { bundle } = work.places;
  await checkPlaces(work.places);
  const steps = new Steps();
  try {
    const had = await isThere(bundle);
    if (had)
      await steps.take(
        () => rename(bundle, work.old),
        () => rename(work.old, bundle),
      );
    await fill(work, steps);
  } catch (cause) {
    await steps.undo(cause, work);
    throw cause instanceof AirhiveError ? cause : diskError('replace', bundle, cause);
  }
}

/** Finishes a swap of a build that was killed, when the old bundle was already out of the way. */
export async function finishSwap(work: Work): Promise<void> {
  await fill(work, new Steps());
}

async function fill(work: Work, steps: Steps): Promise<void> {
  const { bundle, tar } = work.places;
  if (await moveData(work.old, work.fresh)) steps.done(() => moveData(work.fresh, work.old));
  await placeSite(work, steps);
  await ignoringMissing(rename(work.tar, tar));
  await rename(work.fresh, bundle);
}

/** What was done so far, to be undone in the opposite order. */
class Steps {
  readonly #undo: (() => Promise<unknown>)[] = [];

  done(undo: () => Promise<unknown>): void {
    this.#undo.push(undo);
  }

  async take(step: () => Promise<unknown>, undo: () => Promise<unknown>): Promise<void> {
    await step();
    this.done(undo);
  }

  async undo(cause: unknown, work: Work): Promise<void> {
    try {
      for (const step of this.#undo.splice(0).toReversed()) await step();
    } catch (error) {
      const message = `${reasonOf(cause)}; and what was there before could not be put back: ${reasonOf(error)}`;
      throw new AirhiveError('disk', message, { cause, hint: `it lies in ${work.path}` });
    }
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

/** Puts data/site.img into the new bundle, for its owner's eyes only. */
async function placeSite(work: Work, steps: Steps): Promise<void> {
  if (!(await isThere(work.site))) return;
  const data = join(work.fresh, DATA);
  const site = join(data, 'site.img');
  try {
    if (!(await isThere(data)))
      await steps.take(
        () => mkdir(data),
        () => rmdir(data),
      );
    await chmod(data, 0o700);
    if (await isThere(site))
      await steps.take(
        () => rename(site, work.oldSite),
        () => rename(work.oldSite, site),
      );
    await steps.take(
      () => rename(work.site, site),
      () => rename(site, work.site),
    );
  } catch (error) {
    throw diskError('write', join(work.places.bundle, DATA, 'site.img'), error);
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
