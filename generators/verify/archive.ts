import { extract, type Header } from 'tar-stream';
import { AirhiveError } from '../errors.ts';

/** One entry of a tar, whole. */
export interface ArchiveEntry {
  readonly header: Header;
  readonly bytes: Uint8Array;
}

const BLOCK = 512;

const HINT = 'copy or fetch it again; what is checked is the folder or the .tar of a bundle';

/**
 * Reads a tar archive that is in memory.
 * @param what names it in messages
 * @throws AirhiveError verification when it is no tar archive, is cut off, or has something behind its end
 */
export async function readArchive(bytes: Uint8Array, what: string): Promise<ArchiveEntry[]> {
  const entries: ArchiveEntry[] = [];
  let end = 0;
  const archive = extract();
  archive.end(bytes);
  try {
    for await (const entry of archive) {
      const chunks: Uint8Array[] = [];
      for await (const chunk of entry as AsyncIterable<Uint8Array>) chunks.push(chunk);
      // Other programs stop at a block of zeros, whatever comes after it.
      if (isZero(bytes.subarray(end, Math.min(end + BLOCK, entry.offset)))) throw noEnd(what);
      const size = entry.header.type === 'directory' ? 0 : entry.header.size;
      end = entry.offset + BLOCK + Math.ceil(size / BLOCK) * BLOCK;
      entries.push({ header: entry.header, bytes: Buffer.concat(chunks) });
    }
  } catch (error) {
    if (error instanceof AirhiveError) throw error;
    throw new AirhiveError('verification', `${what} is not a whole tar archive`, {
      cause: error,
      hint: HINT,
    });
  }
  // POSIX pax, "ustar Interchange Format": two blocks of zeros are the end.
  const rest = bytes.subarray(end);
  if (entries.length === 0 || rest.length < 2 * BLOCK || !isZero(rest)) throw noEnd(what);
  return entries;
}

function isZero(bytes: Uint8Array): boolean {
  return bytes.length > 0 && bytes.every((byte) => byte === 0);
}

function noEnd(what: string): AirhiveError {
  return new AirhiveError(
    'verification',
    `${what} is not a whole tar archive: its end is missing or not at its end`,
    { hint: HINT },
  );
}
