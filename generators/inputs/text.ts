import { open, type FileHandle } from 'node:fs/promises';
import { AirhiveError } from '../errors.ts';

/** Bytes. What profiles, pins and secrets may have at most is less, and is checked with a better message. */
const LIMIT = 1024 * 1024;

/**
 * Reads a text that a person wrote, from a file or a pipe.
 * @throws AirhiveError usage when it is longer than any such text, or not UTF-8; else what the system says
 */
export async function readText(handle: FileHandle, shown: string): Promise<string> {
  const bytes = Buffer.alloc(LIMIT + 1);
  let size = 0;
  for (;;) {
    // No position: a pipe has none.
    const { bytesRead } = await handle.read(bytes, size, bytes.length - size, null);
    size += bytesRead;
    if (bytesRead === 0) break;
    if (size > LIMIT)
      throw new AirhiveError('usage', `${shown} is no text for airhive: it is longer than 1 MiB`);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(0, size));
  } catch (cause) {
    throw new AirhiveError('usage', `${shown} is not UTF-8 text`, { cause, hint: 'save it as UTF-8' });
  }
}

/** The same from a path. */
export async function readTextFile(path: string, shown: string): Promise<string> {
  const handle = await open(path, 'r');
  try {
    return await readText(handle, shown);
  } finally {
    await handle.close();
  }
}
