import { gunzipSync } from 'node:zlib';
import { APKOVL, VDISK, VDISK_LABEL } from '../bundle/bundle.ts';
import { AirhiveError } from '../errors.ts';
import { sha256 } from '../formats/checksums.ts';
import { decodeFat } from '../formats/fat/decode.ts';
import { decodeTimestamp, encodeTimestamp } from '../formats/fat/time.ts';
import { formatMode, type Manifest } from '../formats/manifest.ts';
import { readArchive, type ArchiveEntry } from './archive.ts';
import { LARGEST } from './found.ts';

/** Compares what the vdisk carries with the overlay beside it. Returns one line for each difference. */
export function checkVdisk(image: Uint8Array, apkovl: Uint8Array, { epoch }: Manifest): string[] {
  try {
    const { label, files } = decodeFat(image);
    const problems: string[] = [];
    if (label !== VDISK_LABEL)
      problems.push(`${VDISK}: its label is ${JSON.stringify(label)}, not ${VDISK_LABEL}`);
    // Any further overlay could be booted instead (docs/notes/alpine.md).
    const [file, ...more] = files;
    if (file?.path !== APKOVL || more.length > 0) {
      const held = files.map(({ path }) => JSON.stringify(path)).join(', ');
      problems.push(`${VDISK}: it has to hold ${APKOVL} and nothing else; it holds ${held || 'nothing'}`);
    } else if (Buffer.compare(file.bytes, apkovl) !== 0) {
      problems.push(`${VDISK}: the overlay in it is not the ${APKOVL} beside it`);
    } else if (file.time !== fatTime(epoch))
      problems.push(`${VDISK}: the date in it is not that of the manifest`);
    return problems;
  } catch (error) {
    return [`${VDISK}: ${messageOf(error)}`];
  }
}

/** What remains of a moment on a FAT volume. */
function fatTime(epoch: number): number | undefined {
  const { date, time } = encodeTimestamp(epoch);
  return decodeTimestamp(date, time);
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
