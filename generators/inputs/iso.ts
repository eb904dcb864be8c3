import { stat } from 'node:fs/promises';
import { onDisk } from '../disk.ts';
import { AirhiveError } from '../errors.ts';
import type { Obtained } from './cache.ts';
import { hashFile } from './hash.ts';
import { obtain, urlsOf, type Search } from './obtain.ts';

/** What is known of an ISO. `path` follows each mirror's address; `size` in bytes. */
interface IsoPin {
  readonly file: string;
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
}

export interface IsoRequest extends Search {
  readonly pin: IsoPin;
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
    const { file, size, sha256 } = pin;
    const wrong = (_path: string, actual: string) =>
      Promise.resolve(
        actual === sha256 ? undefined : `its SHA-256 is ${actual}, the pin of ${file} says ${sha256}`,
      );
    return await obtain({ file, size, kind: 'iso', hash: sha256, wrong }, urlsOf(mirrors, pin.path), request);
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new AirhiveError('interrupted', 'interrupted', { cause: error });
  }
}

async function checkOwnFile(path: string, pin: IsoPin, signal: AbortSignal): Promise<Obtained> {
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
