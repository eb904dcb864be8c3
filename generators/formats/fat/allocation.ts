import { AirhiveError } from '../../errors.ts';
import { clusterSize, FIRST_CLUSTER, geometryOf, SLOT, type Geometry } from './geometry.ts';
import type { Run } from './table.ts';
import { folderSize, fatTreeOf, type FatFile, type FatTree, type FileNode, type FolderNode } from './tree.ts';

const MIB = 1024 * 1024;

/** The clusters of everything that has some, in the order on disk: folders first, then files. */
export type Allocation = ReadonlyMap<FolderNode | FileNode, Run>;

/**
 * Gives each folder but the root, and each file that is not empty, consecutive clusters.
 * @throws AirhiveError usage when they do not fit, with the bytes needed and available
 */
export function allocate(tree: FatTree, geometry: Geometry): Allocation {
  const short = shortage(contentOf(tree), geometry);
  if (short) throw tooMuch(short);
  const allocation = new Map<FolderNode | FileNode, Run>();
  let first = FIRST_CLUSTER;
  for (const node of [...tree.folders, ...tree.files]) {
    const count = Math.ceil(sizeOf(node) / clusterSize(geometry));
    if (count > 0) allocation.set(node, { first, count });
    first += count;
  }
  return allocation;
}

/**
 * The smallest size in bytes of an image that holds the files, at least `minimum`, rounded up to whole MiB.
 * Tried one by one, because a larger image can hold less: its clusters may be larger.
 * @throws AirhiveError usage for paths as encodeFat does, unsupported when 2047 MiB are not enough
 */
export function fatSizeFor(files: readonly FatFile[], minimum: number): number {
  const content = contentOf(fatTreeOf(files));
  const least = Math.max(1, Math.ceil(Math.max(minimum, content.leastBytes) / MIB)) * MIB;
  for (let size = least; ; size += MIB) {
    const short = shortage(content, geometryOf(size));
    if (!short) return size;
    if (!short.growing) throw tooMuch(short);
  }
}

/** What a tree takes, by cluster size; the sums are kept because several images share a cluster size. */
interface Content {
  readonly rootBytes: number;
  readonly leastBytes: number;
  clusterBytes(clusterSize: number): number;
}

function contentOf(tree: FatTree): Content {
  const sizes = [...tree.folders, ...tree.files].map(sizeOf);
  const known = new Map<number, number>();
  const rounded = (unit: number): number =>
    sizes.reduce((sum, size) => sum + Math.ceil(size / unit) * unit, 0);
  return {
    rootBytes: folderSize(tree.root),
    leastBytes: rounded(1),
    clusterBytes(unit) {
      const bytes = known.get(unit) ?? rounded(unit);
      known.set(unit, bytes);
      return bytes;
    },
  };
}

function sizeOf(node: FolderNode | FileNode): number {
  return node.kind === 'folder' ? folderSize(node) : node.bytes.length;
}

interface Shortage {
  readonly where: string;
  readonly needed: number;
  readonly available: number;
  /** Has a larger image more of it? */
  readonly growing: boolean;
}

function shortage(content: Content, geometry: Geometry): Shortage | undefined {
  const inRoot = geometry.rootSlots * SLOT;
  if (content.rootBytes > inRoot) {
    return { where: 'the top folder', needed: content.rootBytes, available: inRoot, growing: false };
  }
  const unit = clusterSize(geometry);
  const needed = content.clusterBytes(unit);
  const available = geometry.clusters * unit;
  if (needed <= available) return undefined;
  return { where: `clusters of ${unit} bytes`, needed, available, growing: true };
}

function tooMuch({ where, needed, available, growing }: Shortage): AirhiveError {
  return new AirhiveError(
    'usage',
    `the files do not fit the FAT image: ${needed} bytes needed, ${available} available in ${where}`,
    {
      hint: growing
        ? 'take files away, or make the image larger'
        : 'put files into folders, or shorten their names',
    },
  );
}
