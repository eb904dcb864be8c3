import { stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { encodeBundleTar } from '../artefacts/bundle.ts';
import { AirhiveError } from '../errors.ts';
import { hashFile } from '../inputs/hash.ts';
import { obtainIso, type IsoSource } from '../inputs/iso.ts';
import { readSecrets } from '../inputs/secrets.ts';
import { placeIso } from '../output/place.ts';
import { writeSite } from '../output/site.ts';
import { stageBundle } from '../output/staging.ts';
import { encodeSite } from '../plan/site.ts';
import type { ReleasePin } from '../profile/releases.ts';
import type { ResolvedProfile } from '../profile/resolve.ts';
import { parseSecrets, type SiteSecrets } from '../profile/secrets.ts';
import { assemble } from './assemble.ts';
import { loadProfile, refusal } from './resolve.ts';
import type { Outcome, VerbContext } from './world.ts';

export interface BuildOptions {
  readonly profile?: string;
  readonly out?: string;
  readonly iso?: string;
  readonly mirror?: readonly string[];
  readonly releases?: string;
  readonly cache?: string;
  readonly offline?: boolean;
  readonly requireIso?: boolean;
  readonly secrets?: string;
}

/** Builds the whole bundle into OUT/NAME/ and OUT/NAME.tar. What lay there before stays whole until it is complete. */
export async function build(options: BuildOptions, context: VerbContext): Promise<Outcome> {
  const profile = await loadProfile(options, context);
  const secrets = await loadSecrets(options.secrets, context);
  const out = resolve(context.cwd, options.out ?? 'dist');
  const folder = join(out, profile.name);

  // Hashing or fetching the ISO takes far longer than all the rest, so it starts first.
  const [iso, { bundle }] = await settle(obtain(options, profile, folder, context), assemble(profile, context));
  if ('deferred' in iso && options.requireIso) {
    throw new AirhiveError('network', `the ISO could not be had: ${iso.reason}`, {
      hint: 'name a mirror with --mirror, a file with --iso, or leave --require-iso out',
    });
  }
  const staging = await stageBundle(out, bundle, await encodeBundleTar(bundle));
  try {
    if (!('deferred' in iso)) await placeIso(iso.path, join(staging.folder, 'iso', profile.release.file));
    if (context.signal.aborted) throw new AirhiveError('interrupted', 'interrupted; nothing was changed');
    await staging.publish();
  } finally {
    await staging.discard();
  }
  if (secrets) await writeSite(folder, encodeSite(secrets, bundle.epoch));
  return outcome({ profile, iso, out, secrets: secrets !== undefined, context });
}

async function loadSecrets(file: string | undefined, { cwd }: VerbContext): Promise<SiteSecrets | undefined> {
  if (file === undefined) return undefined;
  const source = await readSecrets(file, cwd);
  const { secrets, diagnostics } = parseSecrets(source);
  if (!secrets) throw refusal(file, diagnostics);
  return secrets;
}

/** Both results, but only after both have ended: a failure must not leave the other one running. */
async function settle<A, B>(first: Promise<A>, second: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([first, second]);
  return Promise.all([first, second]);
}

async function obtain(
  options: BuildOptions,
  profile: ResolvedProfile,
  folder: string,
  context: VerbContext,
): Promise<IsoSource> {
  const { cwd, http, clock, signal, reporter } = context;
  const pin = profile.release;
  const iso = await obtainIso({
    pin,
    isoFile: options.iso && resolve(cwd, options.iso),
    cacheDir: cacheFolder(options.cache, context),
    mirrors: options.mirror ?? profile.alpine.mirrors,
    offline: options.offline ?? false,
    http,
    clock,
    signal,
    reporter,
  });
  if (!('deferred' in iso)) return iso;
  const placed = join(folder, 'iso', pin.file);
  return (await isThatIso(placed, pin)) ? { path: placed, source: 'file' } : iso;
}

/** An ISO that an earlier build or vm_fetch put into the bundle being replaced must not be lost with it. */
async function isThatIso(path: string, pin: ReleasePin): Promise<boolean> {
  try {
    return (await stat(path)).size === pin.size && (await hashFile(path)) === pin.sha256;
  } catch {
    return false;
  }
}

function cacheFolder(chosen: string | undefined, { cwd, env }: VerbContext): string {
  if (chosen !== undefined) return resolve(cwd, chosen);
  return join(env['XDG_CACHE_HOME'] ?? join(env['HOME'] ?? homedir(), '.cache'), 'airhive');
}

interface Built {
  readonly profile: ResolvedProfile;
  readonly iso: IsoSource;
  readonly out: string;
  readonly secrets: boolean;
  readonly context: VerbContext;
}

function outcome({ profile, iso, out, secrets, context }: Built): Outcome {
  const shown = (path: string) => relative(context.cwd, path) || '.';
  const folder = shown(join(out, profile.name));
  const deferred = 'deferred' in iso;
  if (deferred) {
    context.reporter.warn(`THE ISO IS NOT IN THE BUNDLE. ${iso.reason}\n  Everything else is complete: run vm_fetch on the host while it still has a network, or build again.`);
  }
  const artefacts = [
    `${folder}/`,
    `${folder}.tar`,
    ...(deferred ? [] : [`${folder}/iso/${profile.release.file}`]),
    ...(secrets ? [`${folder}/data/site.img`] : []),
  ];
  return { lines: artefacts, result: { profile: profile.name, artefacts, iso: deferred ? { deferred: true, reason: iso.reason } : { deferred: false, source: iso.source } } };
}
