import { AirhiveError } from '../../errors.ts';

export const SECTOR = 512;
/** A folder consists of slots of this many bytes. */
export const SLOT = 32;
/** The specification's limit for a folder: 2 MiB. */
export const MOST_SLOTS = 65536;
/** The number of the first cluster of the data area; 0 and 1 have other uses. */
export const FIRST_CLUSTER = 2;

/** More clusters than this make a volume FAT16, more than that FAT32: the count alone decides. */
const MOST_CLUSTERS_FAT12 = 4084;
const MOST_CLUSTERS_FAT16 = 65524;
/** Some drivers are off by a few at the borders, so the specification advises to stay this far away. */
const MARGIN = 16;

const SMALLEST = 64 * 1024;
const MOST_SECTORS_PER_CLUSTER = 64;

/** Where the parts of a FAT volume lie: reserved sectors, the copies of the FAT, the root folder, the clusters. */
export interface Geometry {
  /** Width of an entry of the file allocation table. */
  readonly bits: 12 | 16;
  readonly totalSectors: number;
  readonly reservedSectors: number;
  readonly tables: number;
  readonly tableSectors: number;
  /** Slots of the root folder, whose size is fixed on FAT12 and FAT16. */
  readonly rootSlots: number;
  readonly sectorsPerCluster: number;
  readonly clusters: number;
}

/** The parts of a geometry that a boot sector states; type and number of clusters follow from them. */
export type Layout = Omit<Geometry, 'bits' | 'clusters'>;

/**
 * Derives the number of clusters and the FAT type (Microsoft, "FAT: General Overview of On-Disk Format" 1.03,
 * section "FAT Type Determination"). Undefined when there is no room for a cluster, when the table is too short
 * for the clusters, or when it would be FAT32.
 */
export function completeLayout(layout: Layout): Geometry | undefined {
  const clusters = Math.floor((layout.totalSectors - dataOffset(layout) / SECTOR) / layout.sectorsPerCluster);
  const bits = clusters <= MOST_CLUSTERS_FAT12 ? 12 : 16;
  const fits = ((clusters + FIRST_CLUSTER) * bits) / 8 <= layout.tableSectors * SECTOR;
  if (clusters < 1 || clusters > MOST_CLUSTERS_FAT16 || !fits) return undefined;
  return { ...layout, bits, clusters };
}

/**
 * The geometry we give a volume of `size` bytes: the smallest cluster (512 bytes to 32 KiB) whose count keeps
 * clear of the borders between the FAT types. Depends on the size only.
 * @throws AirhiveError usage when `size` is no multiple of 512, unsupported below 64 KiB or above about 2047 MiB
 */
export function geometryOf(size: number): Geometry {
  if (!Number.isSafeInteger(size) || size % SECTOR !== 0) {
    throw new AirhiveError(
      'usage',
      `the size of a FAT image is ${size} bytes, it must be a multiple of ${SECTOR}`,
    );
  }
  for (let perCluster = 1; perCluster <= MOST_SECTORS_PER_CLUSTER && size >= SMALLEST; perCluster *= 2) {
    const geometry = smallestTable(size / SECTOR, perCluster);
    if (geometry) return geometry;
  }
  throw new AirhiveError('unsupported', `a FAT image of ${size} bytes cannot be made`, {
    hint: 'FAT12 and FAT16 go from 64 KiB to 2047 MiB',
  });
}

/** Grows the table until it has an entry for each cluster; every growth takes clusters away, so this ends. */
function smallestTable(totalSectors: number, sectorsPerCluster: number): Geometry | undefined {
  const fixed = { totalSectors, sectorsPerCluster, reservedSectors: 1, tables: 2, rootSlots: 512 };
  const most = Math.ceil((MOST_CLUSTERS_FAT16 * 2) / SECTOR);
  for (let tableSectors = 1; tableSectors <= most; tableSectors++) {
    const geometry = completeLayout({ ...fixed, tableSectors });
    if (geometry) return keepsClear(geometry.clusters) ? geometry : undefined;
  }
  return undefined;
}

function keepsClear(clusters: number): boolean {
  return (
    Math.abs(clusters - MOST_CLUSTERS_FAT12) > MARGIN && Math.abs(clusters - MOST_CLUSTERS_FAT16) > MARGIN
  );
}

/** Bytes from the start of the volume to the first copy of the FAT. */
export function tableOffset(layout: Layout): number {
  return layout.reservedSectors * SECTOR;
}

/** Bytes from the start of the volume to the root folder. */
export function rootOffset(layout: Layout): number {
  return tableOffset(layout) + layout.tables * layout.tableSectors * SECTOR;
}

/** Bytes from the start of the volume to the first cluster. */
export function dataOffset(layout: Layout): number {
  return rootOffset(layout) + layout.rootSlots * SLOT;
}

export function clusterSize(layout: Layout): number {
  return layout.sectorsPerCluster * SECTOR;
}

/** Bytes from the start of the volume to a cluster, counted from FIRST_CLUSTER. */
export function clusterOffset(layout: Layout, cluster: number): number {
  return dataOffset(layout) + (cluster - FIRST_CLUSTER) * clusterSize(layout);
}
