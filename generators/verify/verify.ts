import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { APKOVL, CHECKSUMS, MANIFEST, VDISK } from '../artefacts/bundle.ts';
import { AirhiveError } from '../errors.ts';
import { decodeChecksums, encodeChecksums, sha256 } from '../formats/checksums.ts';
import { decodeManifest, formatMode, type Manifest } from '../formats/manifest.ts';
import { hashFile } from '../inputs/hash.ts';
import { checkApkovl, checkVdisk } from './contents.ts';
import { findSecrets } from './secrets.ts';
import { readBundle, type Found } from './source.ts';

export interface Verification {
  readonly manifest: Manifest;
  readonly files: number;
  /** Whether the ISO lay beside its checksum (and was checked too). */
  readonly iso: boolean;
}

/**
 * Reads a bundle again, folder or tar, and checks all of it: sums, manifest, modes, the inside of the vdisk and of
 * the overlay, and the ISO if it is there. `data/` belongs to the machine that runs the bundle and is left alone.
 * @throws AirhiveError verification naming every file that is not as it should be; disk when it cannot be read
 */
export async function verifyBundle(path: string, options: { public: boolean }): Promise<Verification> {
  const found = await readBundle(path);
  const manifest = readManifest(found);
  const problems = [
    ...checkSums(found),
    ...checkFiles(found, manifest),
    ...(await checkInside(found, manifest)),
    ...(await checkIso(found, manifest)),
    ...(options.public ? findSecrets(found) : []),
  ];
  if (problems.length === 0) return { manifest, files: found.files.size, iso: found.isos.length > 0 };
  throw new AirhiveError('verification', [`${path} is not as it was built:`, ...new Set(problems)].join('\n  '), {
    hint: 'build it again, or fetch it again from where it was published',
  });
}

function readManifest(found: Found): Manifest {
  const file = found.files.get(MANIFEST);
  if (!file) throw new AirhiveError('verification', `there is no ${MANIFEST}`, { hint: 'name the folder or the .tar of a bundle' });
  return decodeManifest(Buffer.from(file.bytes).toString('utf8'));
}

function checkSums(found: Found): string[] {
  const sums = found.files.get(CHECKSUMS);
  if (!sums) return [`${CHECKSUMS}: missing`];
  const listed = new Map(decodeChecksums(Buffer.from(sums.bytes).toString('utf8')).map(({ path, digest }) => [path, digest]));
  const problems: string[] = [];
  for (const [path, digest] of listed) {
    const file = found.files.get(path);
    if (!file) problems.push(`${path}: missing`);
    else if (sha256(file.bytes) !== digest) problems.push(`${path}: its SHA-256 is not the one in ${CHECKSUMS}`);
  }
  for (const path of found.files.keys()) {
    if (path !== CHECKSUMS && !listed.has(path)) problems.push(`${path}: not a file of this bundle`);
  }
  return problems;
}

function checkFiles(found: Found, manifest: Manifest): string[] {
  const problems: string[] = [];
  const listed = new Set([MANIFEST, CHECKSUMS]);
  for (const { path, mode, size, sha256: digest } of manifest.files) {
    listed.add(path);
    const file = found.files.get(path);
    if (!file) problems.push(`${path}: missing`);
    else if (file.bytes.length !== size) problems.push(`${path}: ${file.bytes.length} bytes, the manifest says ${size}`);
    else if (sha256(file.bytes) !== digest) problems.push(`${path}: its SHA-256 is not the one in ${MANIFEST}`);
    else if (formatMode(file.mode) !== mode) problems.push(`${path}: mode ${formatMode(file.mode)}, the manifest says ${mode}`);
  }
  for (const path of found.files.keys()) if (!listed.has(path)) problems.push(`${path}: not a file of this bundle`);
  return problems;
}

async function checkInside(found: Found, manifest: Manifest): Promise<string[]> {
  const apkovl = found.files.get(APKOVL);
  const vdisk = found.files.get(VDISK);
  // Missing ones were reported with the sums.
  return [
    ...(apkovl && vdisk ? checkVdisk(vdisk.bytes, apkovl.bytes) : []),
    ...(apkovl ? await checkApkovl(apkovl.bytes, manifest) : []),
  ];
}

async function checkIso(found: Found, { iso }: Manifest): Promise<string[]> {
  const line = encodeChecksums([{ path: iso.file, digest: iso.sha256 }]);
  const checksum = found.files.get(`iso/${iso.file}.sha256`);
  const problems: string[] = [];
  if (checksum && Buffer.from(checksum.bytes).toString('utf8') !== line) {
    problems.push(`iso/${iso.file}.sha256: it does not say what the manifest says`);
  }
  for (const path of found.isos) {
    const name = `iso/${basename(path)}`;
    if (basename(path) !== iso.file) problems.push(`${name}: not a file of this bundle`);
    else if ((await stat(path)).size !== iso.size) problems.push(`${name}: not ${iso.size} bytes long`);
    else if ((await hashFile(path)) !== iso.sha256) problems.push(`${name}: its SHA-256 is not ${iso.sha256}`);
  }
  return problems;
}
