import { damaged } from './damage.ts';
import { completeLayout, SECTOR, SLOT, type Geometry, type Layout } from './geometry.ts';

/** What the boot sector says about a volume. */
export interface Boot {
  readonly geometry: Geometry;
  /** As stored: 11 bytes, padded with blanks. */
  readonly label: string;
  readonly serial: number;
}

const OEM_NAME = 'AIRHIVE ';
/** Media byte of a disk that is not a floppy; the first entry of the FAT repeats it. */
export const MEDIA = 0xf8;
/** Geometry for BIOS calls, which nothing here makes; chosen so that one cylinder is 1 MiB. */
const SECTORS_PER_TRACK = 32;
const HEADS = 64;
const FIRST_HARD_DISK = 0x80;
const EXTENDED_BOOT_SIGNATURE = 0x29;
const CODE = 62;
const SIGNATURE = 510;

/** `jmp` to the code, `nop`. */
const JUMP = [0xeb, CODE - 2, 0x90];
/** `int 18h` asks the BIOS for the next boot device; should it return: `hlt`, and `jmp` back to that. */
const NEXT_DEVICE = [0xcd, 0x18, 0xf4, 0xeb, 0xfd];

/**
 * Writes the first sector: BIOS parameter block as in Microsoft's FAT specification 1.03, and code that starts
 * nothing. `label` has 11 bytes; `serial` is 32 bits and is shown as eight digits, `blkid` and mtools' XXXX-XXXX.
 */
export function encodeBootSector({ geometry, label, serial }: Boot): Uint8Array {
  const sector = Buffer.alloc(SECTOR);
  const large = geometry.totalSectors > 0xffff;
  sector.set(JUMP, 0);
  sector.write(OEM_NAME, 3, 'latin1');
  sector.writeUInt16LE(SECTOR, 11);
  sector.writeUInt8(geometry.sectorsPerCluster, 13);
  sector.writeUInt16LE(geometry.reservedSectors, 14);
  sector.writeUInt8(geometry.tables, 16);
  sector.writeUInt16LE(geometry.rootSlots, 17);
  sector.writeUInt16LE(large ? 0 : geometry.totalSectors, 19);
  sector.writeUInt8(MEDIA, 21);
  sector.writeUInt16LE(geometry.tableSectors, 22);
  sector.writeUInt16LE(SECTORS_PER_TRACK, 24);
  sector.writeUInt16LE(HEADS, 26);
  sector.writeUInt32LE(large ? geometry.totalSectors : 0, 32);
  sector.writeUInt8(FIRST_HARD_DISK, 36);
  sector.writeUInt8(EXTENDED_BOOT_SIGNATURE, 38);
  sector.writeUInt32LE(serial, 39);
  sector.write(label, 43, 11, 'latin1');
  sector.write(`FAT${geometry.bits}   `, 54, 'latin1');
  sector.set(NEXT_DEVICE, CODE);
  sector.writeUInt16LE(0xaa55, SIGNATURE);
  return sector;
}

/** Reads the first sector of an image and holds what it says against the image's size. */
export function decodeBootSector(image: Buffer): Boot {
  if (image.length < SECTOR) throw damaged(`it has ${image.length} bytes, not even one sector of ${SECTOR}`);
  if (image.readUInt16LE(SIGNATURE) !== 0xaa55) throw damaged('the boot sector does not end in 55 AA');
  if (image.readUInt8(38) !== EXTENDED_BOOT_SIGNATURE) {
    throw damaged('the boot sector has no label and serial number');
  }
  if (image.readUInt8(21) !== MEDIA) throw damaged('the media byte is not F8');
  const geometry = completeLayout(decodeLayout(image));
  if (!geometry) throw damaged('the sizes in the boot sector make no FAT12 or FAT16 volume');
  if (image.toString('latin1', 54, 62) !== `FAT${geometry.bits}   `) {
    throw damaged(
      `the boot sector does not call it FAT${geometry.bits}, which it is by its number of clusters`,
    );
  }
  return { geometry, label: image.toString('latin1', 43, 54), serial: image.readUInt32LE(39) };
}

function decodeLayout(image: Buffer): Layout {
  const sectorSize = image.readUInt16LE(11);
  if (sectorSize !== SECTOR) throw damaged(`it has sectors of ${sectorSize} bytes, only ${SECTOR} is known`);
  const small = image.readUInt16LE(19);
  const layout = {
    sectorsPerCluster: image.readUInt8(13),
    reservedSectors: image.readUInt16LE(14),
    tables: image.readUInt8(16),
    rootSlots: image.readUInt16LE(17),
    totalSectors: small === 0 ? image.readUInt32LE(32) : small,
    tableSectors: image.readUInt16LE(22),
  };
  const { sectorsPerCluster, totalSectors } = layout;
  if (sectorsPerCluster === 0 || (sectorsPerCluster & (sectorsPerCluster - 1)) !== 0) {
    throw damaged(`a cluster of ${sectorsPerCluster} sectors is not a power of two`);
  }
  if (layout.reservedSectors === 0 || layout.tables === 0) {
    throw damaged('there is no boot sector or no FAT in it');
  }
  if ((layout.rootSlots * SLOT) % SECTOR !== 0) throw damaged('the root folder does not fill whole sectors');
  if (totalSectors * SECTOR !== image.length) {
    throw damaged(`it has ${image.length} bytes, its boot sector says ${totalSectors * SECTOR}`);
  }
  return layout;
}
