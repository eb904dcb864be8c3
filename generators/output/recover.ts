import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { isAlive, isLocal } from '../disk/owner.ts';
import { isThere } from '../disk/safely.ts';
import { AirhiveError } from '../errors.ts';
import { finishSwap, moveData } from './swap.ts';
import { claimWork, DATA, listWorks, type Places, type Work } from './work.ts';

// All of this under the places' lock, so a work folder whose owner is alive is not in the middle of a swap.

/** Work folders of builds that were killed, and of builds on other machines, of which nothing can be known. */
export async function leftovers(places: Places): Promise<{ dead: Work[]; foreign: Work[] }> {
  const works = await listWorks(places);
  return {
    dead: works.filter(({ owner }) => !isAlive(owner)).map(({ work }) => work),
    foreign: works.filter(({ owner }) => !isLocal(owner)).map(({ work }) => work),
  };
}

/**
 * Puts right what builds left that were killed: finishes a swap of bundles that had begun, and removes the rest.
 * @throws AirhiveError disk when a machine's data lies in two places, which only its owner can sort out
 */
export async function recover(places: Places): Promise<void> {
  const { dead } = await leftovers(places);
  for (const work of dead) {
    const mine = await claimWork(work);
    if (mine) await settle(mine);
  }
}

async function settle(work: Work): Promise<void> {
  const { bundle } = work.places;
  const begun = (await isThere(work.old)) || (await work.data()) !== undefined;
  if (begun && !(await isThere(bundle))) {
    // The new bundle was complete before the old one was taken away. If it is gone, it was put in place, and removed
    // there by someone who did not want it.
    if (await isThere(work.fresh)) await finishSwap(work);
    else if (await isThere(join(work.old, DATA))) await rename(work.old, bundle);
  }
  for (const folder of [work.fresh, work.old]) await moveData(folder, bundle);
  await work.remove();
}

/**
 * Refuses to fill the place of a bundle that is missing while its data lies with a build that cannot be asked: on
 * another machine, or one whose process number was given to another process.
 */
export async function checkNotHeld(mine: Work): Promise<void> {
  const { bundle } = mine.places;
  if (await isThere(bundle)) return;
  for (const { work } of await listWorks(mine.places)) {
    const data = work.path === mine.path ? undefined : await work.data();
    if (data === undefined) continue;
    throw new AirhiveError(
      'disk',
      `${bundle} is missing, and ${data} is the data of this machine: a build did not end`,
      {
        hint: `if no build of that name runs any more, rename the folder around it to ${bundle}, and build again`,
      },
    );
  }
}
