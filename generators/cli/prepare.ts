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
import { planHost, type HostSources } from '../plan/host.ts';
import { pageTemplate } from '../plan/overview.ts';
import { withShared, type OverlaySource } from '../plan/render.ts';
import { tableOf, type CardTable } from '../profile/cards.ts';
import { formatDiagnostic, worstKind } from '../profile/diagnostics.ts';
import { dayOf, parseReleases, type ReleasePin } from '../profile/releases.ts';
import { resolveProfile, type ProfileSource, type ResolvedProfile } from '../profile/resolve.ts';
import type { VerbContext } from './world.ts';

/* What commands have to read before they do their work, and the bundle that follows from it. */

/** The profile a command was asked for; see loadProfiles. */
export async function loadProfile(
  options: { profile?: string | undefined; releases?: string | undefined },
  context: VerbContext,
): Promise<ResolvedProfile> {
  const { profile: name, releases } = options;
  const [profile] = await loadProfiles(name === undefined ? [] : [name], { releases }, context);
  return profile ?? Promise.reject(await noProfile(context.root));
}

/**
 * The profiles that these names mean, with their warnings reported. All that is wrong with any of them is one error.
 * @throws AirhiveError usage when there is none, or two would have one bundle
 */
export async function loadProfiles(
  names: readonly string[],
  options: { releases?: string | undefined },
  context: VerbContext,
): Promise<ResolvedProfile[]> {
  if (names.length === 0) throw await noProfile(context.root);
  const { sources, profiles, warnings } = await checkProfiles(names, options, context);
  refuseSameName(sources);
  for (const warning of warnings) context.reporter.warn(formatDiagnostic(warning));
  return profiles;
}

/** Reads these profiles, all that is wrong with any of them being one error. Their warnings are for the caller to report. */
export async function checkProfiles(
  names: readonly string[],
  options: { releases?: string | undefined },
  context: VerbContext,
): Promise<{ sources: ProfileSource[]; profiles: ResolvedProfile[]; warnings: Diagnostic[] }> {
  const releases = await loadReleases(options.releases, context);
  const cards = await loadCards(context);
  const sources = await Promise.all(names.map((name) => readProfile(name, context)));
  const today = dayOf(context.now());
  const checked = sources.map((source) => ({ source, ...resolveProfile(source, releases, cards, today) }));
  const all = checked.flatMap(({ diagnostics }) => diagnostics);
  const broken = checked.filter(({ profile }) => !profile).map(({ source }) => source.file);
  if (broken.length > 0) throw refusal(broken.join(', '), all);
  return { sources, profiles: checked.flatMap(({ profile }) => profile ?? []), warnings: all };
}

async function noProfile(root: string): Promise<AirhiveError> {
  const names = (await listProfiles(root)).join(', ');
  return new AirhiveError('usage', 'no profile was named', {
    hint: `add --profile NAME (${names}) or --profile FILE`,
  });
}

/** The name of the file names the bundle. */
function refuseSameName(sources: readonly ProfileSource[]): void {
  for (const [index, { name, file }] of sources.entries()) {
    const first = sources.findIndex((source) => source.name === name);
    if (first === index) continue;
    throw new AirhiveError('usage', `${sources[first]?.file ?? ''} and ${file} would both become ${name}/`, {
      hint: 'name each profile once, and rename one of two files with one name',
    });
  }
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

/** What is airhive's own in every bundle, whatever the profile. */
export interface OwnFiles {
  /** Those of overlays/guest and overlays/host, each with those of overlays/shared. */
  readonly guest: readonly OverlaySource[];
  readonly host: HostSources;
  readonly program: readonly ProgramPackage[];
}

/** Reads what bundles are made from beside their profiles. */
export async function readOwnFiles({ root }: VerbContext): Promise<OwnFiles> {
  const [guest, host, shared, troubleshooting, program] = await Promise.all([
    own(join(root, 'overlays/guest'), readOverlay),
    own(join(root, 'overlays/host'), readOverlay),
    own(join(root, 'overlays/shared'), readOverlay),
    own(join(root, 'docs/troubleshooting.md'), (path) => onDisk('read', path, () => readFile(path))),
    own(join(root, '.build/packages.json'), readProgramPackages),
  ]);
  return {
    guest: withShared('guest', guest, shared),
    host: { overlay: withShared('host', host, shared), troubleshooting },
    program,
  };
}

/** Everything between the profile and the disk: plans both machines, encodes the bundle. */
export async function assemble(
  profile: ResolvedProfile,
  contents: Contents,
  { guest: guestSources, host: hostSources, program }: OwnFiles,
  { version, env }: VerbContext,
): Promise<{ bundle: Bundle; guest: Tree }> {
  const epoch = resolveEpoch(env.SOURCE_DATE_EPOCH, profile.release.date);
  const guest = planGuest(profile, guestSources, version);
  const host = planHost(profile, hostSources, version, contents.missing);
  const page = pageTemplate(hostSources.overlay);
  const inputs = { profile, version, epoch, guest, host, contents, page, program };
  return { bundle: await assembleBundle(inputs), guest };
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
