import { APKOVL, CHECKSUMS, encodeVdisk, LOCK, MANIFEST, VDISK, vdiskFiles } from '../bundle/bundle.ts';
import { decodeChecksums, encodeChecksums, sha256 } from '../formats/checksums.ts';
import { decodeGzip } from '../formats/gzip.ts';
import { encodeManifest, formatMode, manifestEntry, type Manifest } from '../formats/manifest.ts';
import { decodeTar, encodeTar } from '../formats/tar.ts';
import type { File, Tree } from '../formats/tree.ts';
import { decodeLock, encodeLock, lockedFiles } from '../packages/lock.ts';

/* A bundle's tree against its manifest. Every check returns one line for each difference, which names the file. */

/** Bytes that an overlay may unpack to. */
const LARGEST = 256 * 1024 * 1024;

/**
 * All checks of a bundle's tree, paths relative to the bundle.
 * @param name the one that the bundle has in a tar; a directory may be called anything
 */
export async function checkTree(tree: Tree, manifest: Manifest, name: string | undefined): Promise<string[]> {
  const files = filesOf(tree);
  const text = textOf(files.get(MANIFEST));
  const apkovl = files.get(APKOVL)?.bytes;
  const vdisk = files.get(VDISK)?.bytes;
  return [
    ...twice(tree),
    ...checkFiles(files, manifest),
    ...checkOthers(tree, manifest),
    ...checkManifest(text, manifest, name),
    // What is missing was reported with the files.
    ...(vdisk && apkovl ? checkVdisk(vdisk, apkovl, manifest) : []),
    ...(apkovl ? await checkApkovl(apkovl, manifest) : []),
    ...checkLock(files.get(LOCK), manifest),
    ...checkPin(files, manifest),
  ];
}

export function filesOf(tree: Tree): ReadonlyMap<string, File> {
  return new Map(tree.filter((entry) => entry.type === 'file').map((file) => [file.path, file]));
}

function textOf(file: File | undefined): string {
  return Buffer.from(file?.bytes ?? []).toString('utf8');
}

function twice(tree: Tree): string[] {
  const paths = tree.map(({ path }) => path);
  return paths.filter((path, at) => paths.indexOf(path) < at).map((path) => `${path}: there more than once`);
}

/** What the lists say of a file; a list that has it not says nothing. */
interface Listed {
  /** The digest by each list's name. */
  readonly digests: Map<string, string>;
  size?: number;
  mode?: string;
}

/** Compares the files with both lists of them. */
function checkFiles(files: ReadonlyMap<string, File>, manifest: Manifest): string[] {
  const problems: string[] = [];
  const listed = new Map<string, Listed>();
  const at = (path: string): Listed => {
    const entry = listed.get(path) ?? { digests: new Map<string, string>() };
    listed.set(path, entry);
    return entry;
  };
  const list = (name: string, path: string, digest: string): void => {
    const { digests } = at(path);
    if (digests.has(name)) problems.push(`${name}: it lists ${path} more than once`);
    digests.set(name, digest);
  };
  const sums = files.get(CHECKSUMS);
  try {
    // A missing one is reported with all other files.
    const decoded = sums ? decodeChecksums(textOf(sums)) : [];
    for (const { path, digest } of decoded) list(CHECKSUMS, path, digest);
  } catch (error) {
    problems.push(messageOf(error));
  }
  const haveSums = [...listed].length > 0;
  for (const { path, size, mode, sha256: digest } of manifest.files) {
    list(MANIFEST, path, digest);
    Object.assign(at(path), { size, mode });
  }
  // The two that list the others cannot be in their own list; their mode is a constant.
  for (const path of [MANIFEST, CHECKSUMS]) Object.assign(at(path), { mode: '0644' });
  for (const [path, entry] of listed) problems.push(...compare(path, files.get(path), entry, haveSums));
  for (const path of files.keys()) if (!listed.has(path)) problems.push(`${path}: not a file of this bundle`);
  return problems;
}

function compare(path: string, file: File | undefined, listed: Listed, haveSums: boolean): string[] {
  if (!file) return [`${path}: missing`];
  const problems: string[] = [];
  const digest = sha256(file.bytes);
  const wrong = [...listed.digests].filter(([, said]) => said !== digest).map(([name]) => name);
  const mode = listed.mode ?? '0644';
  if (wrong.length > 0) problems.push(`${path}: its SHA-256 is not the one in ${wrong.join(' and ')}`);
  else if (listed.size !== undefined && listed.size !== file.bytes.length)
    problems.push(`${path}: it has ${file.bytes.length} bytes, ${MANIFEST} says ${listed.size}`);
  if (formatMode(file.mode) !== mode)
    problems.push(`${path}: its mode is ${formatMode(file.mode)}, it has to be ${mode}`);
  const expected = [
    ...(haveSums && path !== CHECKSUMS ? [CHECKSUMS] : []),
    ...(path === MANIFEST || path === CHECKSUMS ? [] : [MANIFEST]),
  ];
  const silent = expected.filter((name) => !listed.digests.has(name));
  return silent.length > 0 ? [...problems, `${path}: not in ${silent.join(' or ')}`] : problems;
}

/** Links, directories that hold none of the listed files, or that others may write into: what is in them may run as root. */
function checkOthers(tree: Tree, manifest: Manifest): string[] {
  const known = new Set(['iso']);
  for (const { path } of manifest.files) {
    for (let end = path.indexOf('/'); end > 0; end = path.indexOf('/', end + 1))
      known.add(path.slice(0, end));
  }
  return tree.flatMap((entry) => {
    const { type, path, mode } = entry;
    if (type === 'file') return [];
    if (type === 'symlink') return [`${path}: a link to ${entry.target}, which no bundle has`];
    if (!known.has(path)) return [`${path}: not a directory of this bundle`];
    return (mode & 0o022) === 0 ? [] : [`${path}: its mode ${formatMode(mode)} lets others write into it`];
  });
}

/** What the manifest says more than once has to agree, and its text has to be the one that airhive writes. */
function checkManifest(text: string, manifest: Manifest, inTar: string | undefined): string[] {
  const { profile, iso, resolved, apkovl } = manifest;
  const { name, release, alpine } = resolved as Partial<Record<string, Record<string, unknown>>>;
  const mirrors = Array.isArray(alpine?.mirrors) ? alpine.mirrors : [];
  const urls = mirrors.map((mirror) => `${String(mirror)}/${String(release?.path)}`);
  const pairs: [string, unknown, unknown][] = [
    ['profile', profile, name],
    ['iso.file', iso.file, release?.file],
    ['iso.sha256', iso.sha256, release?.sha256],
    ['iso.size', iso.size, release?.size],
    ['iso.urls', iso.urls.join(' '), urls.join(' ')],
    ['profile', profile, inTar ?? profile],
  ];
  const problems = pairs
    .filter(([, said, elsewhere]) => said !== elsewhere)
    .map(([key, said, elsewhere]) => `${key} is ${String(said)}, but elsewhere it is ${String(elsewhere)}`);
  if (text !== encodeManifest(manifest)) problems.push('not written as airhive writes it');
  if (apkovl.path !== APKOVL || apkovl.vdisk !== VDISK)
    problems.push(`apkovl has to name ${APKOVL} and ${VDISK}`);
  return problems.map((problem) => `${MANIFEST}: ${problem}`);
}

/** The line that vm_fetch and sha256sum read. */
function checkPin(files: ReadonlyMap<string, File>, { iso }: Manifest): string[] {
  const path = `iso/${iso.file}.sha256`;
  if (!files.has(path)) return [`${path}: missing`];
  const line = encodeChecksums([{ path: iso.file, digest: iso.sha256 }]);
  return textOf(files.get(path)) === line ? [] : [`${path}: it does not say what ${MANIFEST} says`];
}

/**
 * Makes the vdisk again from the overlay beside it and from the files that the manifest lists, as large as it was found, and
 * compares all bytes: whatever else lies on it, be it in free space, is found.
 */
function checkVdisk(image: Uint8Array, apkovl: Uint8Array, { epoch, vdisk }: Manifest): string[] {
  try {
    const others = vdiskFiles(image, apkovl.length, vdisk);
    const changed = others
      .filter(({ bytes }, at) => sha256(bytes) !== vdisk[at]?.sha256)
      .map(({ path }) => `${VDISK}: ${path}: its SHA-256 is not the one in ${MANIFEST}`);
    // A disk that is laid out in another way has none of them where it should be.
    if (changed.length > 0 && (changed.length === 1 || changed.length < others.length)) return changed;
    const place = firstDifference(image, encodeVdisk(apkovl, others, epoch, image.length).bytes);
    const what = vdisk.length > 0 ? `${APKOVL} and the files of ${MANIFEST} give` : `${APKOVL} gives`;
    return place === undefined ? [] : [`${VDISK}: not the disk that ${what}, first at byte ${place}`];
  } catch (error) {
    return [`${VDISK}: ${messageOf(error)}`];
  }
}

/** The lock names exactly what is on the vdisk. */
function checkLock(file: File | undefined, { vdisk }: Manifest): string[] {
  if (!file) return vdisk.length > 0 ? [`${LOCK}: missing, though there are packages or firmware`] : [];
  const lock = decodeLock(textOf(file));
  if (!lock) return [`${LOCK}: not a lock of this airhive`];
  const locked = lockedFiles(lock);
  const [there, named] = [new Set(vdisk.map(lineOfLocked)), new Set(locked.map(lineOfLocked))];
  const problems = [
    ...vdisk
      .filter((one) => !named.has(lineOfLocked(one)))
      .map(({ path }) => `it does not name ${path} as it is`),
    ...locked
      .filter((one) => !there.has(lineOfLocked(one)))
      .map(({ path }) => `it names another ${path} than there is`),
    ...(textOf(file) === encodeLock(lock).toString() ? [] : ['not written as airhive writes it']),
  ];
  return problems.map((problem) => `${LOCK}: ${problem}`);
}

function lineOfLocked({ path, size, sha256: digest }: Manifest['vdisk'][number]): string {
  return `${path} ${size} ${digest}`;
}

/** Compares the entries of the overlay with those of the manifest, and its bytes with those that these entries give. */
async function checkApkovl(apkovl: Uint8Array, manifest: Manifest): Promise<string[]> {
  try {
    const tar = decodeGzip(apkovl, LARGEST);
    const tree = await decodeTar(tar, 'what is in it');
    const problems = compareEntries(
      tree.map((entry) => lineOf(manifestEntry(entry))),
      manifest.guest.map(lineOf),
    );
    // Owners and dates, which the manifest does not list since they are the same for every entry.
    const place =
      problems.length > 0 ? undefined : firstDifference(tar, await encodeTar(tree, manifest.epoch));
    if (place !== undefined)
      problems.push(`owners, dates or padding are not airhive's, first at byte ${place} of the tar`);
    if (sha256(tar) !== manifest.apkovl.tar) problems.push(`its content is not the one in ${MANIFEST}`);
    return problems.map((problem) => `${APKOVL}: ${problem}`);
  } catch (error) {
    return [`${APKOVL}: ${messageOf(error)}`];
  }
}

function lineOf({ path, type, mode, sha256: digest, target }: Manifest['guest'][number]): string {
  return [type, mode, path, digest ?? target ?? ''].join(' ').trim();
}

/** Lists in the same order; when they hold the same, a difference in order is one, too. */
function compareEntries(found: readonly string[], listed: readonly string[]): string[] {
  const [isFound, isListed] = [new Set(found), new Set(listed)];
  const problems = [
    ...found.filter((line) => !isListed.has(line)).map((line) => `not in the manifest: ${line}`),
    ...listed.filter((line) => !isFound.has(line)).map((line) => `missing or changed: ${line}`),
  ];
  const same = problems.length > 0 || found.join('\n') === listed.join('\n');
  return same ? problems : ['its entries are in another order than in the manifest, or not there once each'];
}

function firstDifference(one: Uint8Array, other: Uint8Array): number | undefined {
  if (Buffer.compare(one, other) === 0) return undefined;
  const place = one.findIndex((byte, at) => byte !== other[at]);
  return place < 0 ? one.length : place;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What no published bundle may contain: private keys, and passphrases where wpa_supplicant would read them. */
const SECRETS: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----/, 'a private key'],
  [/^[ \t]*#?(psk|sae_password|password|private_key_passwd|wep_key[0-3])=[^\s]/m, 'a Wi-Fi secret'],
];

/** The secrets in any file, also in what is compressed. An archive shows its files as they are, and the vdisk its overlay. */
export function findSecrets(tree: Tree): string[] {
  return [...filesOf(tree).values()]
    .flatMap(({ path, bytes }) => layersOf(path, bytes))
    .flatMap(([name, bytes]) => {
      const text = Buffer.from(bytes).toString('latin1');
      return SECRETS.filter(([pattern]) => pattern.test(text)).map(
        ([, what]) => `${name}: it contains ${what}`,
      );
    });
}

function layersOf(name: string, bytes: Uint8Array): [string, Uint8Array][] {
  const inner = (): [string, Uint8Array][] => {
    try {
      return layersOf(name.replace(/\.gz$/, ''), decodeGzip(bytes, LARGEST));
    } catch {
      // Damaged: the other checks say so.
      return [];
    }
  };
  return [[name, bytes], ...(name.endsWith('.gz') ? inner() : [])];
}
