import { createHash } from 'node:crypto';
import { AirhiveError } from '../errors.ts';
import type { File } from './tree.ts';

/** SHA-256 of bytes as 64 lower-case hexadecimal digits. */
export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export interface Checksum {
  readonly path: string;
  readonly digest: string;
}

/** The text that `sha256sum -c` reads (coreutils, and FreeBSD 14 and later): digest, two spaces, path. */
export function encodeChecksums(sums: readonly Checksum[]): string {
  return sums.map(({ path, digest }) => `${digest}  ${path}\n`).join('');
}

/** Reads such a text. Any line of another form is an error of kind verification that names the line. */
export function decodeChecksums(text: string): Checksum[] {
  if (!text.endsWith('\n'))
    throw new AirhiveError('verification', 'SHA256SUMS is truncated: its last line has no end');
  return text
    .slice(0, -1)
    .split('\n')
    .map((line, index) => {
      const match = /^([0-9a-f]{64}) {2}([A-Za-z0-9._+@/-]+)$/.exec(line);
      if (!match?.[1] || !match[2]) {
        throw new AirhiveError(
          'verification',
          `SHA256SUMS line ${index + 1} is not "DIGEST  PATH": ${JSON.stringify(line)}`,
        );
      }
      return { digest: match[1], path: match[2] };
    });
}

/** A file with the SHA-256 of its bytes, so that a large one is read once, whoever names its sum. */
export interface SummedFile extends File {
  readonly sha256: string;
}

export const summed = (file: File): SummedFile => ({ ...file, sha256: sha256(file.bytes) });
