import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { assembleBundle, type Bundle } from '../bundle/bundle.ts';
import { onDisk } from '../disk/safely.ts';
import { AirhiveError, ownFileError } from '../errors.ts';
import type { Tree } from '../formats/tree.ts';
import { readOverlay } from '../inputs/tree.ts';
import { resolveEpoch } from '../plan/epoch.ts';
import { planGuest } from '../plan/guest.ts';
import { planHost } from '../plan/host.ts';
import type { ResolvedProfile } from '../profile/resolve.ts';
import type { VerbContext } from './world.ts';

/** Everything between the profile and the disk: reads what is airhive's own, plans both machines, encodes the bundle. */
export async function assemble(
  profile: ResolvedProfile,
  { root, version, env }: VerbContext,
): Promise<{ bundle: Bundle; guest: Tree }> {
  const epoch = resolveEpoch(env.SOURCE_DATE_EPOCH, profile.release.date);
  const [guestOverlay, overlay, troubleshooting] = await Promise.all([
    own(join(root, 'overlays/guest'), readOverlay),
    own(join(root, 'overlays/host'), readOverlay),
    own(join(root, 'docs/troubleshooting.md'), (path) => onDisk('read', path, () => readFile(path))),
  ]);
  const guest = planGuest(profile, guestOverlay, version);
  const host = planHost(profile, { overlay, troubleshooting }, version);
  return { bundle: await assembleBundle({ profile, version, epoch, guest, host }), guest };
}

/** Reads a part of airhive itself, which only a broken installation lacks. */
async function own<T>(path: string, read: (path: string) => Promise<T>): Promise<T> {
  try {
    return await read(path);
  } catch (error) {
    throw error instanceof AirhiveError && error.kind === 'disk' ? ownFileError(path, error.cause) : error;
  }
}
