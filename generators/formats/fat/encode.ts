import { createHash } from 'node:crypto';
import { AirhiveError } from '../../errors.ts';
import { compareCodeUnits } from '../order.ts';
import { allocate, type Allocation } from './allocation.ts';
import { encodeBootSector } from './boot-sector.ts';
import { ATTRIBUTES, encodeFolderEntry } from './folder-entry.ts';
import { clusterOffset, geometryOf, rootOffset, SECTOR, tableOffset, type Geometry } from './geometry.ts';
import { encodeLongName } from './long-name.ts';
import { isShortName, labelProblem, shortNames } from './names.ts';
import { encodeTable } from './table.ts';
import { encodeTimestamp, type Timestamp } from './time.ts';
import { fatTreeOf, type FatFile, type FatTree, type FolderNode } from './tree.ts';

export { fatSizeFor } from './allocation.ts';

interface Extent {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** What a volume shall hold. */
export interface FatVolume {
  /** 1 to 11 characters: A-Z, 0-9 and some marks. */
  readonly label: string;
  /** In any order: it does not change the image. */
  readonly files: readonly FatFile[];
  /** Seconds since 1970 for every date on the volume; clamped to 1980 to 2107 and written in UTC. */
  readonly time: number;
  /** Bytes of the whole image, a multiple of 512, from 64 KiB to 2047 MiB. */
  readonly size: number;
}

/**
 * Makes a FAT12 or FAT16 volume that fills a disk without a partition table (Alpine's boot finds it as /media/vda,
 * docs/notes/alpine.md). Files lie in one piece each, behind the folders. The serial number is taken from
 * label, paths and contents.
 * @throws AirhiveError usage (label, names, content that does not fit) or unsupported (size)
 */
export function encodeFat({ label, files, time, size }: FatVolume): Uint8Array {
  const problem = labelProblem(label);
  if (problem) {
    throw new AirhiveError('usage', `the FAT label ${JSON.stringify(label)} is not allowed: ${problem}`);
  }
  if (!Number.isFinite(time)) throw new RangeError(`FAT time ${time}`);
  const geometry = geometryOf(size);
  const tree = fatTreeOf(files);
  const allocation = allocate(tree, geometry);
  const paddedLabel = label.padEnd(11);
  const serial = serialOf(label, files);
  const stamp = encodeTimestamp(time);
  const image = new Uint8Array(size);
  for (const { offset, bytes } of [
    { offset: 0, bytes: encodeBootSector({ geometry, label: paddedLabel, serial }) },
    ...tableExtents(geometry, allocation),
    { offset: rootOffset(geometry), bytes: encodeRoot(tree, paddedLabel, allocation, stamp) },
    ...clusterExtents(geometry, allocation, stamp),
  ])
    image.set(bytes, offset);
  return image;
}

/** The first 32 bits of a SHA-256, each part preceded by its length so that parts cannot run into each other. */
function serialOf(label: string, files: readonly FatFile[]): number {
  const hash = createHash('sha256');
  const add = (bytes: Uint8Array): void => void hash.update(`${bytes.length}:`).update(bytes);
  add(Buffer.from(label));
  for (const { path, bytes } of files.toSorted((a, b) => compareCodeUnits(a.path, b.path))) {
    add(Buffer.from(path));
    add(bytes);
  }
  return hash.digest().readUInt32BE(0);
}

function tableExtents(geometry: Geometry, allocation: Allocation): Extent[] {
  const bytes = encodeTable(geometry, [...allocation.values()]);
  return Array.from({ length: geometry.tables }, (_, copy) => ({
    offset: tableOffset(geometry) + copy * geometry.tableSectors * SECTOR,
    bytes,
  }));
}

function clusterExtents(geometry: Geometry, allocation: Allocation, stamp: Timestamp): Extent[] {
  return [...allocation].map(([node, { first }]) => ({
    offset: clusterOffset(geometry, first),
    bytes: node.kind === 'file' ? node.bytes : encodeFolder(node, allocation, stamp),
  }));
}

function encodeRoot({ root }: FatTree, label: string, allocation: Allocation, stamp: Timestamp): Uint8Array {
  const entry = { shortName: label, attributes: ATTRIBUTES.label, firstCluster: 0, size: 0 };
  return Buffer.concat([encodeFolderEntry(entry, stamp), ...encodeChildren(root, allocation, stamp)]);
}

/** A folder's own slots: itself as `.`, and the one above as `..`, where the root counts as cluster 0. */
function encodeFolder(folder: FolderNode, allocation: Allocation, stamp: Timestamp): Uint8Array {
  const dot = (name: string, node: FolderNode | undefined): Uint8Array =>
    encodeFolderEntry(
      {
        shortName: name.padEnd(11),
        attributes: ATTRIBUTES.folder,
        firstCluster: (node && allocation.get(node)?.first) ?? 0,
        size: 0,
      },
      stamp,
    );
  return Buffer.concat([
    dot('.', folder),
    dot('..', folder.parent),
    ...encodeChildren(folder, allocation, stamp),
  ]);
}

function encodeChildren(folder: FolderNode, allocation: Allocation, stamp: Timestamp): Uint8Array[] {
  const aliases = shortNames(folder.children.map(({ name }) => name));
  return folder.children.flatMap((child) => {
    const shortName = aliases.get(child.name) ?? '';
    const entry = encodeFolderEntry(
      {
        shortName,
        attributes: child.kind === 'folder' ? ATTRIBUTES.folder : ATTRIBUTES.archive,
        firstCluster: allocation.get(child)?.first ?? 0,
        size: child.kind === 'file' ? child.bytes.length : 0,
      },
      stamp,
    );
    return isShortName(child.name)
      ? [entry]
      : [encodeLongName(child.name, Buffer.from(shortName, 'latin1')), entry];
  });
}
