import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { shownPath } from '../disk.ts';
import { AirhiveError, diskError } from '../errors.ts';
import type { Input } from '../ports.ts';

/** Bytes. `pciconf -lbcv` of a large server has about 200 KB. */
const LIMIT = 1024 * 1024;

const HINT = 'run pciconf -lv on the FreeBSD machine, and give its output as a file or through a pipe';

/** Where a listing comes from, and what else is needed to read it. */
export interface ListingPlace {
  readonly cwd: string;
  readonly stdin: Input;
  readonly signal: AbortSignal;
}

/**
 * Reads the text that `pciconf -lv` and other commands have printed, from a file, or from standard input for `-` or nothing.
 * What is not UTF-8 in it is of no account: the numbers are.
 * @throws AirhiveError usage when nobody gives one, or when it is no listing by its length; disk; interrupted
 */
export async function readListingText(
  wanted: string | undefined,
  { cwd, stdin, signal }: ListingPlace,
): Promise<{ shown: string; text: string }> {
  const isStdin = wanted === undefined || wanted === '-';
  if (isStdin && stdin.isTerminal)
    throw new AirhiveError('usage', 'there is no listing: nothing is piped into standard input', {
      hint: HINT,
    });
  const shown = isStdin ? 'standard input' : shownPath(resolve(cwd, wanted), cwd);
  try {
    const chunks = isStdin ? stdin.read() : fileChunks(resolve(cwd, wanted), signal);
    return { shown, text: await collect(chunks, shown) };
  } catch (error) {
    if (signal.aborted)
      throw new AirhiveError('interrupted', 'interrupted while the listing was read', { cause: error });
    throw error instanceof AirhiveError ? error : diskError('read', shown, error);
  }
}

async function* fileChunks(path: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const handle = await open(path, 'r');
  try {
    yield* handle.createReadStream({ signal, autoClose: false });
  } finally {
    await handle.close();
  }
}

async function collect(source: AsyncIterable<Uint8Array>, shown: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of source) {
    size += chunk.length;
    if (size > LIMIT)
      throw new AirhiveError('usage', `${shown} is no listing: it is longer than 1 MiB`, { hint: HINT });
    chunks.push(chunk);
  }
  return new TextDecoder().decode(Buffer.concat(chunks));
}
