import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { AirhiveError } from '../../../generators/errors.ts';
import { decodeFat } from '../../../generators/formats/fat/decode.ts';
import { encodeFat } from '../../../generators/formats/fat/encode.ts';
import { fileTrees, type SampleFile } from './arbitraries.ts';
import { byPath, imageOf, RELEASE_DAY, SAMPLE, text, thrownBy } from './images.ts';

const MIB = 1024 * 1024;

describe('encodeFat', () => {
  it('gives the bytes it always gave', () => {
    const digest = (size: number): string => createHash('sha256').update(imageOf(SAMPLE, size)).digest('hex');
    expect(digest(128 * 1024)).toBe('60d9dd2c33f2ff95d1ad981f52ffce4e3e4bb29106eb5fc6222d83b5d94e0396');
    expect(digest(8 * MIB)).toBe('17a7fd7ad682718a1a595a720903751ad3c71ebe071a0d607cd90e5b83b561b2');
  });

  it('round-trips any tree through our reader', () => {
    fc.assert(
      fc.property(fileTrees({ beyondAscii: true }), (files) => {
        const { label, files: found } = decodeFat(imageOf(files, 256 * 1024));
        expect(label).toBe('AIRHIVE');
        expect(byPath(found)).toEqual(byPath(files));
        expect(found.every(({ time }) => time === RELEASE_DAY)).toBe(true);
      }),
    );
  });

  it('does not depend on the order of the files', () => {
    const permuted = fileTrees({ beyondAscii: true }).chain((files) =>
      fc.tuple(fc.constant(files), fc.shuffledSubarray(files, { minLength: files.length })),
    );
    fc.assert(
      fc.property(permuted, ([files, shuffled]) => {
        expect(Buffer.compare(imageOf(files), imageOf(shuffled))).toBe(0);
      }),
    );
  });

  it('leaves its input alone', () => {
    const files = Object.freeze(SAMPLE.toReversed().map((file) => Object.freeze({ ...file })));
    expect(Buffer.compare(imageOf(files), imageOf(SAMPLE))).toBe(0);
  });

  it('takes the serial number from label, paths and contents, not from the time', () => {
    const serial = (files: readonly SampleFile[], time = 0, label = 'AIRHIVE'): number =>
      decodeFat(encodeFat({ label, files, time, size: 128 * 1024 })).serial;
    const [first, ...rest] = SAMPLE;
    const flipped = first!.bytes.with(1999, first!.bytes[1999]! ^ 1);
    const variants = [
      serial(SAMPLE),
      serial([{ path: first!.path, bytes: flipped }, ...rest]),
      serial([{ path: 'other', bytes: first!.bytes }, ...rest]),
      serial(rest),
      serial(SAMPLE, 0, 'OTHER'),
      // What one part loses, the next one gains.
      serial([{ path: 'ab', bytes: text('c') }]),
      serial([{ path: 'a', bytes: text('bc') }]),
    ];
    expect(new Set(variants).size).toBe(variants.length);
    expect(serial(SAMPLE, RELEASE_DAY)).toBe(serial(SAMPLE));
  });

  it('changes the serial number with any byte of any file', () => {
    const changed = fc.tuple(
      fc.uint8Array({ minLength: 1, maxLength: 900 }),
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
    );
    fc.assert(
      fc.property(changed, ([bytes, position, difference]) => {
        const other = bytes.with(position % bytes.length, bytes[position % bytes.length]! ^ difference);
        const [a, b] = [bytes, other].map(
          (content) => decodeFat(imageOf([{ path: 'f', bytes: content }])).serial,
        );
        expect(a).not.toBe(b);
      }),
    );
  });
});

describe('dates', () => {
  const zone = process.env.TZ;
  afterEach(() => {
    if (zone === undefined) delete process.env.TZ;
    else process.env.TZ = zone;
  });

  it('are UTC in every time zone', () => {
    const images = ['UTC', 'Pacific/Kiritimati', 'America/St_Johns'].map((name) => {
      process.env.TZ = name;
      return { offset: new Date(RELEASE_DAY * 1000).getTimezoneOffset(), image: imageOf(SAMPLE) };
    });
    expect(images.map(({ offset }) => offset)).toEqual([0, -840, 150]);
    for (const { image } of images) expect(Buffer.compare(image, images[0]!.image)).toBe(0);
  });

  it('are clamped to 1980', () => {
    expect(Buffer.compare(imageOf(SAMPLE, undefined, 0), imageOf(SAMPLE, undefined, 315532800))).toBe(0);
    expect(decodeFat(imageOf(SAMPLE, undefined, 0)).files[0]?.time).toBe(315532800);
  });

  it('change nothing else: another time gives another image with the same files and serial number', () => {
    const [a, b] = [RELEASE_DAY, RELEASE_DAY + 2].map((time) => imageOf(SAMPLE, undefined, time));
    expect(Buffer.compare(a!, b!)).not.toBe(0);
    expect(decodeFat(a!).serial).toBe(decodeFat(b!).serial);
  });

  it('must be numbers', () => {
    expect(() => imageOf(SAMPLE, undefined, NaN)).toThrow(RangeError);
  });
});

describe('refused input', () => {
  const empty = new Uint8Array();
  it.each([
    ['an empty name', ['a//b'], 'it is empty'],
    ['an absolute path', ['/a'], 'it is empty'],
    ['a folder as a file', ['a/'], 'it is empty'],
    ['the folder above', ['../a'], 'ends in a dot or a blank'],
    ['a forbidden character', ['a:b'], 'holds a control character'],
    ['a name twice', ['a', 'a'], 'has a file "a"'],
    ['names that differ in case', ['A', 'a'], 'has a file "A", and FAT ignores case'],
    ['folders that differ in case', ['Sub/x', 'sub/y'], 'has a folder "Sub", and FAT ignores case'],
    ['a file used as a folder', ['a', 'a/b'], 'has a file "a"'],
    ['a path that FreeBSD cannot open', ['d/'.repeat(511) + 'ab'], '1024 characters'],
  ])('%s', (_, paths, message) => {
    const error = thrownBy(() => imageOf(paths.map((path) => ({ path, bytes: empty }))));
    expect(error).toBeInstanceOf(AirhiveError);
    expect(error).toMatchObject({ kind: 'usage', message: expect.stringContaining(message) as string });
  });

  it('a label that FAT does not know', () => {
    const error = thrownBy(() => encodeFat({ label: 'airhive', files: [], time: 0, size: MIB }));
    expect(error).toMatchObject({ kind: 'usage', message: expect.stringContaining('"airhive"') as string });
  });

  it('a folder with more than 65536 entries', () => {
    const files = Array.from({ length: 65_535 }, (_, index) => ({ path: `d/F${index}`, bytes: empty }));
    expect(thrownBy(() => imageOf(files, 8 * MIB))).toMatchObject({
      kind: 'usage',
      message: 'the folder "d" needs 65537 entries, FAT allows 65536',
    });
    expect(thrownBy(() => imageOf(files.slice(1), 8 * MIB))).toBeUndefined();
  });
});

it('goes as deep as a path may', () => {
  const path = 'd/'.repeat(511) + 'a';
  const { files } = decodeFat(imageOf([{ path, bytes: text('deep') }], MIB));
  expect(files).toMatchObject([{ path, bytes: text('deep') }]);
});
