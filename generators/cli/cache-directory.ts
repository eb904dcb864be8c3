import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import type { VerbContext } from './world.ts';

/** XDG Base Directory Specification: an empty or relative XDG_CACHE_HOME counts as not set. */
export function cacheDirectory(chosen: string | undefined, { cwd, env }: VerbContext): string {
  if (chosen !== undefined) return resolve(cwd, chosen);
  const { XDG_CACHE_HOME: cacheHome = '', HOME: home = '' } = env;
  return join(isAbsolute(cacheHome) ? cacheHome : join(home === '' ? homedir() : home, '.cache'), 'airhive');
}
