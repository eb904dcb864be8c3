import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { APKOVL, MANIFEST, VDISK } from '../bundle/bundle.ts';
import { ignoringMissing, onDisk } from '../disk/safely.ts';
import { AirhiveError, systemCodeOf } from '../errors.ts';
import { encodeChecksums } from '../formats/checksums.ts';
import type { Manifest } from '../formats/manifest.ts';
import { hashFile } from '../inputs/hash.ts';
import { visible } from '../profile/diagnostics.ts';
import { checkApkovl, checkVdisk } from './contents.ts';
import { readFolder } from './folder.ts';
import { LARGEST, type Found } from './found.ts';
import { checkFiles, checkFolders, checkManifest } from './listed.ts';
import { decodeManifest } from './manifest.ts';
import { findSecrets } from './secrets.ts';
import { readTar } from './tar.ts';

export interface Verification {
  readonly manifest: Manifest;
  readonly files: number;
  /** Whether the ISO lay beside its checksum (and was checked too). */
  readonly iso: boolean;
}

export interface VerifyOptions {
  /** Also refuse what must not be published. */
  readonly public: boolean;
  /** The bundle's path as messages name it. */
  readonly shown: string;
  readonly signal: AbortSignal;
}

/**
 * Reads a bundle again, folder or tar, and checks all of it: sums, manifest, modes, the inside of the vdisk and of
 * the overlay, and the ISO if it is there. `data/` belongs to the machine that runs the bundle and is left alone.
 * @throws AirhiveError verification naming every file that is not as it should be; disk when it cannot be read
 */
export async function verifyBundle(path: string, options: VerifyOptions): Promise<Verification> {
  const found = await readBundle(path, options.shown);
  const manifest = manifestOf(found.files.get(MANIFEST)?.bytes, options.shown);
  const problems = [
    ...found.problems,
    ...checkFiles(found, manifest),
    ...checkFolders(found, manifest),
    ...checkManifest(found, manifest),
    ...(await checkInside(found, manifest)),
    ...(await checkIso(found, manifest, options.signal)),
    ...(options.public ? findSecrets(found) : []),
  ];
  const iso = found.isos.has(`iso/${manifest.iso.file}`);
  if (problems.length === 0) return { manifest, files: found.files.size, iso };
  throw new AirhiveError(
    'verification',
    [`${options.shown} is not as it has to be:`, ...problems.map((problem) => visible(problem))].join('\n  '),
    {
      hint: 'build it again, or fetch it again from where it was published',
    },
  );
}

async function readBundle(path: string, shown: string): Promise<Found> {
  const info = await onDisk('read', shown, () => stat(path));
  if (info.isDirectory()) {
    // First of all: whatever else this folder is, it may hold any number of files.
    const file = join(path, MANIFEST);
    manifestOf(await onDisk('read', file, () => ignoringMissing(readPlain(file))), shown);
    return readFolder(path);
  }
  if (!info.isFile()) throw new AirhiveError('disk', `cannot read ${shown}: neither a file nor a folder`);
  if (info.size <= LARGEST) return readTar(path, shown);
  throw new AirhiveError('verification', `${shown} has ${info.size} bytes; no tar of a bundle is so large`);
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
    hint: 'name the folder or the .tar of a bundle, such as dist/intel8260',
  });
}

async function checkInside(found: Found, manifest: Manifest): Promise<string[]> {
  const apkovl = found.files.get(APKOVL);
  const vdisk = found.files.get(VDISK);
  const problems: string[] = [];
  if (manifest.apkovl.path !== APKOVL || manifest.apkovl.vdisk !== VDISK) {
    problems.push(`${MANIFEST}: apkovl has to name ${APKOVL} and ${VDISK}`);
  }
  // Missing ones were reported with the files.
  if (vdisk && apkovl) problems.push(...checkVdisk(vdisk.bytes, apkovl.bytes, manifest));
  if (apkovl) problems.push(...(await checkApkovl(apkovl.bytes, manifest)));
  return problems;
}

async function checkIso(found: Found, { iso }: Manifest, signal: AbortSignal): Promise<string[]> {
  const line = encodeChecksums([{ path: iso.file, digest: iso.sha256 }]);
  const checksum = found.files.get(`iso/${iso.file}.sha256`);
  const problems: string[] = [];
  if (!checksum) problems.push(`iso/${iso.file}.sha256: missing`);
  else if (Buffer.from(checksum.bytes).toString('utf8') !== line) {
    problems.push(`iso/${iso.file}.sha256: it does not say what ${MANIFEST} says`);
  }
  for (const [inside, path] of found.isos) {
    // What vm_fetch has downloaded so far.
    if (inside === `iso/${iso.file}.part`) continue;
    if (inside !== `iso/${iso.file}`) problems.push(`${inside}: not a file of this bundle`);
    else if ((await onDisk('read', path, () => stat(path))).size !== iso.size) {
      problems.push(`${inside}: it has to be ${iso.size} bytes long`);
    } else if ((await hashFile(path, signal)) !== iso.sha256) {
      problems.push(`${inside}: its SHA-256 has to be ${iso.sha256}`);
    }
  }
  return problems;
}
