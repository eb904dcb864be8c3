import { AirhiveError } from '../errors.ts';
import { compareCodeUnits } from './order.ts';

/** Owner of everything we make is root; the names matter because busybox tar prefers them to the numbers. */
interface Owned {
  /** Relative to the root of the tree, `/` between the parts, no leading `./` and no trailing `/`. */
  readonly path: string;
  /** Permission bits, e.g. 0o644. Always given, never read from a disk. */
  readonly mode: number;
}

export interface FileEntry extends Owned {
  readonly type: 'file';
  readonly bytes: Uint8Array;
}
export interface DirectoryEntry extends Owned {
  readonly type: 'directory';
}
export interface LinkEntry extends Owned {
  readonly type: 'symlink';
  readonly target: string;
}
export type TreeEntry = FileEntry | DirectoryEntry | LinkEntry;

/** Every entry of a machine's file tree, parents before children, in code unit order of the paths. */
export type Tree = readonly TreeEntry[];

const PATH = /^[A-Za-z0-9._+@-]+(\/[A-Za-z0-9._+@-]+)*$/;

/**
 * Puts entries into the one order that every writer uses and adds the folders (0755) that were not named.
 * Two entries of one path, a file used as a folder, `.` and `..`, and names outside a plain ASCII set are refused.
 */
export function treeOf(entries: readonly TreeEntry[]): Tree {
  const byPath = new Map<string, TreeEntry>();
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
  return [...byPath.values()].sort((a, b) => compareCodeUnits(a.path, b.path));
}

function addParents(byPath: Map<string, TreeEntry>, path: string): void {
  for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
    const parent = path.slice(0, end);
    const known = byPath.get(parent);
    if (known === undefined) byPath.set(parent, { type: 'directory', path: parent, mode: 0o755 });
    else if (known.type !== 'directory') {
      throw new AirhiveError('usage', `${parent} is a ${known.type}, but ${path} lies in it`);
    }
  }
}

/** The entry of a path, or undefined. */
export function entryAt(tree: Tree, path: string): TreeEntry | undefined {
  return tree.find((entry) => entry.path === path);
}
