import { describe, expect, it } from 'vitest';
import { AirhiveError } from '../../../generators/errors.ts';
import { decodeFat } from '../../../generators/formats/fat/decode.ts';
import { dataOffset, rootOffset, tableOffset } from '../../../generators/formats/fat/geometry.ts';
import { expectVerificationError, imageOf, SAMPLE, text, thrownBy } from './images.ts';
import {
  APKINDEX,
  APKS,
  APKS_LONG_NAME,
  APKS_SLOT,
  copySlots,
  FAT16,
  folderAt,
  LABEL_SLOT,
  OVERLAY,
  OVERLAY_LAST,
  OVERLAY_LONG_NAME,
  OVERLAY_SLOT,
  README,
  README_SLOT,
  SIZE,
  X86_64,
} from './sample-places.ts';

const SECOND_TABLE = tableOffset(FAT16) + FAT16.tableSectors * 512;

/** Writes an entry of both copies of the FAT. */
function chain(image: Buffer, cluster: number, next: number): void {
  for (const table of [tableOffset(FAT16), SECOND_TABLE]) image.writeUInt16LE(next, table + cluster * 2);
}

const DAMAGES: [string, (image: Buffer) => unknown, string][] = [
  ['no boot signature', (b) => b.writeUInt8(0, 510), 'does not end in 55 AA'],
  ['no extended signature', (b) => b.writeUInt8(0, 38), 'no label and serial number'],
  ['another media byte', (b) => b.writeUInt8(0xf0, 21), 'media byte'],
  ['another sector size', (b) => b.writeUInt16LE(4096, 11), 'sectors of 4096 bytes'],
  ['clusters of no sectors', (b) => b.writeUInt8(0, 13), 'not a power of two'],
  ['clusters of three sectors', (b) => b.writeUInt8(3, 13), 'not a power of two'],
  ['no reserved sector', (b) => b.writeUInt16LE(0, 14), 'no boot sector or no FAT'],
  ['no FAT', (b) => b.writeUInt8(0, 16), 'no boot sector or no FAT'],
  ['a crooked top folder', (b) => b.writeUInt16LE(511, 17), 'whole sectors'],
  ['another number of sectors', (b) => b.writeUInt16LE(6145, 19), 'boot sector says 3146240'],
  ['a short FAT', (b) => b.writeUInt16LE(1, 22), 'no FAT12 or FAT16'],
  ['metadata larger than the image', (b) => b.writeUInt16LE(0xffff, 14), 'no FAT12 or FAT16'],
  ['the wrong type', (b) => b.write('FAT12   ', 54), 'does not call it FAT16'],
  ['FAT copies that differ', (b) => b.writeUInt8(1, SECOND_TABLE + 1000), 'copy 2 of the FAT differs'],
  ['no media byte in the FAT', (b) => chain(b, 0, 0xfff0), 'does not start with'],
  ['a volume not unmounted', (b) => chain(b, 1, 0x7fff), 'does not start with'],
  ['a chain that loops', (b) => chain(b, OVERLAY + 2, OVERLAY), 'comes back to cluster 5'],
  ['a folder that loops', (b) => chain(b, APKS, APKS), 'comes back to cluster 2'],
  [
    'crossing chains',
    (b) => chain(b, OVERLAY, README),
    '"README.TXT" and "airhive.apkovl.tar.gz" share cluster 4',
  ],
  ['a chain that is too short', (b) => chain(b, OVERLAY + 1, 0xffff), '4000 bytes, but clusters for 1024'],
  ['a chain that is too long', (b) => chain(b, OVERLAY_LAST, 20), 'more clusters than it may have'],
  ['a chain into nowhere', (b) => chain(b, OVERLAY, 0xffef), 'cluster 5 is followed by 65519'],
  ['a chain into a bad cluster', (b) => chain(b, OVERLAY, 0xfff7), 'cluster 5 is followed by 65527'],
  ['a chain to cluster 1', (b) => chain(b, OVERLAY, 1), 'cluster 5 is followed by 1'],
  ['a chain through a free cluster', (b) => chain(b, OVERLAY + 3, 0), 'cluster 8, which the FAT calls free'],
  ['a lost cluster', (b) => chain(b, 1000, 0xffff), 'cluster 1000 is in use, but belongs to no file'],
  ['a file that starts nowhere', (b) => b.writeUInt16LE(0xffff, README_SLOT + 26), 'has cluster 65535'],
  ['a file without clusters', (b) => b.writeUInt16LE(0, README_SLOT + 26), 'has cluster 0'],
  [
    'a huge size',
    (b) => b.writeUInt32LE(0xffffffff, README_SLOT + 28),
    '4294967295 bytes, but clusters for 512',
  ],
  ['no size, but clusters', (b) => b.writeUInt32LE(0, README_SLOT + 28), 'more clusters than it may have'],
  ['a folder with a size', (b) => b.writeUInt32LE(1, APKS_SLOT + 28), 'has a size'],
  ['a folder in the top folder', (b) => b.writeUInt16LE(0, APKS_SLOT + 26), 'has cluster 0'],
  ['a folder in itself', (b) => b.writeUInt16LE(APKS, folderAt(APKS) + 26 + 32 * 6), 'share cluster 2'],
  ['a wrong "."', (b) => b.writeUInt16LE(X86_64, folderAt(APKS) + 26), 'the folder above'],
  ['a wrong ".."', (b) => b.writeUInt16LE(0, folderAt(X86_64) + 32 + 26), 'the folder above'],
  ['no ".."', (b) => b.writeUInt8(0x20, folderAt(X86_64) + 33), 'the folder above'],
  ['a ".." that is a file', (b) => b.writeUInt8(0x20, folderAt(X86_64) + 32 + 11), 'the folder above'],
  ['unknown attributes', (b) => b.writeUInt8(0x60, README_SLOT + 11), 'attributes 96'],
  ['a folder that is a label', (b) => b.writeUInt8(0x18, APKS_SLOT + 11), 'attributes 24'],
  ['a date that does not exist', (b) => b.writeUInt16LE(0, README_SLOT + 24), 'date that does not exist'],
  ['a lower-case short name', (b) => b.write('r', README_SLOT), 'no short name'],
  ['a short name with a slash', (b) => b.write('/', README_SLOT), 'no short name'],
  ['a short name from a code page', (b) => b.writeUInt8(0xdf, README_SLOT), 'no short name'],
  ['a short name of blanks', (b) => b.write('        ', README_SLOT), 'no short name'],
  ['a changed short name', (b) => b.write('X', OVERLAY_SLOT), 'does not belong to "XIRHIV~1.GZ"'],
  ['a long name without its end', (b) => b.writeUInt8(2, OVERLAY_LONG_NAME), 'does not belong'],
  ['a long name with a wrong number', (b) => b.writeUInt8(3, OVERLAY_LONG_NAME + 32), 'does not belong'],
  ['a long name of another type', (b) => b.writeUInt8(1, OVERLAY_LONG_NAME + 12), 'does not belong'],
  ['a long name for a deleted entry', (b) => b.writeUInt8(0xe5, OVERLAY_SLOT), 'does not belong to "APKS"'],
  ['a long name at the end', (b) => b.fill(0, APKS_SLOT, APKS_SLOT + 32), 'ends with a long name'],
  ['a long name that ends early', (b) => b.writeUInt16LE(0, OVERLAY_LONG_NAME + 33), 'does not belong'],
  ['rubbish behind a long name', (b) => b.writeUInt16LE(0x41, APKS_LONG_NAME + 30), 'does not belong'],
  ['a name that leads out', (b) => b.write('.\0.\0/\0x\0', APKS_LONG_NAME + 1, 'latin1'), '"../x": it holds'],
  [
    'the name ".."',
    (b) => b.write('.\0.\0\0\0\xff\xff\xff\xff', APKS_LONG_NAME + 1, 'latin1'),
    '"..": it ends in',
  ],
  [
    'two entries of one name',
    (b) => copySlots(b, README_SLOT, APKS_SLOT + 32),
    'two entries with the name "README.TXT"',
  ],
  ['two labels', (b) => copySlots(b, LABEL_SLOT, APKS_SLOT + 32), 'two labels'],
  ['a label in a sub-folder', (b) => copySlots(b, LABEL_SLOT, folderAt(APKS) + 7 * 32), 'label of its own'],
  ['labels that differ', (b) => b.write('OTHER', 43), 'the labels'],
  ['no label in the top folder', (b) => b.writeUInt8(0xe5, LABEL_SLOT), 'the labels'],
];

function damage(change: (image: Buffer) => unknown): unknown {
  const image = Buffer.from(imageOf(SAMPLE, SIZE));
  change(image);
  return thrownBy(() => decodeFat(image));
}

describe('decodeFat refuses', () => {
  it.each(DAMAGES)('%s', (_, change, message) => {
    const error = damage(change);
    expectVerificationError(error);
    expect((error as AirhiveError).message).toMatch(/^the FAT image is damaged: /);
    expect((error as AirhiveError).message).toContain(message);
  });

  it('an image cut off anywhere, or with something behind it', () => {
    const image = imageOf(SAMPLE, SIZE);
    for (const length of [0, 1, 511, 512, 513, 20_000, SIZE - 512, SIZE - 1]) {
      expectVerificationError(thrownBy(() => decodeFat(image.subarray(0, length))));
    }
    expectVerificationError(thrownBy(() => decodeFat(Buffer.concat([image, Buffer.alloc(512)]))));
  });

  it('FAT32', () => {
    expectVerificationError(damage((b) => b.writeUInt16LE(0, 22)));
  });

  it('a folder full of slots of one long name', () => {
    const error = damage((b) => {
      for (let slot = APKS_SLOT; slot < dataOffset(FAT16) - 32; slot += 32) {
        copySlots(b, OVERLAY_LONG_NAME, slot);
      }
    });
    expectVerificationError(error);
  });

  it('a path that is longer than any system opens', () => {
    const parts = Array.from({ length: 5 }, (_, index) => String(index).repeat(200));
    const image = Buffer.from(imageOf([{ path: parts.join('/'), bytes: text('x') }], SIZE));
    expect(thrownBy(() => decodeFat(image))).toBeUndefined();
    // The first folder's name grows from 200 to 240 characters: its slots gain three, the rest moves up.
    const longer = Buffer.from(
      imageOf([{ path: `${'0'.repeat(240)}/${parts[1]!}`, bytes: text('x') }], SIZE),
    );
    longer.copy(image, rootOffset(FAT16), rootOffset(FAT16), dataOffset(FAT16));
    expect(thrownBy(() => decodeFat(image))).toMatchObject({
      kind: 'verification',
      message: 'the FAT image is damaged: a path has more than 1023 characters',
    });
  });
});

it('places the sample where the tests above expect it', () => {
  const image = Buffer.from(imageOf(SAMPLE, SIZE));
  expect(FAT16.bits).toBe(16);
  const slots = [README_SLOT, OVERLAY_SLOT, APKS_SLOT].map((at) => [
    image.toString('latin1', at, at + 11),
    image.readUInt16LE(at + 26),
  ]);
  expect(slots).toEqual([
    ['README  TXT', README],
    ['AIRHIV~1GZ ', OVERLAY],
    ['APKS       ', APKS],
  ]);
  expect(image.toString('latin1', folderAt(APKINDEX), folderAt(APKINDEX) + 5)).toBe('index');
});
