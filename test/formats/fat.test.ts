import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { encodeFat, fatSizeFor } from '../../generators/formats/fat.ts';
import { readFat } from '../fixtures/fat-reader.ts';
import { byPath, fatFile, fileTrees, imageOf, RELEASE_DAY, SAMPLE, type SampleFile } from './fat-samples.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

const emptyImage = (size: number) => encodeFat({ label: 'A', files: [], time: 0, size });

function encodable(files: readonly SampleFile[], size: number): boolean {
  try {
    encodeFat({ label: 'TEST', files, time: 0, size });
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(RangeError);
    return false;
  }
}

describe('encodeFat', () => {
  it('gives the bytes it always gave', () => {
    const digest = (size: number): string => createHash('sha256').update(imageOf(SAMPLE, size)).digest('hex');
    expect(digest(128 * KIB)).toBe('60d9dd2c33f2ff95d1ad981f52ffce4e3e4bb29106eb5fc6222d83b5d94e0396');
    expect(digest(8 * MIB)).toBe('17a7fd7ad682718a1a595a720903751ad3c71ebe071a0d607cd90e5b83b561b2');
  });

  it('writes what can be read again, in any tree', () => {
    fc.assert(
      fc.property(fileTrees, (files) => {
        const { label, files: found } = readFat(imageOf(files, 256 * KIB));
        expect(label).toBe('AIRHIVE');
        expect(byPath(found)).toEqual(byPath(files));
        expect(found.every(({ time }) => time === RELEASE_DAY)).toBe(true);
      }),
    );
  });

  it('does not depend on the order of the files, and leaves them alone', () => {
    const permuted = fileTrees.chain((files) =>
      fc.tuple(fc.constant(files), fc.shuffledSubarray(files, { minLength: files.length })),
    );
    fc.assert(
      fc.property(permuted, ([files, shuffled]) => {
        const frozen = Object.freeze(shuffled.map((file) => Object.freeze({ ...file })));
        expect(Buffer.compare(imageOf(files), imageOf(frozen))).toBe(0);
      }),
    );
  });

  it('takes the serial number from label, paths and contents, not from the time', () => {
    const serial = (files: readonly SampleFile[], time = 0, label = 'AIRHIVE'): number =>
      readFat(encodeFat({ label, files, time, size: 128 * KIB })).serial;
    const [first, ...rest] = SAMPLE;
    const flipped = first!.bytes.with(1999, first!.bytes[1999]! ^ 1);
    const variants = [
      serial(SAMPLE),
      serial([{ path: first!.path, bytes: flipped }, ...rest]),
      serial([{ path: 'other', bytes: first!.bytes }, ...rest]),
      serial(rest),
      serial(SAMPLE, 0, 'OTHER'),
      // What one part loses, the next one gains.
      serial([fatFile('ab', 'c')]),
      serial([fatFile('a', 'bc')]),
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
          (content) => readFat(imageOf([{ path: 'f', bytes: content }])).serial,
        );
        expect(a).not.toBe(b);
      }),
    );
  });

  it('goes as deep as anyone wants', () => {
    const path = 'd/'.repeat(511) + 'a';
    expect(readFat(imageOf([fatFile(path, 'deep')], MIB)).files).toMatchObject([
      { path, bytes: Buffer.from('deep') },
    ]);
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

  it.each([
    ['1980-01-01T00:00:00Z', '1980-01-01T00:00:00Z', 0],
    ['2000-02-29T23:59:59Z', '2000-02-29T23:59:58Z', 100],
    ['2026-06-13T01:02:04Z', '2026-06-13T01:02:04Z', 0],
    ['2107-12-31T23:59:59Z', '2107-12-31T23:59:58Z', 100],
    // The nearest date that FAT has.
    ['1970-01-01T00:00:00Z', '1980-01-01T00:00:00Z', 0],
    ['1979-12-31T23:59:59Z', '1980-01-01T00:00:00Z', 0],
    ['2108-01-01T00:00:00Z', '2107-12-31T23:59:58Z', 100],
  ])('%s is %s', (given, read, hundredths) => {
    const image = Buffer.from(imageOf([fatFile('A')], undefined, Date.parse(given) / 1000));
    expect(readFat(image).files[0]?.time).toBe(Date.parse(read) / 1000);
    expect(image.readUInt8(image.indexOf('A          \x20', 0, 'latin1') + 13)).toBe(hundredths);
  });

  it('have no fractions of a second, and are numbers', () => {
    expect(imageOf(SAMPLE, undefined, RELEASE_DAY + 0.9)).toEqual(imageOf(SAMPLE));
    expect(() => imageOf(SAMPLE, undefined, NaN)).toThrow(RangeError);
  });

  it('change nothing else: another time gives another image with the same files and serial number', () => {
    const [a, b] = [RELEASE_DAY, RELEASE_DAY + 2].map((time) => imageOf(SAMPLE, undefined, time));
    expect(Buffer.compare(a!, b!)).not.toBe(0);
    const { serial, files } = readFat(a!);
    expect(readFat(b!)).toMatchObject({ serial, files: files.map(({ path, bytes }) => ({ path, bytes })) });
  });
});

describe('names', () => {
  it.each(['a', '.boot_repository', ' leading space', 'a.b.c', 'x'.repeat(255), "+,;=[]$%'-_@~`!(){}^#&"])(
    'can be %j',
    (name) => expect(readFat(imageOf([fatFile(name)])).files).toMatchObject([{ path: name }]),
  );

  it.each([
    ['an empty name', ['a//b']],
    ['an absolute path', ['/a']],
    ['a directory as a file', ['a/']],
    ['the directory itself', ['./a']],
    ['the directory above', ['../a']],
    ['a dot at the end', ['a.']],
    ['a space at the end', ['a ']],
    ...Array.from('"*:<>?\\|\n\0\x7fé日', (character): [string, string[]] => [
      `the character ${JSON.stringify(character)}`,
      [`a${character}b`],
    ]),
    ['256 characters', ['x'.repeat(256)]],
    ['a name twice', ['a', 'a']],
    ['names that differ in case', ['A', 'a']],
    ['directories that differ in case', ['Sub/x', 'sub/y']],
    ['a file used as a directory', ['a', 'a/b']],
  ])('cannot be: %s', (_, paths) => {
    expect(
      encodable(
        paths.map((path) => fatFile(path)),
        128 * KIB,
      ),
    ).toBe(false);
  });

  const shortOf = (...names: string[]): string[] =>
    readFat(
      imageOf(
        names.map((name) => fatFile(name)),
        MIB,
      ),
    ).files.map(({ path, short }) => `${path}=${short}`);

  it('are kept when they are short but for their case', () => {
    expect(shortOf('README.TXT', 'apks', 'x86_64', 'A~1')).toEqual([
      'A~1=A~1        ',
      'README.TXT=README  TXT',
      'apks=APKS       ',
      'x86_64=X86_64     ',
    ]);
  });

  it.each([
    ['airhive.apkovl.tar.gz', 'AIRHIV~1GZ '],
    ['APKINDEX.tar.gz', 'APKIND~1GZ '],
    ['.boot_repository', 'BOOT_R~1   '],
    ['.a', 'A~1        '],
    ['a b.c d', 'AB~1    CD '],
    ['a+b', 'A_B~1      '],
    ['..x.y', 'X~1     Y  '],
    [' . .a', 'A~1        '],
  ])('%s becomes %j', (name, short) => expect(shortOf(name)).toEqual([`${name}=${short}`]));

  it('do not take the short name of a later file', () => {
    expect(shortOf('long file name', 'longfi~1')).toEqual([
      'long file name=LONGFI~2   ',
      'longfi~1=LONGFI~1   ',
    ]);
  });

  it('shorten the stem when the number grows, and stay unique where two families meet', () => {
    const names = Array.from(
      { length: 1200 },
      (_, index) => `d/package-name-${String(index).padStart(4, '0')}.apk`,
    );
    const shorts = readFat(
      imageOf(
        names.map((name) => fatFile(name)),
        MIB,
      ),
    ).files.map(({ short }) => short);
    expect(new Set(shorts).size).toBe(1200);
    expect([shorts[8], shorts[9], shorts[1199]]).toEqual(['PACKAG~9APK', 'PACKA~10APK', 'PAC~1200APK']);
    const families = Array.from({ length: 60 }, (_, index) => `abcde${index % 2 ? 'f' : 'X'}${index} z`);
    expect(new Set(shortOf(...families).map((text) => text.split('=')[1])).size).toBe(60);
  });

  it.each(['', 'airhive', 'TWELVECHARSX', 'TWO WORDS', 'A.B', 'É', 'A\n'])(
    'a label cannot be %j',
    (label) => {
      expect(() => encodeFat({ label, files: [], time: 0, size: MIB })).toThrow(RangeError);
    },
  );
});

describe('sizes', () => {
  it.each([
    [64 * KIB, 12, 1],
    [1 * MIB, 12, 1],
    [2 * MIB, 12, 1],
    [3 * MIB, 16, 1],
    [8 * MIB, 16, 1],
    [32 * MIB, 16, 1],
    [33 * MIB, 16, 2],
    [512 * MIB, 16, 16],
  ])('%i bytes: FAT%i, %i sectors in a cluster', (size, bits, sectors) => {
    expect(readFat(emptyImage(size))).toMatchObject({ bits, clusterSize: sectors * 512 });
  });

  it('keeps every size within the rules', () => {
    const around = fc.oneof(
      fc.integer({ min: 128, max: 5000 }),
      // The limits between the types: 4085 and 65525 clusters.
      fc.integer({ min: 4085 - 60, max: 4085 + 100 }),
      fc.integer({ min: 65_400, max: 66_400 }),
    );
    fc.assert(
      fc.property(around, (sectors) => {
        // The reader holds the type and the length of the table against the number of clusters.
        const { bits, clusters } = readFat(emptyImage(sectors * 512));
        const clear = bits === 12 ? clusters < 4085 - 16 : clusters > 4085 + 15 && clusters < 65_525 - 16;
        expect([sectors, clear]).toEqual([sectors, true]);
      }),
      { numRuns: 150 },
    );
  });

  it.each([1000, 0.5, NaN, 0, -512, 63 * KIB, 2048 * MIB])('refuses %d bytes', (size) => {
    expect(() => emptyImage(size)).toThrow(RangeError);
  });

  it('fills an image to its last cluster, and not beyond', () => {
    const image = imageOf([{ path: 'A', bytes: new Uint8Array(93 * 512).fill(1) }], 64 * KIB);
    expect(readFat(image).files[0]?.bytes.length).toBe(93 * 512);
    expect(encodable([{ path: 'A', bytes: new Uint8Array(93 * 512 + 1) }], 64 * KIB)).toBe(false);
  });

  it('refuses more than a directory can have', () => {
    const many = (count: number, prefix: string) =>
      Array.from({ length: count }, (_, index) => fatFile(`${prefix}F${index}`));
    expect(encodable(many(511, ''), MIB)).toBe(true);
    expect(encodable(many(512, ''), MIB)).toBe(false);
    expect(encodable(many(65_534, 'd/'), 8 * MIB)).toBe(true);
    expect(encodable(many(65_535, 'd/'), 8 * MIB)).toBe(false);
  });
});

describe('fatSizeFor', () => {
  it('gives whole MiB, and one at least', () => {
    expect(fatSizeFor([])).toBe(MIB);
    expect(fatSizeFor([{ path: 'a', bytes: new Uint8Array(MIB) }])).toBe(2 * MIB);
  });

  it('gives the smallest size that encodes', () => {
    fc.assert(
      fc.property(fileTrees, fc.integer({ min: 0, max: 5 * MIB }), (files, extra) => {
        const all = [...files, { path: 'large file', bytes: new Uint8Array(extra) }];
        const size = fatSizeFor(all);
        expect(encodable(all, size)).toBe(true);
        expect(size === MIB || !encodable(all, size - MIB)).toBe(true);
      }),
    );
  });

  it('knows that a larger image can hold less, its clusters being larger', () => {
    const small = Array.from({ length: 60_000 }, (_, index) => fatFile(`d/F${index}`, 'x'));
    expect(fatSizeFor(small)).toBe(32 * MIB);
    expect(encodable(small, 33 * MIB)).toBe(false);
    const more = [...small, { path: 'more', bytes: new Uint8Array(MIB) }];
    expect(fatSizeFor(more)).toBe(62 * MIB);
    expect(encodable(more, 61 * MIB)).toBe(false);
  });

  it('refuses what no size can hold', () => {
    const bytes = { length: 2048 * MIB } as Uint8Array;
    expect(() => fatSizeFor([{ path: 'a', bytes }])).toThrow(RangeError);
  });
});

describe('the reader of these tests sees', () => {
  const [root, data] = [512 + 2 * 512, 512 + 2 * 512 + 512 * 32];
  it.each<[string, (image: Buffer) => unknown]>([
    ['copies of the table that differ', (image) => image.writeUInt8(1, 1024 + 100)],
    ['a chain that is too short', (image) => image.writeUInt16LE(0xfff, 512 + 9)],
    ['a cluster of no file', (image) => [600, 1112].map((at) => image.writeUInt8(0xff, at))],
    ['labels that differ', (image) => image.write('OTHER', 43)],
    ['a long name of another entry', (image) => image.write('X', root + 4 * 32)],
    ['a wrong ".."', (image) => image.writeUInt16LE(9, data + 32 + 26)],
    ['a size without clusters', (image) => image.writeUInt32LE(4001 + 512, root + 4 * 32 + 28)],
    ['a date that does not exist', (image) => [16, 24].map((at) => image.writeUInt16LE(0, root + 32 + at))],
    ['another type', (image) => image.write('FAT16', 54)],
    ['another length', (image) => image.writeUInt16LE(255, 19)],
  ])('%s', (_, change) => {
    const image = Buffer.from(imageOf(SAMPLE));
    expect(() => readFat(image)).not.toThrow();
    change(image);
    expect(() => readFat(image)).toThrow('FAT: ');
  });
});
