import { AirhiveError } from '../errors.ts';
import { inPathOrder } from './order.ts';

/** Owner of everything that is made here is root. */
interface Owned {
  /** Relative to the root of the tree, `/` between the parts, no leading `./` and no trailing `/`. */
  readonly path: string;
  /** Permission bits, e.g. 0o644. */
  readonly mode: number;
}

export interface File extends Owned {
  readonly type: 'file';
  readonly bytes: Uint8Array;
}
export interface Directory extends Owned {
  readonly type: 'directory';
}
export interface Link extends Owned {
  readonly type: 'symlink';
  readonly target: string;
}
export type Entry = File | Directory | Link;

/** Files, links and directories: of a machine, of a bundle, of a tar or of a disk. */
export type Tree = readonly Entry[];

/** A file with these bytes. */
export function fileOf(path: string, bytes: Uint8Array, mode = 0o644): File {
  return { type: 'file', path, mode, bytes };
}

const PATH = /^[A-Za-z0-9._+@-]+(\/[A-Za-z0-9._+@-]+)*$/;

/**
 * Puts entries into the one order that every writer uses, code unit order of the paths, which has parents before
 * children, and adds the directories (0755) that were not named.
 * Two entries of one path, a file used as a directory, `.` and `..`, and names outside a plain ASCII set are refused.
 */
export function treeOf(entries: readonly Entry[]): Tree {
  const byPath = new Map<string, Entry>();
  for (const entry of entries) {
    if (!PATH.test(entry.path) || entry.path.split('/').some((part) => part === '.' || part === '..')) {
      throw new AirhiveError('usage', `overlay path ${JSON.stringify(entry.path)} is not allowed`, {
        hint: 'use letters, digits and . _ + @ - only, relative to the root of the machine',
      });
    }
    if (byPath.has(entry.path)) {
      throw new AirhiveError('usage', `two sources for the same file: ${entry.path}`, {
        hint: 'remove one of them',
      });
    }
    byPath.set(entry.path, entry);
  }
  for (const entry of entries) addParents(byPath, entry.path);
  return inPathOrder([...byPath.values()]);
}

function addParents(byPath: Map<string, Entry>, path: string): void {
  for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
    const parent = path.slice(0, end);
    const known = byPath.get(parent);
    if (known === undefined) byPath.set(parent, { type: 'directory', path: parent, mode: 0o755 });
    else if (known.type !== 'directory') {
      throw new AirhiveError('usage', `${parent} is a ${known.type}, but ${path} lies in it`);
    }
  }
}
