import { stat } from 'node:fs/promises';
import { onDisk } from '../disk.ts';
import { AirhiveError } from '../errors.ts';
import { claimPart, readCache, type Obtained, type Pinned } from './cache.ts';
import { download, type DownloadPorts } from './download.ts';
import { hashFile } from './hash.ts';

/** How a file is looked for, whatever it is. */
interface Search extends DownloadPorts {
  readonly cacheDir: string;
  readonly offline: boolean;
}

export interface IsoRequest extends Search {
  /** `path` follows each mirror's address. */
  readonly pin: Pinned & { readonly path: string };
  /** The user's own copy (--iso). */
  readonly isoFile?: string | undefined;
  /** In the order to ask them. */
  readonly mirrors: readonly string[];
}

/**
 * Finds the ISO in the user's own file, the cache or the mirrors, in this order; the first of these that is given
 * or has it decides. Every byte of the file is hashed once, whatever its source.
 * @throws AirhiveError verification for the user's file or a download with a wrong hash, disk, interrupted
 */
export async function obtainIso(request: IsoRequest): Promise<Obtained> {
  const { pin, isoFile, mirrors, signal } = request;
  try {
    if (isoFile !== undefined) return await checkOwnFile(isoFile, pin, signal);
    const urls = mirrors.map((mirror) => `${mirror.replace(/\/+$/, '')}/${pin.path}`);
    return await obtain(pin, urls, request);
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new AirhiveError('interrupted', 'interrupted', { cause: error });
  }
}

async function checkOwnFile(path: string, pin: Pinned, signal: AbortSignal): Promise<Obtained> {
  const info = await onDisk('read', path, () => stat(path));
  if (!info.isFile()) throw new AirhiveError('disk', `cannot read ${path}: it is not a regular file`);
  const actual = await hashFile(path, signal);
  if (actual === pin.sha256 && info.size === pin.size) return { source: 'file', path };
  const sizes = info.size === pin.size ? '' : `; it has ${info.size} bytes, not ${pin.size}`;
  const message = `${path} is not ${pin.file}: its SHA-256 is ${actual}, the pin says ${pin.sha256}${sizes}`;
  throw new AirhiveError('verification', message, {
    hint: 'name the file that the profile asks for, or leave --iso out to have it downloaded',
  });
}

/** Finds any pinned file in the cache or at one of these addresses. */
async function obtain(pin: Pinned, urls: readonly string[], search: Search): Promise<Obtained> {
  const { cacheDir, reporter, signal } = search;
  const cached = await readCache(cacheDir, pin, search);
  if (cached !== undefined) return { source: 'cache', path: cached };
  if (search.offline)
    return { source: 'none', reason: `--offline, and ${pin.file} is not in the cache (${cacheDir})` };
  const part = await claimPart(cacheDir, pin, signal);
  try {
    if (part.size >= pin.size && part.digest() !== pin.sha256) {
      reporter.warn(`what an earlier run left of ${pin.file} is damaged; it is downloaded anew`);
      await part.restart();
    }
    if (part.size === pin.size) return { source: 'cache', path: await part.promote() };
    await part.checkSpace(pin);
    const obtained = await download(part, pin, urls, search);
    if (obtained.source === 'mirror') reporter.step(`downloaded ${pin.file} from ${obtained.url}`);
    return obtained;
  } finally {
    await part.keep();
  }
}
