import { AirhiveError } from '../errors.ts';
import { claimPart, readCache, type Obtained, type Pinned } from './cache.ts';
import { download, type DownloadPorts } from './download.ts';

/** How a file is looked for, whatever it is. */
export interface Search extends DownloadPorts {
  readonly cacheDir: string;
  readonly offline: boolean;
}

/** Where a file is on each of these mirrors. */
export function urlsOf(mirrors: readonly string[], path: string): string[] {
  return mirrors.map((mirror) => `${mirror.replace(/\/+$/, '')}/${path}`);
}

/**
 * Finds a pinned file in the cache or at one of these addresses.
 * @throws AirhiveError verification for a wrong download, and nothing of it is kept; disk; the signal's reason
 */
export async function obtain(pin: Pinned, urls: readonly string[], search: Search): Promise<Obtained> {
  const { cacheDir, reporter, signal } = search;
  const cached = await readCache(cacheDir, pin, search);
  if (cached !== undefined) return { source: 'cache', path: cached };
  if (search.offline)
    return { source: 'none', reason: `--offline, and ${pin.file} is not in the cache (${cacheDir})` };
  const part = await claimPart(cacheDir, pin, signal);
  try {
    if (part.size >= pin.size && (await part.wrong()) !== undefined) {
      reporter.warn(`what an earlier run left of ${pin.file} is damaged; it is downloaded anew`);
      await part.restart();
    }
    if (part.size === pin.size) return { source: 'cache', path: await part.promote() };
    await part.checkSpace();
    const result = await download(part, pin, urls, search);
    if ('reason' in result) return { source: 'none', reason: result.reason };
    reporter.step(`downloaded ${pin.file} from ${result.url}`);
    return { source: 'mirror', path: await part.promote(), url: result.url };
  } catch (error) {
    if (error instanceof AirhiveError && error.kind === 'verification') await part.discard();
    throw error;
  } finally {
    await part.keep();
  }
}
