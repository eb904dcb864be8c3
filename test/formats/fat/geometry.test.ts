import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AirhiveError } from '../../../generators/errors.ts';
import { dataOffset, geometryOf } from '../../../generators/formats/fat/geometry.ts';
import { thrownBy } from './images.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

describe('geometryOf', () => {
  it.each([
    [64 * KIB, 12, 1],
    [1 * MIB, 12, 1],
    [2 * MIB, 12, 1],
    [3 * MIB, 16, 1],
    [8 * MIB, 16, 1],
    [32 * MIB, 16, 1],
    [33 * MIB, 16, 2],
    [1024 * MIB, 16, 64],
    [2047 * MIB, 16, 64],
  ])('%i bytes: FAT%i, %i sectors in a cluster', (size, bits, sectorsPerCluster) => {
    expect(geometryOf(size)).toMatchObject({ bits, sectorsPerCluster, totalSectors: size / 512 });
  });

  it('keeps every size within the rules', () => {
    const sectors = fc.oneof(fc.integer({ min: 128, max: 5000 }), fc.integer({ min: 128, max: 2047 * 2048 }));
    fc.assert(
      fc.property(sectors, (count) => {
        const geometry = geometryOf(count * 512);
        const { bits, clusters, tableSectors, sectorsPerCluster } = geometry;
        expect(bits === 12 ? clusters < 4085 - 16 : clusters > 4085 + 15 && clusters < 65525 - 16).toBe(true);
        expect((clusters + 2) * bits).toBeLessThanOrEqual(tableSectors * 512 * 8);
        expect(dataOffset(geometry) / 512 + clusters * sectorsPerCluster).toBeLessThanOrEqual(count);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    [1000, 'usage'],
    [0.5, 'usage'],
    [NaN, 'usage'],
    [0, 'unsupported'],
    [63 * KIB, 'unsupported'],
    [2048 * MIB, 'unsupported'],
  ])('refuses %d bytes (%s)', (size, kind) => {
    const error = thrownBy(() => geometryOf(size));
    expect(error).toBeInstanceOf(AirhiveError);
    expect(error).toMatchObject({ kind });
  });
});
