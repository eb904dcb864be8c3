import { join, resolve } from 'node:path';
import { nothingFetched } from '../bundle/bundle.ts';
import { shownPath } from '../disk.ts';
import { AirhiveError } from '../errors.ts';
import { formatMode } from '../formats/manifest.ts';
import { sha256 } from '../formats/checksums.ts';
import { listProfiles, readProfile } from '../inputs/profiles.ts';
import { askedOf } from '../plan/guest.ts';
import { formatDiagnostic } from '../profile/diagnostics.ts';
import { profileJsonSchema } from '../profile/schema.ts';
import { dayOf } from '../profile/releases.ts';
import { resolveProfile } from '../profile/resolve.ts';
import { verifyBundle } from '../verify/verify.ts';
import type { RebuildOptions } from './rebuild.ts';
import { plainDiagnostic } from './reporter.ts';
import { assemble, checkProfiles, loadCards, loadProfile, loadReleases, readOwnFiles } from './prepare.ts';
import type { Outcome, VerbContext } from './world.ts';

/** Checks profiles, all shipped ones when none is named, and reports everything that is wrong with any of them. */
export async function validate(
  wanted: readonly string[],
  options: { releases?: string },
  context: VerbContext,
): Promise<Outcome> {
  const names = wanted.length > 0 ? wanted : await listProfiles(context.root);
  const { sources, warnings } = await checkProfiles(names, options, context);
  for (const warning of warnings) context.reporter.warn(formatDiagnostic(warning));
  return {
    lines: sources.map(({ file }) => `${file}: ok`),
    result: { profiles: sources.map(({ file }) => file), diagnostics: warnings.map(plainDiagnostic) },
  };
}

/** What `build` would make: every file of the bundle and every entry of the guest's overlay. Writes nothing. */
export async function plan(
  options: { profile?: string; releases?: string },
  context: VerbContext,
): Promise<Outcome> {
  const profile = await loadProfile(options, context);
  const { bundle, guest } = await assemble(
    profile,
    nothingFetched(askedOf(profile)),
    await readOwnFiles(context),
    context,
  );
  const files = bundle.files.map(({ path, mode, bytes }) => ({
    path: `${bundle.name}/${path}`,
    mode: formatMode(mode),
    size: bytes.length,
    sha256: sha256(bytes),
  }));
  const inside = guest.map((entry) => ({
    path: entry.path,
    type: entry.type,
    mode: formatMode(entry.mode),
    size: entry.type === 'file' ? entry.bytes.length : 0,
    sha256: entry.type === 'file' ? sha256(entry.bytes) : null,
  }));
  const line = (
    prefix: string,
    { mode, size, path, sha256: digest }: (typeof inside)[number] | (typeof files)[number],
  ) => `${mode} ${String(size).padStart(8)} ${(digest ?? '-').slice(0, 12).padEnd(12)} ${prefix}${path}`;
  return {
    lines: [...files.map((file) => line('', file)), ...inside.map((entry) => line('guest:/', entry))],
    result: { profile: profile.name, files, guest: inside },
  };
}

/** Reads a bundle again and checks all of it. */
export async function verify(
  wanted: string,
  options: RebuildOptions & { public?: boolean; rebuild?: boolean },
  context: VerbContext,
): Promise<Outcome> {
  const { public: isPublic = false, rebuild: again = false } = options;
  if (!again) refuseWithout('--rebuild', options);
  const path = resolve(context.cwd, wanted);
  const shown = shownPath(path, context.cwd);
  const { signal } = context;
  const verified = await verifyBundle(path, { public: isPublic, shown, signal });
  const { manifest, files, iso } = verified;
  if (again) await (await import('./rebuild.ts')).rebuild(shown, verified, options, context);
  const isoText = iso ? 'the ISO is the pinned one' : 'the ISO is not there';
  const rebuilt = `${shown}: made again by airhive ${context.version}, the same bytes; an ISO and a site disk are no part of it`;
  return {
    lines: [
      `${shown}: ok, ${files} files of profile ${manifest.profile}, ${isoText}`,
      ...(again ? [rebuilt] : []),
    ],
    result: { profile: manifest.profile, airhive: manifest.airhive, files, iso, rebuilt: again },
  };
}

/** @throws AirhiveError usage when there is an option that would have no meaning */
export function refuseWithout(needed: string, options: RebuildOptions & { readonly lock?: string }): void {
  const searching = ['mirror', 'releases', 'cache', 'keys', 'offline', 'lock'] as const;
  const given = searching.find((name) => options[name] !== undefined);
  if (given !== undefined) throw new AirhiveError('usage', `--${given} goes with ${needed}`);
}

/** The profiles that airhive ships. */
export async function profiles(context: VerbContext): Promise<Outcome> {
  const releases = await loadReleases(undefined, context);
  const cards = await loadCards(context);
  const names = await listProfiles(context.root);
  const today = dayOf(context.now());
  const rows = await Promise.all(
    names.map(async (name) => {
      const { profile } = resolveProfile(await readProfile(name, context), releases, cards, today);
      if (!profile)
        throw new AirhiveError('usage', `profile ${name} is broken`, { hint: `airhive validate ${name}` });
      return {
        name,
        file: join('profiles', `${name}.yaml`),
        release: `${profile.release.flavor} ${profile.release.release}`,
        loader: profile.machine.loader,
        makers: profile.passthrough.flatMap(({ maker }) => maker ?? []),
        cards: profile.passthrough.flatMap(({ pci, ids }) => ids.map((id) => ({ id, pci }))),
      };
    }),
  );
  const width = Math.max(...rows.map(({ name }) => name.length));
  return {
    lines: rows.map(({ name, release, loader, makers, cards: list }) => {
      const placed = list.filter(({ pci }) => pci !== 'auto').map(({ id, pci }) => `${id} at ${pci}`);
      const sought = list.length - placed.length;
      const found = sought > 0 ? [`${sought} cards of ${makers.join(', ')}, in any slot`] : [];
      return `${name.padEnd(width)}  ${release}  ${loader}  ${[...placed, ...found].join('; ')}`;
    }),
    result: { profiles: rows },
  };
}

/** The JSON Schema of a profile, for editors. */
export function schema(): Outcome {
  const text = profileJsonSchema();
  return { lines: [text.trimEnd()], result: { schema: JSON.parse(text) as unknown } };
}
