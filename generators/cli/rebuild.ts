import { isDeepStrictEqual } from 'node:util';
import { APKOVL, CHECKSUMS, encodeBundleTar, LOCK, MANIFEST, PROFILE, VDISK } from '../bundle/bundle.ts';
import type { Bundle, Contents } from '../bundle/bundle.ts';
import { AirhiveError } from '../errors.ts';
import { sha256 } from '../formats/checksums.ts';
import { formatMode, type Manifest } from '../formats/manifest.ts';
import type { Entry, File } from '../formats/tree.ts';
import { takeLocked } from '../inputs/contents.ts';
import { problemInBytes, type PackageSearch } from '../inputs/repository.ts';
import {
  decodeLock,
  fileNameOf,
  lockDifferences,
  lockedFiles,
  type Asked,
  type Lock,
} from '../packages/lock.ts';
import { askedOf } from '../plan/guest.ts';
import { visible } from '../profile/diagnostics.ts';
import { dayOf, pinAsWritten, type ReleasePin } from '../profile/releases.ts';
import { resolveProfile, type ResolvedProfile } from '../profile/resolve.ts';
import { filesOf } from '../verify/check.ts';
import { different, sideOf } from '../verify/compare.ts';
import { stockOf, type Verification } from '../verify/verify.ts';
import type { BuildOptions } from './build.ts';
import { packageSearch } from './lock.ts';
import { assemble, loadCards, loadReleases, readOwnFiles } from './prepare.ts';
import type { VerbContext } from './world.ts';

/** Where what is needed is looked for, and which pins are believed. */
export type RebuildOptions = Pick<BuildOptions, 'mirror' | 'releases' | 'cache' | 'offline' | 'keys'>;

/** A bundle that was found whole, and its name in messages. */
interface Original {
  readonly shown: string;
  readonly verified: Verification;
  readonly files: ReadonlyMap<string, File>;
}

/**
 * Makes a bundle again from its own profile, pin and lock, and compares all bytes. Packages come from the bundle, where the
 * signature of each is checked again, firmware out of the cache or a package on a mirror.
 * @throws AirhiveError environment when another airhive has made it, unsupported without a profile in it, network when firmware
 * cannot be had, verification when other bytes come out
 */
export async function rebuild(
  shown: string,
  verified: Verification,
  options: RebuildOptions,
  context: VerbContext,
): Promise<void> {
  const original: Original = { shown, verified, files: filesOf(verified.tree) };
  refuseOtherVersion(original, context.version);
  const profile = await profileIn(original, options, context);
  const contents = await contentsOf(original, profile, await packageSearch(options, profile, context));
  // The date that the bundle has, whatever this one's environment says.
  const env = { SOURCE_DATE_EPOCH: String(verified.manifest.epoch) };
  const own = await readOwnFiles(context);
  const { bundle } = await assemble(profile, contents, own, { ...context, env });
  const problems = await problemsOf(original, bundle);
  if (problems.length > 0) throw otherBytes(original, problems, context.version);
}

function refuseOtherVersion({ shown, verified: { manifest } }: Original, version: string): void {
  if (manifest.airhive === version) return;
  throw new AirhiveError(
    'environment',
    `${shown} is whole, but it was made by airhive ${manifest.airhive} and this is airhive ${version}: ` +
      'it cannot be made again, since each version makes other bytes',
    {
      hint:
        `this is no sign of damage: run verify --rebuild of airhive ${manifest.airhive}; ` +
        'airhive diff says what this one would make in another way',
    },
  );
}

/** The profile with the bundle's own pin, which may be one that this airhive does not ship. */
async function profileIn(
  { shown, verified: { manifest }, files }: Original,
  options: RebuildOptions,
  context: VerbContext,
): Promise<ResolvedProfile> {
  const file = files.get(PROFILE);
  if (!file) {
    throw new AirhiveError('unsupported', `there is no ${PROFILE} in ${shown}, so it cannot be made again`, {
      hint: 'an airhive before verify --rebuild has made it: build it again from its profile and compare',
    });
  }
  const name = `${shown}/${MANIFEST}`;
  const pin = pinIn(manifest, name);
  await checkPin(pin, shown, options, context);
  const text = Buffer.from(file.bytes).toString('utf8');
  const source = { file: `${shown}/${PROFILE}`, text, name: manifest.profile };
  // Whether its release gets fixes today is not the question.
  const { profile, diagnostics } = resolveProfile(source, [pin], await loadCards(context), dayOf(pin.date));
  if (profile) return profile;
  throw new AirhiveError('verification', `${source.file} is not a profile that a bundle can be made from`, {
    diagnostics,
  });
}

function pinIn({ resolved }: Manifest, name: string): ReleasePin {
  const { releases, diagnostics } = pinAsWritten(resolved.release, name);
  if (releases?.[0]) return releases[0];
  throw new AirhiveError('verification', `${name}: resolved.release is not a pin that airhive writes`, {
    diagnostics,
  });
}

/** A bundle can be made again from any pin; who looks at it has to know whose that is. */
async function checkPin(
  pin: ReleasePin,
  shown: string,
  { releases }: RebuildOptions,
  context: VerbContext,
): Promise<void> {
  const { release, flavor, file } = pin;
  const own = (await loadReleases(releases, context)).find(
    (one) => one.release === release && one.flavor === flavor,
  );
  if (own?.sha256 === pin.sha256) return;
  const where = releases ?? 'this airhive';
  if (!own) {
    context.reporter.warn(
      `the pin of ${file} is the bundle's own, ${where} has none: compare its SHA-256 with Alpine's, ${pin.sha256}`,
    );
    return;
  }
  throw new AirhiveError(
    'verification',
    `${shown} boots another ${file}: its SHA-256 is ${pin.sha256}, the pin of ${where} says ${own.sha256}`,
    { hint: 'if you trust that ISO, name the file with its pin: --releases FILE' },
  );
}

/** What lay on the vdisk and what did not, from checked sources. */
async function contentsOf(
  original: Original,
  profile: ResolvedProfile,
  search: PackageSearch,
): Promise<Contents> {
  const { shown, files } = original;
  const asked = askedOf(profile);
  const lock = decodeLock(Buffer.from(files.get(LOCK)?.bytes ?? []).toString('utf8'));
  if (!lock)
    return { lock: undefined, files: [], missing: missingWithout(asked, original.verified.manifest) };
  // A part that could not be had when it was built was not asked for in its lock.
  const part: Asked = {
    iso: asked.iso,
    packages: lock.packages.length > 0 ? asked.packages : [],
    firmware: lock.asked.firmware.length > 0 ? asked.firmware : [],
  };
  const differences = lockDifferences(lock, profile.release, part);
  if (differences.length > 0) {
    const text = [`${LOCK} in ${shown} is not the lock of its profile:`, ...differences].join('\n  ');
    throw new AirhiveError('verification', text);
  }
  const stock = await signedPackages(original, lock, search);
  const taken = await takeFrom({ profile, asked: part }, lock, stock, search);
  const missing = {
    packages: part.packages.length > 0 ? [] : asked.packages,
    firmware: part.firmware.length > 0 ? taken.missing.firmware : asked.firmware,
  };
  return { lock: taken.lock, files: taken.files, missing };
}

/** Of a bundle without a lock: firmware that no package has is listed by the first of the names that will do. */
function missingWithout({ packages, firmware }: Asked, { missing }: Manifest): Contents['missing'] {
  const absent = firmware.map((text) => text.split('|')[0] ?? text);
  return { packages, firmware: isDeepStrictEqual(missing.firmware, absent) ? absent : firmware };
}

/** The bundle's packages by their SHA-256: each has the signature of a known key and is the one that the lock names. */
async function signedPackages(
  { shown, files, verified: { manifest } }: Original,
  lock: Lock,
  { keys }: PackageSearch,
): Promise<Map<string, Uint8Array>> {
  const all = stockOf(files, manifest);
  const stock = new Map<string, Uint8Array>();
  const problems: string[] = [];
  for (const one of lock.packages) {
    const bytes = all.get(one.sha256);
    const problem = bytes && (await problemInBytes(Buffer.from(bytes), one, keys));
    if (problem !== undefined) problems.push(`${fileNameOf(one)}: ${problem}`);
    else if (bytes) stock.set(one.sha256, bytes);
  }
  if (problems.length === 0) return stock;
  const lines = [`packages in ${shown} are not what they should be:`, ...problems.map(visible)];
  throw new AirhiveError('verification', lines.join('\n  '));
}

/** As takeLocked, but what cannot be had ends it. */
async function takeFrom(
  wanted: { readonly profile: ResolvedProfile; readonly asked: Asked },
  lock: Lock,
  stock: ReadonlyMap<string, Uint8Array>,
  search: PackageSearch,
): Promise<Contents> {
  const hint =
    'the firmware in a bundle has no signature of its own, so its package is needed: name a mirror that still has it with ' +
    '--mirror, or the cache of the build with --cache';
  try {
    const taken = await takeLocked(wanted, lock, stock, search);
    if (taken.files.length === lockedFiles(lock).length) return taken;
    const { packages, firmware } = taken.reasons;
    throw new AirhiveError('network', packages ?? firmware ?? '');
  } catch (error) {
    if (!(error instanceof AirhiveError) || error.kind !== 'network') throw error;
    throw new AirhiveError('network', `it cannot be made again: ${error.message}`, { cause: error, hint });
  }
}

/** What has other bytes, each with the first place; the lists of the others only when they are alone. */
async function problemsOf({ files, verified }: Original, bundle: Bundle): Promise<string[]> {
  const again = new Map(bundle.files.map((file) => [file.path, file]));
  const [before, after] = [await sideOf(files), await sideOf(again)];
  const listed = different(files, again);
  const inside = different(before.guest, after.guest).map((path) =>
    problemOf(`${APKOVL}: ${path}`, before.guest.get(path), after.guest.get(path)),
  );
  const made = listed
    .filter((path) => !LISTS.has(path))
    .map((path) => problemOf(path, files.get(path), again.get(path)));
  const lists = listed.filter((path) => LISTS.has(path));
  const causes = [...made, ...inside];
  if (causes.length > 0 && lists.length > 0) return [...causes, `and with that ${lists.join(', ')}`];
  if (lists.length > 0) return lists.map((path) => problemOf(path, files.get(path), again.get(path)));
  const same = verified.tar === undefined || sha256(verified.tar) === sha256(await encodeBundleTar(bundle));
  return same ? causes : [...causes, 'the tar itself: the same files, packed in another way'];
}

/** Files that have other bytes whenever another one has. */
const LISTS: ReadonlySet<string> = new Set([MANIFEST, CHECKSUMS, APKOVL, VDISK]);

function problemOf(path: string, one: Entry | undefined, other: Entry | undefined): string {
  if (!one) return `${path}: airhive makes it, and it is not there`;
  if (!other) return `${path}: airhive makes no such file`;
  if (one.mode !== other.mode)
    return `${path}: its mode is ${formatMode(one.mode)}, airhive makes ${formatMode(other.mode)}`;
  if (one.type !== 'file' || other.type !== 'file') return `${path}: airhive makes something else there`;
  const place = one.bytes.findIndex((byte, at) => byte !== other.bytes[at]);
  const at = place < 0 ? one.bytes.length : place;
  const line = Buffer.from(one.bytes.subarray(0, at)).toString('latin1').split('\n').length;
  const isText = !one.bytes.subarray(0, 4096).includes(0);
  return `${path}: other bytes, first at byte ${at}${isText ? `, in line ${line}` : ''}`;
}

function otherBytes({ shown }: Original, problems: readonly string[], version: string): AirhiveError {
  const text = [
    `${shown} agrees with its own checksums, but airhive ${version} makes other bytes from its profile, pin and lock:`,
    ...problems.map(visible),
  ].join('\n  ');
  return new AirhiveError('verification', text, {
    hint:
      'somebody has changed it after the build, or another state of the source of this version has made it: ' +
      'do not install it before you know which',
  });
}
