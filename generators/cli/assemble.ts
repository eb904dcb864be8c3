import { join } from 'node:path';
import { assembleBundle, type Bundle } from '../artefacts/bundle.ts';
import { AirhiveError } from '../errors.ts';
import type { Tree } from '../formats/tree.ts';
import { readOverlay } from '../inputs/overlays.ts';
import { ownFileError } from '../inputs/own-files.ts';
import { resolveEpoch } from '../plan/epoch.ts';
import { planGuest } from '../plan/guest.ts';
import { planHost } from '../plan/host.ts';
import type { OverlaySource } from '../plan/overlay.ts';
import type { ResolvedProfile } from '../profile/resolve.ts';
import type { VerbContext } from './world.ts';

/** Everything between the profile and the disk: reads the overlays, plans both machines, encodes the bundle. */
export async function assemble(
  profile: ResolvedProfile,
  { root, version, env }: VerbContext,
): Promise<{ bundle: Bundle; guest: Tree }> {
  const epoch = resolveEpoch(env.SOURCE_DATE_EPOCH, profile.release.date);
  const [guestSources, hostSources] = await Promise.all([
    ownOverlay(root, 'guest'),
    ownOverlay(root, 'host'),
  ]);
  const guest = planGuest(profile, guestSources, version);
  const host = planHost(profile, hostSources, version);
  return { bundle: await assembleBundle({ profile, version, epoch, guest, host }), guest };
}

async function ownOverlay(root: string, machine: 'guest' | 'host'): Promise<OverlaySource[]> {
  const folder = join(root, 'overlays', machine);
  try {
    return await readOverlay(folder);
  } catch (error) {
    throw error instanceof AirhiveError && error.kind === 'disk' ? ownFileError(folder, error.cause) : error;
  }
}
