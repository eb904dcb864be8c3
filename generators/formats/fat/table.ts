import { MEDIA } from './boot-sector.ts';
import { damaged } from './damage.ts';
import { FIRST_CLUSTER, SECTOR, tableOffset, type Geometry } from './geometry.ts';

/** Consecutive clusters that hold one file or folder. */
export interface Run {
  readonly first: number;
  readonly count: number;
}

/** Ends a chain; read as 16 bits, for FAT12 its lower 12 are stored. */
const END = 0xffff;
/** From here on every value ends a chain; the value below marks a bad cluster. */
const LEAST_END = { 12: 0xff8, 16: 0xfff8 } as const;

/**
 * Writes one copy of the file allocation table as far as it is used; the rest of it is zero. `runs` cover the
 * clusters from FIRST_CLUSTER on without a gap, in order.
 */
export function encodeTable(geometry: Geometry, runs: readonly Run[]): Uint8Array {
  // The second entry is an end mark whose upper bits say "unmounted cleanly".
  const entries = [(END & ~0xff) | MEDIA, END];
  for (const { first, count } of runs) {
    for (let cluster = first; cluster < first + count - 1; cluster++) entries.push(cluster + 1);
    entries.push(END);
  }
  return geometry.bits === 16 ? pack16(entries) : pack12(entries);
}

function pack16(entries: readonly number[]): Uint8Array {
  const bytes = Buffer.alloc(entries.length * 2);
  entries.forEach((entry, index) => bytes.writeUInt16LE(entry, index * 2));
  return bytes;
}

/** Two entries of 12 bits share three bytes: an even one starts at a byte, an odd one in the middle of one. */
function pack12(entries: readonly number[]): Uint8Array {
  const bytes = Buffer.alloc(Math.ceil((entries.length * 3) / 2) + 1);
  entries.forEach((entry, index) => {
    const at = Math.floor((index * 3) / 2);
    const value = entry & 0xfff;
    bytes.writeUInt16LE(bytes.readUInt16LE(at) | (index % 2 === 0 ? value : value << 4), at);
  });
  return bytes.subarray(0, Math.ceil((entries.length * 3) / 2));
}

/** The file allocation table of an image, checked as far as it can be without the folders. */
export interface Table {
  /** What the entry of a cluster says: the number of the next one, or why there is none. */
  next(cluster: number): number | 'end' | 'free';
}

/** Reads the table; all copies must be the same. */
export function decodeTable(image: Buffer, geometry: Geometry): Table {
  const start = tableOffset(geometry);
  const length = geometry.tableSectors * SECTOR;
  const table = image.subarray(start, start + length);
  for (let copy = 1; copy < geometry.tables; copy++) {
    const other = image.subarray(start + copy * length, start + (copy + 1) * length);
    if (!table.equals(other)) throw damaged(`copy ${copy + 1} of the FAT differs from the first`);
  }
  const entry = geometry.bits === 16 ? read16 : read12;
  const end = LEAST_END[geometry.bits];
  const all = geometry.bits === 16 ? 0xffff : 0xfff;
  if (entry(table, 0) !== ((all & ~0xff) | MEDIA) || entry(table, 1) !== all) {
    throw damaged('the FAT does not start with the media byte and a clean mark');
  }
  return {
    next(cluster) {
      const value = entry(table, cluster);
      if (value === 0) return 'free';
      if (value >= end) return 'end';
      if (value >= FIRST_CLUSTER && value < FIRST_CLUSTER + geometry.clusters) return value;
      throw damaged(`cluster ${cluster} is followed by ${value}, which does not exist`);
    },
  };
}

function read16(table: Buffer, cluster: number): number {
  return table.readUInt16LE(cluster * 2);
}

function read12(table: Buffer, cluster: number): number {
  const pair = table.readUInt16LE(Math.floor((cluster * 3) / 2));
  return cluster % 2 === 0 ? pair & 0xfff : pair >> 4;
}
