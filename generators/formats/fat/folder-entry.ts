import { SLOT } from './geometry.ts';
import type { Timestamp } from './time.ts';

export const ATTRIBUTES = { label: 0x08, folder: 0x10, archive: 0x20 } as const;

/** One slot of a folder: a file, a folder or the volume's label. */
export interface FolderEntry {
  /** 11 bytes as stored, padded with blanks, no dot before the extension. */
  readonly shortName: string;
  readonly attributes: number;
  /** 0 when it has no clusters, and for a `..` that names the root. */
  readonly firstCluster: number;
  /** Bytes; 0 for folders. */
  readonly size: number;
}

/** Writes one slot; the time serves as creation, write and access time. */
export function encodeFolderEntry(entry: FolderEntry, stamp: Timestamp): Uint8Array {
  const slot = Buffer.alloc(SLOT);
  slot.write(entry.shortName, 0, 11, 'latin1');
  slot.writeUInt8(entry.attributes, 11);
  if (entry.attributes !== ATTRIBUTES.label) {
    slot.writeUInt8(stamp.hundredths, 13);
    slot.writeUInt16LE(stamp.time, 14);
    slot.writeUInt16LE(stamp.date, 16);
    slot.writeUInt16LE(stamp.date, 18);
  }
  slot.writeUInt16LE(stamp.time, 22);
  slot.writeUInt16LE(stamp.date, 24);
  slot.writeUInt16LE(entry.firstCluster, 26);
  slot.writeUInt32LE(entry.size, 28);
  return slot;
}
