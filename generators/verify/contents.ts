import { gunzipSync } from 'node:zlib';
import { APKOVL, encodeVdisk, VDISK } from '../bundle/bundle.ts';
import { AirhiveError } from '../errors.ts';
import { sha256 } from '../formats/checksums.ts';
import { formatMode, type Manifest } from '../formats/manifest.ts';
import { readArchive, type ArchiveEntry } from './archive.ts';
import { LARGEST } from './found.ts';

/**
 * Makes the vdisk again from the overlay beside it, as large as it was found, and compares all bytes: whatever else lies on
 * it, be it in free space, is found.
 */
export function checkVdisk(image: Uint8Array, apkovl: Uint8Array, { epoch }: Manifest): string[] {
  try {
    const { bytes } = encodeVdisk(apkovl, epoch, image.length);
    const place = Buffer.compare(image, bytes) === 0 ? -1 : image.findIndex((byte, at) => byte !== bytes[at]);
    return place < 0 ? [] : [`${VDISK}: not the disk that ${APKOVL} gives, first at byte ${place}`];
  } catch (error) {
    return [`${VDISK}: ${messageOf(error)}`];
  }
}

/** Compares the entries of the apkovl with those the manifest lists. Returns one line for each difference. */
export async function checkApkovl(apkovl: Uint8Array, manifest: Manifest): Promise<string[]> {
  try {
    const tar = unzip(apkovl);
    const entries = await readArchive(tar, 'what is in it');
    const problems = compareEntries(
      entries.map((entry) => describeEntry(guestEntry(entry))),
      manifest.guest.map(describeEntry),
    );
    problems.push(...entries.flatMap((entry) => oddities(entry, manifest.epoch)));
    if (sha256(tar) !== manifest.apkovl.tar) problems.push('its content is not the one in manifest.json');
    return problems.map((problem) => `${APKOVL}: ${problem}`);
  } catch (error) {
    return [`${APKOVL}: ${messageOf(error)}`];
  }
}

/** Unpacks a gzip file that has nothing behind its end; Node alone would not mind. */
function unzip(bytes: Uint8Array): Uint8Array {
  const options = { maxOutputLength: LARGEST, info: true };
  const { buffer, engine } = gunzipSync(bytes, options) as unknown as {
    buffer: Buffer;
    engine: { bytesWritten: number };
  };
  if (engine.bytesWritten === bytes.length) return buffer;
  throw new AirhiveError('verification', 'there is something behind the end of the gzip data');
}

type GuestEntry = Manifest['guest'][number];

function guestEntry({ header, bytes }: ArchiveEntry): GuestEntry {
  const { name, mode, linkname } = header;
  const type = header.type as GuestEntry['type'];
  return {
    path: type === 'directory' ? name.replace(/\/$/, '') : name,
    type,
    mode: formatMode(mode),
    ...(type === 'file' ? { sha256: sha256(bytes) } : {}),
    ...(type === 'symlink' ? { target: linkname } : {}),
  };
}

function describeEntry({ path, type, mode, sha256: digest, target }: GuestEntry): string {
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

/** What the manifest does not list because it is the same for every entry. */
function oddities({ header }: ArchiveEntry, epoch: number): string[] {
  const { name, uid, gid, uname, gname, mtime } = header;
  const problems: string[] = [];
  if (uid !== 0 || gid !== 0 || uname !== 'root' || gname !== 'root')
    problems.push(`${name}: its owner is not root`);
  if (mtime.getTime() !== epoch * 1000) problems.push(`${name}: its date is not that of the manifest`);
  return problems;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
