import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { encodeBundleTar } from '../bundle/bundle.ts';
import { shownPath } from '../disk.ts';
import { AirhiveError } from '../errors.ts';
import type { Obtained } from '../inputs/cache.ts';
import { hashFile } from '../inputs/hash.ts';
import { obtainIso } from '../inputs/iso.ts';
import { placeIso } from '../output/place.ts';
import { Publication } from '../output/publish.ts';
import { parseMirror } from '../profile/schema.ts';
import type { ReleasePin } from '../profile/releases.ts';
import type { ResolvedProfile } from '../profile/resolve.ts';
import type { SiteSecrets } from '../profile/secrets.ts';
import { cacheDirectory } from './cache-directory.ts';
import { assemble, loadProfile, refusal } from './prepare.ts';
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

/** All that a build was asked for, read and found right. */
interface Order {
  readonly options: BuildOptions;
  readonly profile: ResolvedProfile;
  readonly mirrors: readonly string[];
  readonly secrets: SiteSecrets | undefined;
  /** The directory that the bundle goes into. */
  readonly out: string;
}

/**
 * Builds the whole bundle into OUT/NAME/ and OUT/NAME.tar, and of secrets OUT/NAME.site.img. What lay there before stays
 * whole until all of it is complete.
 */
export async function build(options: BuildOptions, context: VerbContext): Promise<Outcome> {
  const mirrors = options.mirror?.map(parseMirror);
  const profile = await loadProfile(options, context);
  const order = {
    options,
    profile,
    mirrors: mirrors ?? profile.alpine.mirrors,
    secrets: await loadSecrets(options.secrets, context),
    out: resolve(context.cwd, options.out ?? 'dist'),
  };
  try {
    return outcome(order, await make(order, context), context);
  } catch (error) {
    if (!context.signal.aborted || (error instanceof AirhiveError && error.kind === 'interrupted'))
      throw error;
    throw new AirhiveError('interrupted', 'interrupted; nothing was changed', { cause: error });
  }
}

async function make(order: Order, context: VerbContext): Promise<Obtained> {
  const { clock, signal, reporter } = context;
  const { profile, out } = order;
  const warn = (message: string) => reporter.warn(message);
  const publication = await Publication.open(out, profile.name, { clock, signal, warn });
  try {
    // Hashing or fetching the ISO takes longer than all the rest, so the rest is done meanwhile.
    const [iso] = await settle(obtain(order, context), write(order, publication, context));
    if (iso.source !== 'none')
      await placeIso(iso.path, join(publication.directory, 'iso', profile.release.file));
    else if (order.options.requireIso) {
      throw new AirhiveError('network', `the ISO could not be had: ${iso.reason}`, {
        hint: 'name a mirror with --mirror, a file with --iso, or leave --require-iso out',
      });
    }
    signal.throwIfAborted();
    await publication.publish();
    return iso;
  } finally {
    await publication.discard();
  }
}

async function write({ profile, secrets }: Order, publication: Publication, context: VerbContext) {
  const { bundle } = await assemble(profile, context);
  const site = secrets && (await import('../plan/site.ts')).encodeSite(secrets, bundle.epoch);
  await publication.write(bundle.files, await encodeBundleTar(bundle), site);
}

async function loadSecrets(file: string | undefined, { cwd }: VerbContext): Promise<SiteSecrets | undefined> {
  if (file === undefined) return undefined;
  // Most builds have none, and its schema takes time to set up.
  const { parseSecrets } = await import('../profile/secrets.ts');
  const { readSecrets } = await import('../inputs/secrets.ts');
  const source = await readSecrets(file, cwd);
  const { secrets, diagnostics } = parseSecrets(source);
  if (!secrets) throw refusal(source.file, diagnostics);
  return secrets;
}

/** Both results, but only after both have ended: a failure must not leave the other one running. */
async function settle<A, B>(first: Promise<A>, second: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([first, second]);
  return Promise.all([first, second]);
}

async function obtain({ options, profile, mirrors, out }: Order, context: VerbContext): Promise<Obtained> {
  const { cwd, http, clock, signal, reporter } = context;
  const pin = profile.release;
  const iso = await obtainIso({
    pin,
    isoFile: options.iso === undefined ? undefined : resolve(cwd, options.iso),
    cacheDir: cacheDirectory(options.cache, context),
    mirrors,
    offline: options.offline ?? false,
    http,
    clock,
    signal,
    reporter,
  });
  if (iso.source !== 'none') return iso;
  const placed = join(out, profile.name, 'iso', pin.file);
  return (await isThatIso(placed, pin, signal)) ? { path: placed, source: 'file' } : iso;
}

/** An ISO that an earlier build or vm_fetch put into the bundle being replaced must not be lost with it. */
async function isThatIso(path: string, pin: ReleasePin, signal: AbortSignal): Promise<boolean> {
  try {
    return (await stat(path)).size === pin.size && (await hashFile(path, signal)) === pin.sha256;
  } catch {
    return false;
  }
}

function outcome({ profile, out, secrets }: Order, iso: Obtained, { cwd, reporter }: VerbContext): Outcome {
  const directory = shownPath(join(out, profile.name), cwd);
  const deferred = iso.source === 'none';
  if (deferred) {
    reporter.warn(
      `THE ISO IS NOT IN THE BUNDLE. ${iso.reason}\n` +
        '  Everything else is complete: run vm_fetch on the host while it still has a network, or build again.',
    );
  }
  const { reverse, port, to } = profile.ssh;
  if (reverse) {
    reporter.step(
      `note: port ${port} on every Wi-Fi that the guest joins reaches port ${to} of the host, and all visitors come from ` +
        '127.0.0.1: let its sshd take keys only, or switch ssh.reverse off',
    );
  }
  const artefacts = [
    `${directory}/`,
    `${directory}.tar`,
    ...(deferred ? [] : [`${directory}/iso/${profile.release.file}`]),
    ...(secrets ? [`${directory}.site.img`] : []),
  ];
  return {
    lines: artefacts,
    result: {
      profile: profile.name,
      artefacts,
      iso: deferred ? { deferred: true, reason: iso.reason } : { deferred: false, source: iso.source },
    },
  };
}
