import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseKey, type Keys } from '../../generators/packages/archive.ts';
import { parseIndex, readIndex } from '../../generators/packages/index.ts';
import { missingPackages, resolvePackages } from '../../generators/packages/resolve.ts';
import { describeDependency, parseDependency } from '../../generators/packages/version.ts';
import { apkOf, indexOf, SIGNER, signed, type Fields } from './repository.ts';

const KEYS: Keys = new Map([[SIGNER.name, parseKey(SIGNER.name, SIGNER.publicKey)]]);
const read = (bytes: Buffer) => readIndex(bytes, { keys: KEYS, arch: 'x86_64', repository: 0, what: 'it' });
const parse = (text: string) => parseIndex(text, { arch: 'x86_64', repository: 0 });
const textOf = async (...packages: readonly Fields[]): Promise<string> =>
  (await Promise.all(packages.map(async (fields) => `${(await apkOf(fields)).record}\n`))).join('');

describe('an index', () => {
  it('is read: what is known, with unknown lower-case letters left out', async () => {
    const text = await textOf({ P: 'a', D: 'b>=1 !c so:x', p: 'cmd:a=2', i: 'd', k: '7', x: 'y', F: 'z' });
    const { packages, date } = await read(await indexOf(text, { date: 1_800_000_000 }));
    expect(date).toBe(1_800_000_000);
    expect(packages).toMatchObject([{ name: 'a', version: '1-r0', arch: 'x86_64', priority: 7 }]);
    const [one] = packages;
    expect(one?.unusable).toBeUndefined();
    expect(
      [one?.depends, one?.provides, one?.installIf].map((list) => list?.map(describeDependency)),
    ).toEqual([['b>=1', '!c', 'so:x'], ['cmd:a=2'], ['d']]);
  });

  it('has a problem for every wrong line, with its number', async () => {
    const good = (await textOf({ P: 'good' })).trimEnd();
    const lines = good.split('\n').length;
    const bad = [
      'P:bad name',
      'V:1',
      'V:2',
      'A:x86_64',
      'S:-1',
      'C:Q1zzz',
      'k:high',
      'what is this',
      `T:${'x'.repeat(300_000)}`,
    ];
    const { packages, problems } = parse(`${good}\n\n${bad.join('\n')}\n\nP:half\n`);
    expect(packages.map(({ name }) => name)).toEqual(['good']);
    const at = lines + 1;
    expect(problems).toEqual([
      `line ${at + 3}: a second V: in one record`,
      `line ${at + 8}: not LETTER:VALUE`,
      `line ${at + 9}: longer than 262144 characters`,
      `line ${at + 1}: P: is not the name of a package`,
      `line ${at + 5}: S: is not a size in bytes`,
      `line ${at + 6}: C: is not Q1 and a SHA-1 in base64`,
      `line ${at + 7}: k: is not a number`,
      ...[
        'V: (a version)',
        'A: (an architecture)',
        'S: (a size in bytes)',
        'C: (Q1 and a SHA-1 in base64)',
      ].map((what) => `line ${at + 11}: a record without ${what}`),
    ]);
  });

  it('leaves out what apk cannot use either, and says so', async () => {
    const { packages, problems, notes } = parse(
      await textOf(
        { P: 'a', V: '0.99f7-r2' },
        { P: 'b', p: 'pc:b=5.3.0_ cmd:b', i: 'x y=?' },
        { P: 'c', D: 'x y=?' },
        { P: 'd', Y: 'new' },
      ),
    );
    expect(problems).toEqual([]);
    expect(notes).toEqual([
      'a 0.99f7-r2: that is not a version, the package is left out',
      'b-1-r0: pc:b=5.3.0_ in p: cannot be read and is left out',
      'b-1-r0: y=? in i: cannot be read and is left out',
      'c-1-r0: y=? in D: cannot be read and is left out',
    ]);
    expect(
      packages.map(({ name, provides, installIf }) => [name, provides.length, installIf.length]),
    ).toEqual([
      ['b', 1, 0],
      ['c', 0, 0],
      ['d', 0, 0],
    ]);
    expect(packages.map(({ unusable }) => unusable)).toEqual([
      undefined,
      'it needs y=?, which cannot be read',
      'its record has Y:, which a newer apk may know',
    ]);
  });

  it('of any text is packages and problems, never an exception', () => {
    const line = fc.oneof(
      fc.string(),
      fc.constantFrom('', 'P:a', 'V:1', 'A:x86_64', 'S:1', 'D:a>1 !b', `C:Q1${'A'.repeat(27)}=`),
    );
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        const { packages, problems } = parse(lines.join('\n'));
        expect(problems.every((problem) => /^line [1-9][0-9]*: /.test(problem))).toBe(true);
        for (const { depends } of packages)
          for (const one of depends) expect(parseDependency(describeDependency(one))).toEqual(one);
      }),
    );
  });

  it('may have the fields of a gzip header that nobody writes, and is bounded when unpacked', async () => {
    const text = await textOf({ P: 'a' });
    const whole = await indexOf(text);
    const body = whole.subarray(whole.indexOf(Buffer.from([0x1f, 0x8b, 8]), 3));
    const flags = 4 | 8 | 16 | 2;
    const header = [
      ...body.subarray(0, 3),
      flags,
      ...body.subarray(4, 10),
      2,
      0,
      9,
      9,
      ...Buffer.from('n\0c\0'),
      1,
      2,
    ];
    expect(
      (await read(await signed(Buffer.concat([Buffer.from(header), body.subarray(10)])))).packages,
    ).toHaveLength(1);
    const bomb = await signed(gzipSync(Buffer.alloc(300 << 20)));
    await expect(read(bomb)).rejects.toThrow('it unpacks to more than 268435456 bytes');
    await expect(read(Buffer.alloc((32 << 20) + 1))).rejects.toThrow('it is longer than 33554432 bytes');
  });

  it('changed in any byte is not read', async () => {
    const bytes = await indexOf(await textOf({ P: 'a' }));
    const before = JSON.stringify(await read(bytes));
    const signedFrom = bytes.indexOf(Buffer.from([0x1f, 0x8b, 8]), 3);
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes);
      changed[at]! ^= 0x10;
      const result = await read(changed).then(JSON.stringify, (error: unknown) => (error as Error).name);
      // Around the signature a few bits say nothing, such as the time in a gzip header.
      expect([at, at < signedFrom && result === before ? 'AirhiveError' : result]).toEqual([
        at,
        'AirhiveError',
      ]);
    }
  });
});

describe('packages are chosen', () => {
  const packagesOf = async (...packages: readonly Fields[]) => parse(await textOf(...packages)).packages;
  const asked = (...words: string[]) => words.map((word) => parseDependency(word)!);

  it('whatever the order of the wanted, and less what is there', async () => {
    const packages = await packagesOf(
      { P: 'a', D: 'b' },
      { P: 'b' },
      { P: 'c', D: 'b' },
      { P: 'a-c', i: 'a c' },
    );
    const names = (wanted: string[]) => resolvePackages(packages, asked(...wanted)).map(({ name }) => name);
    expect(names(['a', 'c'])).toEqual(['a', 'a-c', 'b', 'c']);
    expect(names(['c', 'a'])).toEqual(names(['a', 'c']));
    expect(missingPackages(packages, asked('a'), asked('c')).map(({ name }) => name)).toEqual(['a-c', 'c']);
  });

  it.each([
    [
      [
        { P: 'a', D: 'b' },
        { P: 'b', D: 'c' },
      ],
      'a-1-r0 needs b-1-r0 needs c: no package provides it',
    ],
    [
      [
        { P: 'a', D: 'v' },
        { P: 'x', p: 'v' },
        { P: 'y', p: 'v' },
      ],
      'a-1-r0 needs v: none of these can be taken\n  x-1-r0: it provides the name without a version and has to be asked for by its own\n  y-1-r0: it provides the name without a version and has to be asked for by its own',
    ],
    [
      [{ P: 'a', D: 'b<1' }, { P: 'b' }],
      'a: none of these can be taken\n  a-1-r0: it needs b<1\n    b-1-r0: a-1-r0 needs another version: b<1',
    ],
    [[{ P: 'a', D: 'b !c' }, { P: 'b', D: 'c' }, { P: 'c' }], 'c'],
    [
      [{ P: 'a', D: 'b' }, { P: 'b' }, { P: 'd', i: 'a !c' }],
      'd-1-r0 comes along where something else is not (a !c), which airhive does not decide',
    ],
  ] as [Fields[], string][])('or refused with the chain: %j', async (packages, message) => {
    const list = await packagesOf(...packages);
    expect(() => resolvePackages(list, asked('a'))).toThrow(message);
  });

  it('nothing that is there is replaced for something else', async () => {
    const packages = await packagesOf(
      { P: 'a', D: 'v' },
      { P: 'x', p: 'v=1' },
      { P: 'y', p: 'v=2' },
      { P: 'b', D: '!y' },
    );
    expect(() => missingPackages(packages, asked('a'), asked('b'))).toThrow(
      'packages cannot be chosen: y-1-r0, which the ISO has, would have to be replaced',
    );
  });
});
