import { join } from 'node:path';
import { isAlive, isLocal } from '../disk/owner.ts';
import { isThere } from '../disk/safely.ts';
import { moveData, putNew, renameUnlessTaken } from './swap.ts';
import { claimWork, DATA, listWorks, type Places, type Work } from './work.ts';

/**
 * Puts right what builds left that were killed: finishes a swap of bundles that had begun, and removes the rest.
 * Folders of builds that still run, or run on another machine, are not touched; those of other machines are returned.
 * @throws AirhiveError disk when a machine's data lies in two places, which only its owner can sort out
 */
export async function recover(places: Places): Promise<string[]> {
  const foreign: string[] = [];
  for (const { work, owner } of await listWorks(places)) {
    if (!isLocal(owner)) foreign.push(work.path);
    if (isAlive(owner)) continue;
    const mine = await claimWork(work);
    if (mine) await settle(mine);
  }
  return foreign;
}

/** Other builds' work folders that hold the old bundle: they alone may fill the bundle's place while it is missing. */
export async function holdersOf(mine: Work): Promise<string[]> {
  const holders: string[] = [];
  for (const { work } of await listWorks(mine.places)) {
    if (work.path !== mine.path && (await work.olds()).length > 0) holders.push(work.path);
  }
  return holders;
}

async function settle(work: Work): Promise<void> {
  const olds = await work.olds();
  const begun = olds.length > 0 || (await isThere(join(work.fresh, DATA)));
  if (begun && !(await isThere(work.places.bundle))) await finish(work, olds);
  if (begun) for (const folder of [work.fresh, ...olds]) await moveData(folder, work.places.bundle);
  await work.remove();
}

/** The new bundle was complete before the old one was taken away. If it is gone, someone removed it where it was put. */
async function finish(work: Work, olds: readonly string[]): Promise<void> {
  if (await isThere(work.fresh)) {
    await putNew(work, undefined);
    return;
  }
  for (const old of olds.toReversed()) {
    if (await isThere(join(old, DATA))) await renameUnlessTaken(old, work.places.bundle);
  }
}
