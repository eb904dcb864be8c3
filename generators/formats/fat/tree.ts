import { AirhiveError } from '../../errors.ts';
import { compareCodeUnits } from '../order.ts';
import { MOST_SLOTS, SLOT } from './geometry.ts';
import { longNameSlots } from './long-name.ts';
import { foldCase, isShortName, LONGEST_PATH, nameProblem } from './names.ts';

/** A file to put on a volume. */
export interface FatFile {
  /** Parts separated by `/`, none at the start or end; folders come from the paths. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

export interface FileNode {
  readonly kind: 'file';
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** A folder with its content in the order of the paths. */
export interface FolderNode {
  readonly kind: 'folder';
  /** Empty for the root. */
  readonly name: string;
  /** Undefined for the root. */
  readonly parent: FolderNode | undefined;
  readonly children: readonly (FileNode | FolderNode)[];
}

/** The content of a volume; both lists go folder by folder, breadth first, and depend on the set of paths only. */
export interface FatTree {
  readonly root: FolderNode;
  /** Without the root. */
  readonly folders: readonly FolderNode[];
  readonly files: readonly FileNode[];
}

interface GrowingFolder extends FolderNode {
  readonly children: (FileNode | GrowingFolder)[];
  readonly byFoldedName: Map<string, FileNode | GrowingFolder>;
}

/**
 * Puts files into folders.
 * @throws AirhiveError usage for names that FAT cannot hold, two names that differ in case only, a file used as
 * a folder, and folders with too many entries
 */
export function fatTreeOf(files: readonly FatFile[]): FatTree {
  const root = folder('', undefined);
  for (const file of files.toSorted((a, b) => compareCodeUnits(a.path, b.path))) addFile(root, file);
  const folders: GrowingFolder[] = [root];
  // The list grows while it is walked, which makes the order breadth-first without recursion.
  for (const { children } of folders) {
    for (const child of children) if (child.kind === 'folder') folders.push(child);
  }
  const inOrder = folders.flatMap(({ children }) => children.filter((child) => child.kind === 'file'));
  return { root, folders: folders.slice(1), files: inOrder };
}

function addFile(root: GrowingFolder, { path, bytes }: FatFile): void {
  if (path.length > LONGEST_PATH) {
    throw unusable(path, `it has ${path.length} characters, at most ${LONGEST_PATH} are allowed`);
  }
  const parts = path.split('/');
  const name = parts.pop() ?? '';
  let parent = root;
  for (const part of parts) parent = descend(parent, part, path);
  addChild(parent, { kind: 'file', name, bytes }, path);
}

function descend(parent: GrowingFolder, name: string, path: string): GrowingFolder {
  const known = parent.byFoldedName.get(foldCase(name));
  if (known?.kind === 'folder' && known.name === name) return known;
  const child = folder(name, parent);
  addChild(parent, child, path);
  return child;
}

function addChild(parent: GrowingFolder, child: FileNode | GrowingFolder, path: string): void {
  const problem = nameProblem(child.name);
  if (problem) throw unusable(path, `${JSON.stringify(child.name)}: ${problem}`);
  const known = parent.byFoldedName.get(foldCase(child.name));
  if (known) {
    throw unusable(
      path,
      `the same folder has a ${known.kind} ${JSON.stringify(known.name)}, and FAT ignores case`,
    );
  }
  parent.byFoldedName.set(foldCase(child.name), child);
  parent.children.push(child);
}

function folder(name: string, parent: GrowingFolder | undefined): GrowingFolder {
  return { kind: 'folder', name, parent, children: [], byFoldedName: new Map() };
}

function unusable(path: string, why: string): AirhiveError {
  return new AirhiveError('usage', `a FAT image cannot hold the path ${JSON.stringify(path)}: ${why}`, {
    hint: 'rename it',
  });
}

/** Bytes of a folder's entries: its label (root) or `.` and `..`, and each child with its long name. */
export function folderSize(folder: FolderNode): number {
  const own = folder.parent ? 2 : 1;
  const slots = folder.children.reduce(
    (sum, { name }) => sum + 1 + (isShortName(name) ? 0 : longNameSlots(name)),
    own,
  );
  if (slots > MOST_SLOTS) {
    throw new AirhiveError(
      'usage',
      `the folder ${JSON.stringify(folder.name)} needs ${slots} entries, FAT allows ${MOST_SLOTS}`,
      { hint: 'spread its files over several folders' },
    );
  }
  return slots * SLOT;
}
