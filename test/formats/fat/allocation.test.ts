import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fatSizeFor } from '../../../generators/formats/fat/allocation.ts';
import { encodeFat } from '../../../generators/formats/fat/encode.ts';
import { fileTrees, type SampleFile } from './arbitraries.ts';
import { thrownBy } from './images.ts';

const MIB = 1024 * 1024;

function encodable(files: readonly SampleFile[], size: number): boolean {
  return thrownBy(() => encodeFat({ label: 'TEST', files, time: 0, size })) === undefined;
}

describe('fatSizeFor', () => {
  it('rounds the minimum up to whole MiB', () => {
    expect(fatSizeFor([], 0)).toBe(MIB);
    expect(fatSizeFor([], 8 * MIB)).toBe(8 * MIB);
    expect(fatSizeFor([], 8 * MIB + 1)).toBe(9 * MIB);
  });

  it('gives the smallest size that encodes', () => {
    fc.assert(
      fc.property(fileTrees({ beyondAscii: false }), fc.integer({ min: 0, max: 5 * MIB }), (files, extra) => {
        const all = [...files, { path: 'large file', bytes: new Uint8Array(extra) }];
        const size = fatSizeFor(all, 0);
        expect(encodable(all, size)).toBe(true);
        expect(size === MIB || !encodable(all, size - MIB)).toBe(true);
      }),
    );
  });

  it('knows that a larger image can hold fewer files, its clusters being larger', () => {
    const files = Array.from({ length: 60_000 }, (_, index) => ({
      path: `d/F${index}`,
      bytes: new Uint8Array(1),
    }));
    expect(fatSizeFor(files, 0)).toBe(32 * MIB);
    expect(encodable(files, 33 * MIB)).toBe(false);
    expect(fatSizeFor(files, 33 * MIB)).toBe(61 * MIB);
  });

  it('refuses what no size can hold', () => {
    const many = Array.from({ length: 512 }, (_, index) => ({ path: `F${index}`, bytes: new Uint8Array() }));
    expect(fatSizeFor(many.slice(1), 0)).toBe(MIB);
    expect(thrownBy(() => fatSizeFor(many, 0))).toMatchObject({
      kind: 'usage',
      message: 'the files do not fit the FAT image: 16416 bytes needed, 16384 available in the top folder',
    });
    expect(thrownBy(() => fatSizeFor([], 2048 * MIB))).toMatchObject({ kind: 'unsupported' });
  });
});

describe('content and size', () => {
  it('fills an image to its last cluster, and says what one byte more would need', () => {
    const exact = { path: 'A', bytes: new Uint8Array(93 * 512) };
    expect(encodable([exact], 64 * 1024)).toBe(true);
    const more = { path: 'A', bytes: new Uint8Array(93 * 512 + 1) };
    expect(
      thrownBy(() => encodeFat({ label: 'TEST', files: [more], time: 0, size: 64 * 1024 })),
    ).toMatchObject({
      kind: 'usage',
      message:
        'the files do not fit the FAT image: 48128 bytes needed, 47616 available in clusters of 512 bytes',
    });
  });
});
