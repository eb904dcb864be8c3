import { stat, statfs } from 'node:fs/promises';
import { AirhiveError } from '../errors.ts';
import type { Clock, HttpGet, Reporter } from '../ports.ts';
import { isCached, partialFolder, promote, readCache } from './cache.ts';
import { claimPartial, type Busy } from './cache-claim.ts';
import { onDisk } from '../disk/safely.ts';
import { PartialFile } from './cache-partial.ts';
import { download, type IsoPin } from './download.ts';
import { hashFile } from './hash.ts';

/** How often another build that downloads the same file is looked at, in milliseconds. */
const WATCH_PAUSE = 250;
/** One that added nothing for so long is no longer waited for; twice the download's own limit of a stall. */
const WATCH_LIMIT = 60_000;

export interface IsoRequest {
  readonly pin: IsoPin;
  /** The user's own copy (--iso). */
  readonly isoFile?: string | undefined;
  readonly cacheDir: string;
  /** Addresses that `pin.path` is appended to, in the order to ask them. */
  readonly mirrors: readonly string[];
  readonly offline: boolean;
  readonly http: HttpGet;
  readonly clock: Clock;
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
}

/** A file whose SHA-256 is that of the pin, or why it could not be had: then the host downloads it. */
export type IsoSource =
  | { readonly path: string; readonly source: 'file' | 'cache' | 'mirror'; readonly url?: string }
  | { readonly deferred: true; readonly reason: string };

/**
 * Finds the ISO in the user's own file, the cache or the mirrors, in this order; the first of these that is given
 * or has it decides. Every byte of the file is hashed once, whatever its source.
 * Errors: `verification` for the user's file or a download with a wrong hash, `disk`, `interrupted`.
 */
export async function obtainIso(request: IsoRequest): Promise<IsoSource> {
  try {
    if (request.isoFile !== undefined) return await checkOwnFile(request.isoFile, request);
    const { cacheDir, pin, reporter, signal } = request;
    const cached = await readCache(cacheDir, pin, reporter, signal);
    if (cached !== undefined) return { path: cached, source: 'cache' };
    if (request.offline)
      return { deferred: true, reason: `--offline, and ${pin.file} is not in the cache (${cacheDir})` };
    return await fetchIso(request);
  } catch (error) {
    if (!request.signal.aborted) throw error;
    throw new AirhiveError('interrupted', 'interrupted', { cause: error });
  }
}

async function checkOwnFile(path: string, { pin, signal }: IsoRequest): Promise<IsoSource> {
  const info = await onDisk('read', path, () => stat(path));
  if (!info.isFile()) throw new AirhiveError('disk', `cannot read ${path}: it is not a regular file`);
  const actual = await hashFile(path, signal);
  if (actual === pin.sha256 && info.size === pin.size) return { path, source: 'file' };
  const sizes = info.size === pin.size ? '' : `; it has ${info.size} bytes, not ${pin.size}`;
  const message = `${path} is not ${pin.file}: its SHA-256 is ${actual}, the pin says ${pin.sha256}${sizes}`;
  throw new AirhiveError('verification', message, {
    hint: 'name the file that the profile asks for, or leave --iso out to have it downloaded',
  });
}

async function fetchIso(request: IsoRequest): Promise<IsoSource> {
  const partial = await claimOrWait(request);
  if (!(partial instanceof PartialFile)) return partial;
  try {
    return await complete(partial, request);
  } finally {
    // Kept for the next run, unless it got its place in the cache or was removed.
    await partial.keep();
  }
}

/** The partial file to write to; or the whole file, when another build finished it while this one waited. */
async function claimOrWait({
  pin,
  cacheDir,
  clock,
  reporter,
  signal,
}: IsoRequest): Promise<PartialFile | IsoSource> {
  const folder = partialFolder(cacheDir);
  let seen: Busy | undefined;
  let since = clock.monotonic();
  for (;;) {
    const alone = clock.monotonic() - since >= WATCH_LIMIT;
    const claim = await claimPartial(folder, pin.sha256, { alone, signal });
    if (claim instanceof PartialFile) return claim;
    if (seen === undefined) reporter.step(`process ${claim.pid} is downloading ${pin.file}; waiting for it`);
    if (seen?.name !== claim.name || seen.size !== claim.size) since = clock.monotonic();
    seen = claim;
    await clock.sleep(WATCH_PAUSE, signal);
    if (!(await isCached(cacheDir, pin.sha256))) continue;
    const cached = await readCache(cacheDir, pin, reporter, signal);
    if (cached !== undefined) return { path: cached, source: 'cache' };
  }
}

async function complete(partial: PartialFile, request: IsoRequest): Promise<IsoSource> {
  const { pin, cacheDir, reporter, signal } = request;
  // Another build may have finished between the first look into the cache and the claim.
  const cached = await readCache(cacheDir, pin, reporter, signal);
  if (cached !== undefined) return { path: cached, source: 'cache' };
  if (partial.size >= pin.size && partial.digest() !== pin.sha256) {
    reporter.warn(`what an earlier run left of ${pin.file} is damaged; it is downloaded anew`);
    await partial.restart();
  }
  if (partial.size === pin.size) return { path: await promote(cacheDir, partial), source: 'cache' };

  await checkSpace(partial, pin);
  const result = await download(partial, request);
  if ('failures' in result) return { deferred: true, reason: describeFailures(pin, result.failures) };
  const path = await promote(cacheDir, partial);
  reporter.step(`downloaded ${pin.file} from ${result.url}`);
  return { path, source: 'mirror', url: result.url };
}

function describeFailures(pin: IsoPin, failures: readonly string[]): string {
  if (failures.length === 0) return `${pin.file} is not in the cache, and no mirror is named`;
  return [`${pin.file} could not be downloaded:`, ...failures].join('\n  ');
}

/** Refuses to begin what cannot end. A file system that does not say how large it is gets the benefit of doubt. */
async function checkSpace(partial: PartialFile, pin: IsoPin): Promise<void> {
  const { blocks, bavail, bsize } = await onDisk('read', partial.folder, () => statfs(partial.folder));
  const missing = pin.size - partial.size;
  if (blocks === 0 || bavail * bsize >= missing) return;
  const free = `${megabytes(bavail * bsize)} MB free, ${megabytes(missing)} MB needed`;
  throw new AirhiveError('disk', `not enough space in ${partial.folder} for ${pin.file}: ${free}`, {
    hint: 'free some space, or choose another cache with --cache',
  });
}

function megabytes(bytes: number): number {
  return Math.ceil(bytes / 1e6);
}
