import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { encodeBundleTar, type Bundle } from '../bundle/bundle.ts';
import { encodeBundlePkg } from '../bundle/package.ts';
import { shownPath } from '../disk.ts';
import { AirhiveError } from '../errors.ts';
import type { Obtained } from '../inputs/cache.ts';
import { takeLocked, takeNewest, type ObtainedContents } from '../inputs/contents.ts';
import { hashFile } from '../inputs/hash.ts';
import { obtainIso } from '../inputs/iso.ts';
import { listProfiles } from '../inputs/profiles.ts';
import type { FetchedIndex, PackageSearch } from '../inputs/repository.ts';
import type { Asked } from '../packages/lock.ts';
import { askedOf } from '../plan/guest.ts';
import { placeIso } from '../output/place.ts';
import { Publication } from '../output/publish.ts';
import { ageWarning, type ReleasePin } from '../profile/releases.ts';
import type { ResolvedProfile } from '../profile/resolve.ts';
import { keepsAddresses } from '../profile/releases.ts';
import type { SiteSecrets } from '../profile/secrets.ts';
import { loadLock, packageSearch, type Locked } from './lock.ts';
import { assemble, loadProfile, loadProfiles, readOwnFiles, refusal, type OwnFiles } from './prepare.ts';
import { wrapped } from './reporter.ts';
import type { Outcome, VerbContext } from './world.ts';

export interface BuildOptions {
  readonly profile?: readonly string[];
  readonly all?: boolean;
  readonly out?: string;
  readonly iso?: string;
  readonly mirror?: readonly string[];
  readonly releases?: string;
  readonly cache?: string;
  readonly offline?: boolean;
  readonly keys?: string;
  readonly lock?: string;
  readonly requireIso?: boolean;
  readonly requireComplete?: boolean;
  readonly secrets?: string;
  /** Whether a program reads the result: then no summary is said. */
  readonly json?: boolean;
}

/** All that the build of one bundle was asked for, read and found right. */
interface Order {
  readonly options: BuildOptions;
  readonly profile: ResolvedProfile;
  readonly secrets: SiteSecrets | undefined;
  readonly asked: Asked;
  readonly locked: Locked | undefined;
  readonly search: PackageSearch;
  /** The directory that the bundle goes into. */
  readonly out: string;
  /** What warnings about this bundle begin with, where there are several: `intel: `. */
  readonly label: string;
}

/** What the bundles of one run share, so that it is read, fetched and hashed once. */
interface Shared {
  readonly own: OwnFiles;
  /** By the addresses that it was looked for at. */
  readonly isos: Map<string, Promise<Obtained>>;
}

/**
 * Builds the whole bundle of each profile into OUT/NAME/, OUT/NAME.tar and OUT/NAME.pkg, and of secrets OUT/NAME.site.img. What
 * lay there before stays whole until all of the new one is complete. All profiles are checked before the first bundle is built.
 */
export async function build(options: BuildOptions, context: VerbContext): Promise<Outcome> {
  const names = await namedProfiles(options, context);
  const profiles = await loadProfiles(names, options, context);
  warnOfAge(profiles, context);
  const indexes = new Map<string, Promise<FetchedIndex>>();
  const orders: Order[] = [];
  for (const [at, profile] of profiles.entries()) {
    const label = profiles.length > 1 ? `${profile.name}: ` : '';
    orders.push(await orderOf(profile, { name: names[at] ?? '', label }, indexes, options, context));
  }
  const shared: Shared = { own: await readOwnFiles(context), isos: new Map() };
  const outcomes = await buildAll(orders, shared, context);
  const [first] = outcomes;
  if (first && outcomes.length === 1) return first;
  return {
    lines: outcomes.flatMap(({ lines }) => lines),
    result: { bundles: outcomes.map(({ result }) => result) },
  };
}

/** Once for each release, however many bundles take it. */
function warnOfAge(profiles: readonly ResolvedProfile[], { now, reporter }: VerbContext): void {
  const warnings = profiles.flatMap(({ release }) => ageWarning(release, now()) ?? []);
  for (const warning of new Set(warnings)) reporter.warn(warning);
}

/** One after the other: each bundle is in memory as a whole. The first failure ends it. */
async function buildAll(orders: readonly Order[], shared: Shared, context: VerbContext): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  try {
    for (const order of orders) outcomes.push(await buildOne(order, shared, context));
  } catch (error) {
    const built = outcomes.flatMap(({ lines }) => lines).join(' ');
    if (built !== '') context.reporter.warn(`only these were built: ${built}`);
    throw error;
  }
  return outcomes;
}

/** What --profile and --all name; options that are of one machine or one profile go with one profile only. */
async function namedProfiles(options: BuildOptions, { root, env }: VerbContext): Promise<readonly string[]> {
  refuseWhatNpmTook(env);
  const { profile = [], all = false } = options;
  if (all && profile.length > 0)
    throw new AirhiveError(
      'usage',
      '--all names all profiles that airhive ships: leave --profile out, or --all',
    );
  const names = all ? await listProfiles(root) : profile;
  const single = (['secrets', 'lock'] as const).find((name) => options[name] !== undefined);
  if (names.length > 1 && single !== undefined)
    throw new AirhiveError('usage', `--${single} goes with one profile; ${names.length} are named`);
  return names;
}

/** Options of "npm run build" without "--" before them: npm takes them for its own, and they never get here (npm-run(1)). */
function refuseWhatNpmTook(env: VerbContext['env']): void {
  if (env.npm_lifecycle_event !== 'build') return;
  const taken = [
    'profile',
    'iso',
    'mirror',
    'releases',
    'keys',
    'lock',
    'secrets',
    'require-iso',
    'require-complete',
  ]
    .filter((name) => env[`npm_config_${name.replaceAll('-', '_')}`] !== undefined)
    .map((name) => `--${name}`);
  if (taken.length > 0)
    throw new AirhiveError('usage', `npm took ${taken.join(' and ')} for options of its own`, {
      hint: 'put -- before the options: npm run build -- --profile intel8260',
    });
}

async function orderOf(
  profile: ResolvedProfile,
  { name, label }: { readonly name: string; readonly label: string },
  indexes: Map<string, Promise<FetchedIndex>>,
  options: BuildOptions,
  context: VerbContext,
): Promise<Order> {
  const asked = askedOf(profile);
  return {
    options,
    profile,
    secrets: fitting(await loadSecrets(options.secrets, context), profile),
    asked,
    locked: await loadLock({ lock: options.lock, profile: name }, profile, asked, context),
    search: { ...(await packageSearch(options, profile, context)), oldIndex: true, indexes },
    out: resolve(context.cwd, options.out ?? 'dist'),
    label,
  };
}

async function buildOne(order: Order, shared: Shared, context: VerbContext): Promise<Outcome> {
  try {
    return outcome(order, await make(order, shared, context), context);
  } catch (error) {
    if (!context.signal.aborted || (error instanceof AirhiveError && error.kind === 'interrupted'))
      throw error;
    throw new AirhiveError('interrupted', 'interrupted; nothing was changed', { cause: error });
  }
}

/** What a build was made with. */
interface Made extends Written {
  readonly iso: Obtained;
}

interface Written {
  readonly contents: ObtainedContents;
  readonly digest: string;
}

async function make(order: Order, shared: Shared, context: VerbContext): Promise<Made> {
  const { clock, signal, reporter } = context;
  const { profile, options, out } = order;
  const warn = (message: string) => reporter.warn(message);
  const publication = await Publication.open(out, profile.name, { clock, signal, warn });
  try {
    const made = await obtainAll(order, shared, publication, context);
    const { iso } = made;
    if (iso.source !== 'none')
      await placeIso(iso.path, join(publication.directory, 'iso', profile.release.file));
    else if (options.requireIso || options.requireComplete) {
      throw new AirhiveError('network', `the ISO could not be had: ${iso.reason}`, {
        hint: 'name a mirror with --mirror, a file with --iso, or leave --require-iso and --require-complete out',
      });
    }
    signal.throwIfAborted();
    await publication.publish();
    return made;
  } finally {
    await publication.discard();
  }
}

/** Hashing or fetching the ISO takes longer than all the rest, so the rest is done meanwhile. */
async function obtainAll(
  order: Order,
  shared: Shared,
  publication: Publication,
  context: VerbContext,
): Promise<Made> {
  const failed = new AbortController();
  const signal = AbortSignal.any([context.signal, failed.signal]);
  const written = write(order, shared.own, publication, context).catch((error: unknown) => {
    failed.abort(error);
    throw error;
  });
  const iso = obtain(order, shared.isos, { ...context, signal });
  // A failure must not leave the other one running.
  await Promise.allSettled([written, iso]);
  return { ...(await written), iso: await iso };
}

async function write(
  order: Order,
  own: OwnFiles,
  publication: Publication,
  context: VerbContext,
): Promise<Written> {
  const { profile, secrets, options } = order;
  const contents = await takeContents(order);
  const [reason] = Object.values(contents.reasons);
  if (reason !== undefined && options.requireComplete) {
    throw new AirhiveError('network', `the bundle would not be complete: ${reason}`, {
      hint: 'name a mirror with --mirror, a bundle that has the files with --lock, or leave --require-complete out',
    });
  }
  const { bundle } = await assemble(profile, contents, own, context);
  const site = secrets && (await import('../plan/site.ts')).encodeSite(secrets, bundle.epoch);
  const tar = await encodeBundleTar(bundle);
  const pkg = await encodeBundlePkg(bundle, profile, context.version);
  await publication.write(bundle.files, { tar, pkg, site });
  return { contents, digest: bundle.digest };
}

/** The secrets, unless a network of them wants what the guest of this release cannot do. */
function fitting(secrets: SiteSecrets | undefined, { release }: ResolvedProfile): SiteSecrets | undefined {
  const wanted = secrets?.networks.some(({ mac }) => mac === 'per-network') ?? false;
  if (!wanted || keepsAddresses(release.release)) return secrets;
  throw new AirhiveError(
    'unsupported',
    `the wpa_supplicant of ${release.release} cannot keep an address for each network, as a network of --secrets asks (mac)`,
    { hint: 'take random or permanent there, or a release from 3.21 on in the profile' },
  );
}

function takeContents({ profile, asked, locked, search }: Order): Promise<ObtainedContents> {
  const wanted = { profile, asked };
  return locked ? takeLocked(wanted, locked.lock, locked.stock, search) : takeNewest(wanted, search);
}

/** What a build of one profile would make. Nothing is written but what is downloaded, into the cache. */
export async function bundleOf(options: BuildOptions, context: VerbContext): Promise<Bundle> {
  const [name = ''] = options.profile ?? [];
  const profile = await loadProfile({ profile: name, releases: options.releases }, context);
  const order = await orderOf(profile, { name, label: '' }, new Map(), options, context);
  const contents = await takeContents(order);
  for (const warning of missingWarnings(contents)) context.reporter.warn(warning);
  return (await assemble(profile, contents, await readOwnFiles(context), context)).bundle;
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

async function obtain(
  { options, profile, search, out }: Order,
  isos: Shared['isos'],
  context: VerbContext,
): Promise<Obtained> {
  const { cwd, signal } = context;
  const pin = profile.release;
  const isoFile = options.iso === undefined ? undefined : resolve(cwd, options.iso);
  const where = [pin.path, pin.sha256, ...search.mirrors].join(' ');
  const obtaining = isos.get(where) ?? obtainIso({ ...search, signal, pin, isoFile });
  isos.set(where, obtaining);
  const iso = await obtaining;
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

function outcome(order: Order, made: Made, context: VerbContext): Outcome {
  const { profile, out, secrets, asked, options } = order;
  const { iso, contents } = made;
  const directory = shownPath(join(out, profile.name), context.cwd);
  sayWarnings(order, made, context);
  if (!options.json) for (const line of summary(directory, order, made, context)) context.reporter.step(line);
  const deferred = iso.source === 'none';
  const artefacts = [
    `${directory}/`,
    `${directory}.tar`,
    `${directory}.pkg`,
    ...(deferred ? [] : [`${directory}/iso/${profile.release.file}`]),
    ...(secrets ? [`${directory}.site.img`] : []),
  ];
  const { missing, reasons } = contents;
  const { packages, firmware } = countsOf(contents);
  const part = (kind: 'packages' | 'firmware', count: number) =>
    missing[kind].length > 0
      ? { deferred: true, missing: missing[kind], reason: reasons[kind] }
      : { deferred: false, wanted: asked[kind], count };
  return {
    lines: artefacts,
    result: {
      profile: profile.name,
      artefacts,
      iso: deferred ? { deferred: true, reason: iso.reason } : { deferred: false, source: iso.source },
      packages: part('packages', packages),
      firmware: part('firmware', firmware),
    },
  };
}

function countsOf({ lock }: ObtainedContents): { readonly packages: number; readonly firmware: number } {
  const files = lock?.firmware.flatMap((one) => one.files) ?? [];
  return { packages: lock?.packages.length ?? 0, firmware: files.length };
}

/** Which bundle it is, what it has, and what to do with it. A command is never broken: it is to be copied. */
function summary(
  directory: string,
  { profile, secrets }: Order,
  { iso, contents, digest }: Made,
  { env }: VerbContext,
): string[] {
  const { missing } = contents;
  const has = countsOf(contents);
  const hasIso = iso.source !== 'none';
  const lacked = partsOf(!hasIso, missing.packages.length, missing.firmware.length);
  const site = secrets ? ` and ${directory}.site.img` : '';
  // Without npm it was started by its own name.
  const airhive = env.npm_lifecycle_event === undefined ? 'airhive' : 'npm run airhive --';
  return [
    `${profile.name}: bundle ${digest.slice(0, 16)}, as vm_status calls it`,
    `  in it: the configuration${partsOf(hasIso, has.packages, has.firmware)
      .map((part) => `, ${part}`)
      .join('')}`,
    ...(lacked.length > 0 ? [`  not in it: ${lacked.join(', ')}`] : []),
    `  check it: ${airhive} verify ${directory}`,
    wrapped(`  then copy ${directory}/${site} to the host, and in it: ./airhivectl install`),
    `  or there: pkg add ${profile.name}.pkg, then: airhivectl install`,
  ];
}

function partsOf(iso: boolean, packages: number, firmware: number): string[] {
  return [
    ...(iso ? ['the ISO'] : []),
    ...(packages > 0 ? [`${packages} ${packages === 1 ? 'package' : 'packages'}`] : []),
    ...(firmware > 0 ? [`${firmware} firmware ${firmware === 1 ? 'file' : 'files'}`] : []),
  ];
}

function sayWarnings({ profile, label }: Order, { iso, contents }: Made, { reporter }: VerbContext): void {
  const warn = (text: string) => reporter.warn(`${label}${text}`);
  if (iso.source === 'none') {
    warn(
      `THE ISO IS NOT IN THE BUNDLE. ${iso.reason}\n` +
        '  Everything else is made: run vm_fetch on the host while it still has a network, or build again.',
    );
  }
  for (const warning of missingWarnings(contents)) warn(warning);
  const { reverse, port, to } = profile.ssh;
  if (reverse && profile.wifi.mode === 'access-point') {
    warn(
      `port ${port} of the guest reaches the host's sshd (port ${to}): every client of the access point may try it, passwords too if ` +
        'it takes them, and it sees them all as 127.0.0.1. Let it take keys only, or switch ssh.reverse off',
    );
  } else if (reverse && profile.firewall.only === 'any') {
    warn(
      `port ${port} on every Wi-Fi that the guest joins reaches the host's sshd (port ${to}): whoever is on the same Wi-Fi may try it, ` +
        'passwords too if it takes them, and it sees them all as 127.0.0.1. Let it take keys only, set firewall.only to trusted, or ' +
        'switch ssh.reverse off',
    );
  } else if (reverse) {
    reporter.step(
      wrapped(
        `${label}note: port ${port} in networks that vm_site has marked as trusted reaches the host's sshd (port ${to}), and all ` +
          'visitors come from 127.0.0.1: let it take keys only, or switch ssh.reverse off',
      ),
    );
  }
}

/** What is not in the bundle, and what that means for the first boot. */
function missingWarnings({ missing, reasons, absent }: ObtainedContents): string[] {
  const { packages, firmware } = missing;
  return [
    ...(absent.length > 0
      ? [
          `no package of this release has the firmware ${shortened(absent)}; other files for the card are in the bundle`,
        ]
      : []),
    ...(packages.length > 0
      ? [
          `THESE PACKAGES ARE NOT IN THE BUNDLE: ${shortened(packages)}. ${reasons.packages ?? ''}\n` +
            '  At its first boot the guest is no gateway until it has fetched them over its own Wi-Fi, which fails ' +
            'behind a login page. Build again with a network.',
        ]
      : []),
    ...(firmware.length > 0
      ? [
          `THIS FIRMWARE IS NOT IN THE BUNDLE: ${shortened(firmware)}. ${reasons.firmware ?? ''}\n` +
            '  The card finds none on the ISO, as far as is known, and has no Wi-Fi without it. Build again with a network.',
        ]
      : []),
  ];
}

/** The bundle of a maker names many files. */
function shortened(names: readonly string[]): string {
  const most = 8;
  const rest = names.length - most;
  return names.slice(0, most).join(' ') + (rest > 0 ? ` and ${rest} more` : '');
}
