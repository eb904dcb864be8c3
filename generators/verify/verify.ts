import { constants } from 'node:fs';
import { open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { APKOVL, MANIFEST, VDISK, vdiskFiles } from '../bundle/bundle.ts';
import { ignoringMissing, onDisk } from '../disk.ts';
import { AirhiveError, systemCodeOf } from '../errors.ts';
import { sha256 } from '../formats/checksums.ts';
import { decodeManifest, type Manifest } from '../formats/manifest.ts';
import { decodeTar } from '../formats/tar.ts';
import type { Entry, File, Tree } from '../formats/tree.ts';
import { hashFile } from '../inputs/hash.ts';
import { LARGEST, readTree } from '../inputs/tree.ts';
import { DATA } from '../output/replaceable.ts';
import { visible } from '../profile/diagnostics.ts';
import { checkTree, filesOf, findSecrets } from './check.ts';

export interface Verification {
  readonly manifest: Manifest;
  readonly files: number;
  /** Whether the ISO lay beside its checksum (and was checked too). */
  readonly iso: boolean;
  readonly tree: Tree;
  /** The whole tar, if it is one. */
  readonly tar: Uint8Array | undefined;
}

export interface VerifyOptions {
  /** Also refuse what must not be published. */
  readonly public: boolean;
  /** The bundle's path as messages name it. */
  readonly shown: string;
  readonly signal: AbortSignal;
}

/** What lies where a bundle should be; paths relative to the bundle. */
interface Found {
  readonly tree: Tree;
  /** The name that the bundle has in a tar; undefined for a directory. */
  readonly name: string | undefined;
  /** Files in iso/ that are left where they are, being large. */
  readonly isos: readonly string[];
  readonly hasData: boolean;
  /** What cannot be part of any bundle. */
  readonly problems: readonly string[];
  readonly tar: Uint8Array | undefined;
}

/**
 * Reads a bundle again, directory or tar, and checks all of it: sums, manifest, modes, the vdisk, the inside of the overlay,
 * and the ISO if it is there.
 * @throws AirhiveError verification naming every file that is not as it should be; disk when it cannot be read
 */
export async function verifyBundle(path: string, options: VerifyOptions): Promise<Verification> {
  const { shown } = options;
  const { tree, name, isos, hasData, problems, tar } = await readBundle(path, shown);
  const manifest = manifestOf(filesOf(tree).get(MANIFEST)?.bytes, shown);
  const all = [
    ...problems,
    ...(await checkTree(tree, manifest, name)),
    ...(await checkIsos(path, isos, manifest, options.signal)),
    ...(options.public && hasData
      ? [`${DATA}/: it holds the secrets of one machine; publish the bundle without it`]
      : []),
    ...(options.public ? findSecrets(tree) : []),
  ];
  if (all.length === 0) {
    const iso = isos.includes(`iso/${manifest.iso.file}`);
    return { manifest, files: filesOf(tree).size, iso, tree, tar };
  }
  throw new AirhiveError(
    'verification',
    [`${shown} is not as it has to be:`, ...all.map((problem) => visible(problem))].join('\n  '),
    { hint: 'build it again, or fetch it again from where it was published' },
  );
}

/**
 * The files of a bundle, directory or tar, and those on its vdisk by their SHA-256. A damaged bundle has fewer of them.
 * @throws AirhiveError verification when it is none; disk
 */
export async function readStock(
  path: string,
  shown: string,
): Promise<{ files: ReadonlyMap<string, File>; stock: ReadonlyMap<string, Uint8Array> }> {
  const files = filesOf((await readBundle(path, shown)).tree);
  return { files, stock: stockOf(files, manifestOf(files.get(MANIFEST)?.bytes, shown)) };
}

/** The files on a bundle's vdisk by their SHA-256; none when they cannot be on it. */
export function stockOf(
  files: ReadonlyMap<string, File>,
  { vdisk }: Manifest,
): ReadonlyMap<string, Uint8Array> {
  const [image, overlay] = [files.get(VDISK)?.bytes, files.get(APKOVL)?.bytes];
  const stock = new Map<string, Uint8Array>();
  try {
    const inside = image && overlay ? vdiskFiles(image, overlay.length, vdisk) : [];
    for (const { bytes } of inside) stock.set(sha256(bytes), bytes);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return stock;
}

async function readBundle(path: string, shown: string): Promise<Found> {
  const info = await onDisk('read', shown, () => stat(path));
  if (info.isDirectory()) {
    // First of all: whatever else this directory is, it may hold any number of files.
    const file = join(path, MANIFEST);
    manifestOf(await onDisk('read', file, () => ignoringMissing(readPlain(file))), shown);
    return readDirectory(path);
  }
  if (!info.isFile()) throw new AirhiveError('disk', `cannot read ${shown}: neither a file nor a directory`);
  if (info.size > LARGEST)
    throw new AirhiveError('verification', `${shown} has ${info.size} bytes; no tar of a bundle is so large`);
  return readTar(await onDisk('read', path, () => readFile(path)), shown);
}

async function readDirectory(top: string): Promise<Found> {
  const isos: string[] = [];
  const problems: string[] = [];
  let hasData = false;
  const tree = await readTree(top, {
    skip: (path, isFile) => {
      // The ISO lies beside its checksum and is none of the bundle's files.
      const isIso = isFile && path.startsWith('iso/') && !path.endsWith('.sha256');
      if (isIso) isos.push(path);
      // A machine's own, where a bundle was put at HOST_DIR by hand: it is never read.
      if (path === DATA) hasData = true;
      return isIso || path === DATA;
    },
    refuse: (path, why) => problems.push(`${path}: ${why}`),
  });
  return { tree, name: undefined, isos, hasData, problems, tar: undefined };
}

/** The name that the bundle has in a tar is taken from the first entry: the file may be called anything. */
async function readTar(bytes: Uint8Array, shown: string): Promise<Found> {
  const entries = await decodeTar(bytes, shown);
  const name = entries[0]?.path.split('/')[0] ?? '';
  const tree: Entry[] = [];
  const problems: string[] = [];
  for (const entry of entries) {
    const [first, ...parts] = entry.path.split('/');
    const odd = [name, ...parts].some((part) => part === '' || part === '.' || part === '..');
    if (first !== name || odd)
      problems.push(`${shown}: an entry that no bundle has: ${JSON.stringify(entry.path)}, ${entry.type}`);
    else if (parts.length > 0) tree.push({ ...entry, path: parts.join('/') });
  }
  const hasData = tree.some(({ path }) => path.split('/')[0] === DATA);
  return { tree, name, isos: [], hasData, problems, tar: bytes };
}

/** A file that is one: what never ends, such as a pipe, a device or a link to one, is not even opened for long. */
async function readPlain(path: string): Promise<Uint8Array | undefined> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await open(path, flags).catch((error: unknown) => {
    if (['ELOOP', 'EMLINK', 'ENXIO'].includes(systemCodeOf(error) ?? '')) return undefined;
    throw error;
  });
  try {
    const info = await file?.stat();
    return info?.isFile() && info.size <= LARGEST ? await file?.readFile() : undefined;
  } finally {
    await file?.close();
  }
}

function manifestOf(bytes: Uint8Array | undefined, shown: string): Manifest {
  if (bytes) return decodeManifest(Buffer.from(bytes).toString('utf8'));
  throw new AirhiveError('verification', `${shown} is not a bundle: there is no ${MANIFEST} in it`, {
    hint: 'name the directory or the .tar of a bundle, such as dist/intel8260',
  });
}

async function checkIsos(
  top: string,
  isos: readonly string[],
  { iso }: Manifest,
  signal: AbortSignal,
): Promise<string[]> {
  const problems: string[] = [];
  for (const inside of isos) {
    const path = join(top, inside);
    // What vm_fetch has downloaded so far.
    if (inside === `iso/${iso.file}.part`) continue;
    if (inside !== `iso/${iso.file}`) problems.push(`${inside}: not a file of this bundle`);
    else if ((await onDisk('read', path, () => stat(path))).size !== iso.size)
      problems.push(`${inside}: it has to be ${iso.size} bytes long`);
    else if ((await hashFile(path, signal)) !== iso.sha256)
      problems.push(`${inside}: its SHA-256 has to be ${iso.sha256}`);
  }
  return problems;
}
