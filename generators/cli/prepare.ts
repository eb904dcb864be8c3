import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { assembleBundle, type Bundle, type Contents } from '../bundle/bundle.ts';
import { onDisk } from '../disk.ts';
import { AirhiveError, ownFileError, type Diagnostic } from '../errors.ts';
import type { ProgramPackage } from '../formats/sbom.ts';
import type { Tree } from '../formats/tree.ts';
import { listProfiles, readCards, readProfile, readReleases } from '../inputs/profiles.ts';
import { readOverlay } from '../inputs/tree.ts';
import { resolveEpoch } from '../plan/epoch.ts';
import { planGuest } from '../plan/guest.ts';
import { planHost } from '../plan/host.ts';
import { withShared } from '../plan/render.ts';
import { tableOf, type CardTable } from '../profile/cards.ts';
import { formatDiagnostic, worstKind } from '../profile/diagnostics.ts';
import { parseReleases, type ReleasePin } from '../profile/releases.ts';
import { resolveProfile, type ResolvedProfile } from '../profile/resolve.ts';
import type { VerbContext } from './world.ts';

/* What commands have to read before they do their work, and the bundle that follows from it. */

/** The profile a verb was asked for, with its warnings reported. All that is wrong with it is one error. */
export async function loadProfile(
  options: { profile?: string | undefined; releases?: string | undefined },
  context: VerbContext,
): Promise<ResolvedProfile> {
  if (options.profile === undefined) {
    const names = (await listProfiles(context.root)).join(', ');
    throw new AirhiveError('usage', 'no profile was named', {
      hint: `add --profile NAME (${names}) or --profile FILE`,
    });
  }
  const releases = await loadReleases(options.releases, context);
  const source = await readProfile(options.profile, context);
  const { profile, diagnostics } = resolveProfile(source, releases, await loadCards(context));
  if (!profile) throw refusal(source.file, diagnostics);
  for (const diagnostic of diagnostics) context.reporter.warn(formatDiagnostic(diagnostic));
  return profile;
}

/** The pins of --releases, or those that airhive ships. */
export async function loadReleases(
  file: string | undefined,
  context: VerbContext,
): Promise<readonly ReleasePin[]> {
  const source = await readReleases(file, context);
  const { releases, diagnostics } = parseReleases(source);
  if (!releases) throw refusal(source.file, diagnostics);
  return releases;
}

/** The table of cards that airhive ships. */
export async function loadCards(context: VerbContext): Promise<CardTable> {
  return tableOf(await readCards(context));
}

/** One error for all that is wrong with a file. */
export function refusal(file: string, diagnostics: readonly Diagnostic[]): AirhiveError {
  const errors = diagnostics.filter(({ severity }) => severity === 'error').length;
  const count = errors === 1 ? '1 problem' : `${errors} problems`;
  return new AirhiveError(worstKind(diagnostics) ?? 'usage', `${file}: ${count}, nothing was built`, {
    diagnostics,
  });
}

/** Everything between the profile and the disk: reads what is airhive's own, plans both machines, encodes the bundle. */
export async function assemble(
  profile: ResolvedProfile,
  contents: Contents,
  { root, version, env }: VerbContext,
): Promise<{ bundle: Bundle; guest: Tree }> {
  const epoch = resolveEpoch(env.SOURCE_DATE_EPOCH, profile.release.date);
  const [guestOverlay, hostOverlay, shared, troubleshooting, program] = await Promise.all([
    own(join(root, 'overlays/guest'), readOverlay),
    own(join(root, 'overlays/host'), readOverlay),
    own(join(root, 'overlays/shared'), readOverlay),
    own(join(root, 'docs/troubleshooting.md'), (path) => onDisk('read', path, () => readFile(path))),
    own(join(root, '.build/packages.json'), readProgramPackages),
  ]);
  const guest = planGuest(profile, withShared('guest', guestOverlay, shared), version);
  const overlay = withShared('host', hostOverlay, shared);
  const host = planHost(profile, { overlay, troubleshooting }, version, contents.missing);
  return { bundle: await assembleBundle({ profile, version, epoch, guest, host, contents, program }), guest };
}

/** What tools/compile.js wrote beside the program. */
async function readProgramPackages(path: string): Promise<readonly ProgramPackage[]> {
  return JSON.parse(await onDisk('read', path, () => readFile(path, 'utf8'))) as readonly ProgramPackage[];
}

/** Reads a part of airhive itself, which only a broken installation lacks. */
async function own<T>(path: string, read: (path: string) => Promise<T>): Promise<T> {
  try {
    return await read(path);
  } catch (error) {
    throw error instanceof AirhiveError && error.kind === 'disk' ? ownFileError(path, error.cause) : error;
  }
}
