import { gunzipSync } from 'node:zlib';
import { extract } from 'tar-stream';
import { APKOVL, VDISK, VDISK_LABEL } from '../artefacts/bundle.ts';
import { AirhiveError } from '../errors.ts';
import { sha256 } from '../formats/checksums.ts';
import { decodeFat } from '../formats/fat/decode.ts';
import { formatMode, type Manifest } from '../formats/manifest.ts';

/** Compares what the vdisk carries with the overlay beside it. Returns one line for each difference. */
export function checkVdisk(image: Uint8Array, apkovl: Uint8Array): string[] {
  const problems: string[] = [];
  try {
    const { label, files } = decodeFat(image);
    if (label !== VDISK_LABEL) problems.push(`${VDISK}: its label is ${JSON.stringify(label)}, not ${VDISK_LABEL}`);
    // Any further overlay in the top folder could be booted instead (facts/alpine.md 5.1).
    const overlays = files.filter(({ path }) => !path.includes('/') && path.includes('.apkovl.tar.gz'));
    if (overlays.length !== 1 || overlays[0]?.path !== APKOVL) {
      problems.push(`${VDISK}: it must hold exactly one overlay, ${APKOVL}; it holds ${overlays.length}`);
    } else if (sha256(overlays[0].bytes) !== sha256(apkovl)) {
      problems.push(`${VDISK}: the overlay in it is not the ${APKOVL} beside it`);
    }
  } catch (error) {
    problems.push(`${VDISK}: ${messageOf(error)}`);
  }
  return problems;
}

/** Compares the entries of the apkovl with those the manifest lists. Returns one line for each difference. */
export async function checkApkovl(apkovl: Uint8Array, manifest: Manifest): Promise<string[]> {
  try {
    const tar = gunzipSync(apkovl);
    if (sha256(tar) !== manifest.apkovl.tar) return [`${APKOVL}: its content is not what the manifest says`];
    return compareEntries(await readEntries(tar), manifest.guest);
  } catch (error) {
    return [`${APKOVL}: ${messageOf(error)}`];
  }
}

type GuestEntry = Manifest['guest'][number];

async function readEntries(tar: Uint8Array): Promise<GuestEntry[]> {
  const entries: GuestEntry[] = [];
  const archive = extract();
  archive.end(tar);
  for await (const entry of archive) {
    const { name, mode, type, linkname } = entry.header;
    const chunks: Uint8Array[] = [];
    for await (const chunk of entry as AsyncIterable<Uint8Array>) chunks.push(chunk);
    if (type !== 'file' && type !== 'directory' && type !== 'symlink') {
      throw new AirhiveError('verification', `${name} is a ${type}`);
    }
    entries.push({
      path: name.replace(/\/$/, ''),
      type,
      mode: formatMode(mode),
      ...(type === 'file' ? { sha256: sha256(Buffer.concat(chunks)) } : {}),
      ...(type === 'symlink' ? { target: linkname } : {}),
    });
  }
  return entries;
}

function compareEntries(found: readonly GuestEntry[], listed: readonly GuestEntry[]): string[] {
  const [foundText, listedText] = [found, listed].map((entries) => entries.map(describeEntry));
  return [
    ...(foundText ?? []).filter((line) => !listedText?.includes(line)).map((line) => `${APKOVL}: not in the manifest: ${line}`),
    ...(listedText ?? []).filter((line) => !foundText?.includes(line)).map((line) => `${APKOVL}: missing or changed: ${line}`),
  ];
}

function describeEntry({ path, type, mode, sha256: digest, target }: GuestEntry): string {
  return [type, mode, path, digest ?? target ?? ''].join(' ').trim();
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
