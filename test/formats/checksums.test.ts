import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AirhiveError } from '../../generators/errors.ts';
import { decodeChecksums, encodeChecksums, sha256 } from '../../generators/formats/checksums.ts';
import { freshFolder, run } from '../fixtures/scratch.ts';
import { hasTool } from '../tools.ts';

const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const ABC = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';

describe('sha256', () => {
  it('gives the digests that everybody knows (FIPS 180-2)', () => {
    expect(sha256(new Uint8Array())).toBe(EMPTY);
    expect(sha256(Buffer.from('abc'))).toBe(ABC);
  });

  it('sees only the part of a buffer that it was given', () => {
    expect(sha256(Buffer.from('xabcx').subarray(1, 4))).toBe(ABC);
  });
});

const SUMS = [
  { path: 'SHA/abc', digest: ABC },
  { path: 'empty', digest: EMPTY },
];

describe('encodeChecksums', () => {
  it('writes digest, two blanks, path', () => {
    expect(encodeChecksums(SUMS)).toBe(`${ABC}  SHA/abc\n${EMPTY}  empty\n`);
  });

  it.skipIf(!hasTool('sha256sum'))(
    'is what sha256sum -c reads, and not too forgivingly (needs sha256sum)',
    () => {
      const folder = freshFolder();
      writeFileSync(join(folder, 'abc'), 'abc');
      writeFileSync(join(folder, 'empty'), '');
      const sums = encodeChecksums([
        { path: 'abc', digest: ABC },
        { path: 'empty', digest: EMPTY },
      ]);
      const check = () => run('sha256sum', ['-c', '--strict'], { cwd: folder, input: sums }).toString();
      expect(check()).toBe('abc: OK\nempty: OK\n');
      writeFileSync(join(folder, 'empty'), ' ');
      expect(check).toThrow(/did NOT match/);
    },
  );
});

describe('decodeChecksums', () => {
  it('gives back what was written', () => {
    expect(decodeChecksums(encodeChecksums(SUMS))).toEqual(SUMS);
  });

  it.each([
    ['one blank', `${ABC} a\n`],
    ['three blanks', `${ABC}   a\n`],
    ['the mark of binary mode', `${ABC} *a\n`],
    ['capitals', `${ABC.toUpperCase()}  a\n`],
    ['a digit less', `${ABC.slice(1)}  a\n`],
    ['a digit more', `0${ABC}  a\n`],
    ['no path', `${ABC}  \n`],
    ['a blank in the path', `${ABC}  a b\n`],
    ['CR LF', `${ABC}  a\r\n`],
    ['an escaped path', `\\${ABC}  a\n`],
    ['the BSD form', `SHA256 (a) = ${ABC}\n`],
    ['an empty line', '\n'],
  ])('refuses %s and names the line', (_, line) => {
    const text = `${ABC}  good\n${line}`;
    expect(() => decodeChecksums(text)).toThrow(AirhiveError);
    expect(() => decodeChecksums(text)).toThrow(/^SHA256SUMS line 2 is not/);
    expect(() => decodeChecksums(line + text)).toThrow(/^SHA256SUMS line 1 is not/);
  });

  it.each(['', ABC, `${ABC}  a`, `${ABC}  a\n${ABC}  b`])('refuses a text without its end: %j', (text) => {
    expect(() => decodeChecksums(text)).toThrow(/is truncated/);
  });

  it('refuses a text of nothing but an end', () => {
    expect(() => decodeChecksums('\n')).toThrow(/line 1/);
  });
});
