import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { kill, pid } from 'node:process';

// Which process writes a file is read here and not in main.ts: like the file names it goes into, it never
// reaches any content.

/** Who holds a partial file: written into the file's name, so that claiming it is one atomic rename. */
export interface Owner {
  readonly host: string;
  readonly pid: number;
}

const HOST = hostname()
  .replaceAll(/[^A-Za-z0-9-]/g, '_')
  .slice(0, 60);

/** The name of a partial file that no process holds. */
export function restingName(sha256: string): string {
  return `${sha256}.part`;
}

/** A name that no other process, and no other call in this one, uses. */
export function newOwnedName(sha256: string): string {
  return `${sha256}.${HOST}.${pid}.${randomBytes(4).toString('hex')}.part`;
}

/** The owner in a file name; undefined when the file has none; null when the file is not a part of `sha256`. */
export function ownerIn(name: string, sha256: string): Owner | undefined | null {
  if (name === restingName(sha256)) return undefined;
  const [hash, host, number, , end] = name.split('.');
  if (hash !== sha256 || host === undefined || number === undefined || end !== 'part') return null;
  return { host, pid: Number(number) };
}

/** Does the owner still run? One on another machine (a cache on NFS, a container) cannot be asked: taken to. */
export function isAlive(owner: Owner): boolean {
  if (owner.host !== HOST) return true;
  try {
    kill(owner.pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs, under another user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
