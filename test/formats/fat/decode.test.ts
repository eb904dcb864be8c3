import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeFat } from '../../../generators/formats/fat/decode.ts';
import {
  clusterOffset,
  dataOffset,
  geometryOf,
  rootOffset,
} from '../../../generators/formats/fat/geometry.ts';
import { fileTrees } from './arbitraries.ts';
import { expectVerificationError, imageOf, SAMPLE, thrownBy } from './images.ts';
import { APKS_SLOT, copySlots, README, README_SLOT, SIZE } from './sample-places.ts';

describe('decodeFat accepts', () => {
  it('an image inside a larger buffer', () => {
    const around = Buffer.concat([Buffer.alloc(7, 0xff), imageOf(SAMPLE), Buffer.alloc(7, 0xff)]);
    const inner = new Uint8Array(around.buffer, around.byteOffset + 7, around.length - 14);
    expect(decodeFat(inner).files.map(({ path }) => path)).toEqual(SAMPLE.map(({ path }) => path).sort());
  });

  it("Windows NT's flags for lower case, and deleted entries", () => {
    const image = Buffer.from(imageOf(SAMPLE, SIZE));
    image.writeUInt8(0x08, README_SLOT + 12);
    copySlots(image, README_SLOT, APKS_SLOT + 32);
    image.writeUInt8(0xe5, APKS_SLOT + 32);
    expect(decodeFat(image).files.map(({ path }) => path)).toContain('readme.TXT');
  });
});

describe('decodeFat never throws anything but an AirhiveError', () => {
  const decodesOrRefuses = (image: Uint8Array): void => {
    const error = thrownBy(() => decodeFat(image));
    if (error !== undefined) expectVerificationError(error);
  };

  it('whichever byte of the metadata is changed', () => {
    const size = 64 * 1024;
    const geometry = geometryOf(size);
    const image = imageOf(SAMPLE, size);
    const end = clusterOffset(geometry, README);
    for (let at = 0; at < end; at++) {
      // The second half of the top folder has nothing in it.
      if (at >= rootOffset(geometry) + 512 && at < dataOffset(geometry)) continue;
      const right = image[at]!;
      for (const wrong of [right ^ 1, right ^ 0x80, 0, 0xff]) {
        image[at] = wrong;
        decodesOrRefuses(image);
      }
      image[at] = right;
    }
    expect(thrownBy(() => decodeFat(image))).toBeUndefined();
  });

  it('with many bytes changed', () => {
    const change = fc.record({ at: fc.nat({ max: 22 * 1024 }), value: fc.integer({ min: 0, max: 255 }) });
    const changes = fc.array(change, { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(fileTrees({ beyondAscii: true }), changes, (files, list) => {
        const image = imageOf(files);
        for (const { at, value } of list) image[at] = value;
        decodesOrRefuses(image);
      }),
      { numRuns: 300 },
    );
  });

  it('with any bytes behind a right boot sector', () => {
    const boot = imageOf([], 64 * 1024).subarray(0, 1536);
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1024, maxLength: 8192 }), (noise) => {
        const image = new Uint8Array(64 * 1024);
        for (let at = 0; at < image.length; at += noise.length) {
          image.set(noise.subarray(0, image.length - at), at);
        }
        image.set(boot);
        decodesOrRefuses(image);
      }),
    );
  });
});
