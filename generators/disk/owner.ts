import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { kill, pid } from 'node:process';
import { systemCodeOf } from '../errors.ts';

// Which process works on a file is read here and not in main.ts: like the names it goes into, it never reaches any
// content.

/** The process that a file or folder belongs to. It stands in the name, so that to rename is to take over. */
export interface Owner {
  readonly host: string;
  readonly pid: number;
}

const HOST = hostname()
  .replaceAll(/[^A-Za-z0-9-]/g, '_')
  .slice(0, 60);

/** `PREFIX.HOST.PID.RANDOM`: a name that no other process, and no other call in this one, uses. */
export function newOwnedName(prefix: string): string {
  return `${prefix}.${HOST}.${pid}.${randomBytes(4).toString('hex')}`;
}

/** The owner in such a name; undefined when it is not one of this prefix. */
export function ownerIn(name: string, prefix: string): Owner | undefined {
  if (!name.startsWith(`${prefix}.`)) return undefined;
  const match = /^([A-Za-z0-9_-]+)\.(\d{1,10})\.[0-9a-f]{8}$/.exec(name.slice(prefix.length + 1));
  return match?.[1] === undefined ? undefined : { host: match[1], pid: Number(match[2]) };
}

/** Whether the owner can be asked from here: another machine (a share, a container) has processes of its own. */
export function isLocal(owner: Owner): boolean {
  return owner.host === HOST;
}

/** Does the owner still run? One that cannot be asked is taken to. */
export function isAlive(owner: Owner): boolean {
  if (!isLocal(owner)) return true;
  try {
    kill(owner.pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs, under another user.
    return systemCodeOf(error) === 'EPERM';
  }
}
