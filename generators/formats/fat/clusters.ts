import { damaged } from './damage.ts';
import { clusterOffset, clusterSize, FIRST_CLUSTER, MOST_SLOTS, SLOT, type Geometry } from './geometry.ts';
import { decodeTable, type Table } from './table.ts';

/** Reads chains of clusters from an image; each cluster can be read once, so neither loops nor sharing get by. */
export class ClusterReader {
  readonly #image: Buffer;
  readonly #geometry: Geometry;
  readonly #table: Table;
  readonly #owners = new Map<number, string>();

  constructor(image: Buffer, geometry: Geometry) {
    this.#image = image;
    this.#geometry = geometry;
    this.#table = decodeTable(image, geometry);
  }

  /** A file of `size` bytes, as a copy; `name` is for errors. An empty file has no first cluster. */
  readFile(name: string, first: number, size: number): Uint8Array {
    if (size === 0 && first === 0) return new Uint8Array();
    return join(this.#chain(name, first, size), size, name);
  }

  /** All clusters of a folder, at most the 2 MiB that a folder may have. */
  readFolder(name: string, first: number): Buffer {
    const pieces = this.#chain(name, first, MOST_SLOTS * SLOT);
    return Buffer.concat(pieces);
  }

  #chain(name: string, first: number, most: number): Buffer[] {
    const pieces: Buffer[] = [];
    const size = clusterSize(this.#geometry);
    for (let cluster = first; pieces.length * size < most;) {
      this.#claim(name, cluster);
      const offset = clusterOffset(this.#geometry, cluster);
      pieces.push(this.#image.subarray(offset, offset + size));
      const next = this.#table.next(cluster);
      if (next === 'end') return pieces;
      if (next === 'free') throw damaged(`${name} goes through cluster ${cluster}, which the FAT calls free`);
      cluster = next;
    }
    throw damaged(`${name} has more clusters than it may have with ${most} bytes`);
  }

  #claim(name: string, cluster: number): void {
    if (cluster < FIRST_CLUSTER || cluster >= FIRST_CLUSTER + this.#geometry.clusters) {
      throw damaged(`${name} has cluster ${cluster}, which does not exist`);
    }
    const other = this.#owners.get(cluster);
    if (other === name) throw damaged(`${name} comes back to cluster ${cluster}`);
    if (other !== undefined) throw damaged(`${other} and ${name} share cluster ${cluster}`);
    this.#owners.set(cluster, name);
  }

  /** Fails when the FAT has clusters in use that nothing has read. */
  checkAllRead(): void {
    for (let cluster = FIRST_CLUSTER; cluster < FIRST_CLUSTER + this.#geometry.clusters; cluster++) {
      if (!this.#owners.has(cluster) && this.#table.next(cluster) !== 'free') {
        throw damaged(`cluster ${cluster} is in use, but belongs to no file`);
      }
    }
  }
}

function join(pieces: readonly Buffer[], size: number, name: string): Uint8Array {
  const available = pieces.reduce((sum, piece) => sum + piece.length, 0);
  // The size is what an image says: it is held against the real clusters before memory is taken for it.
  if (available < size) throw damaged(`${name} has ${size} bytes, but clusters for ${available}`);
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece.subarray(0, size - at), at);
    at += piece.length;
  }
  return bytes;
}
