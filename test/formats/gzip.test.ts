import fc from 'fast-check';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { decodeGzip, encodeGzip } from '../../generators/formats/gzip.ts';
import { freshFile, run } from '../fixtures/scratch.ts';
import { hasTool } from '../tools.ts';

/** Bytes that differ from place to place, so that a lost or doubled one shows. */
const sample = (length: number) =>
  Uint8Array.from({ length }, (_, index) => (index * 31 + (index >> 8)) & 0xff);

const SIZES = [0, 1, 65534, 65535, 65536, 131070, 131071, 300000];

describe('encodeGzip', () => {
  it('gives exactly these bytes', () => {
    const header = '1f8b08000000000000ff';
    const block = '010500faff68656c6c6f';
    const trailer = '86a6103605000000';
    expect(Buffer.from(encodeGzip(Buffer.from('hello'))).toString('hex')).toBe(header + block + trailer);
  });

  it('gives one empty block for nothing', () => {
    expect(Buffer.from(encodeGzip(new Uint8Array())).toString('hex')).toBe(
      '1f8b08000000000000ff010000ffff0000000000000000',
    );
  });

  it.each(SIZES)('uses as few blocks as %i bytes need', (size) => {
    const blocks = Math.max(1, Math.ceil(size / 65535));
    expect(encodeGzip(sample(size)).length).toBe(10 + blocks * 5 + size + 8);
  });

  it.each(SIZES)('is read by Node (%i bytes)', (size) => {
    expect(gunzipSync(encodeGzip(sample(size))).equals(sample(size))).toBe(true);
  });

  it.skipIf(!hasTool('gzip')).each(SIZES)('is read by gzip (%i bytes, needs gzip)', (size) => {
    const file = freshFile(encodeGzip(sample(size)), 'a.gz');
    run('gzip', ['-t', file]);
    expect(run('gzip', ['-dc', file]).equals(sample(size))).toBe(true);
  });

  it.skipIf(!hasTool('busybox')).each(SIZES)('is read by busybox (%i bytes, needs busybox)', (size) => {
    const file = freshFile(encodeGzip(sample(size)), 'a.gz');
    expect(run('busybox', ['gunzip', '-c', file]).equals(sample(size))).toBe(true);
  });

  it('gives any bytes back', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 2000, size: 'max' }),
        fc.integer({ min: 0, max: 70 }),
        (bytes, times) => {
          const long = Buffer.concat(Array<Uint8Array>(times).fill(bytes));
          expect(gunzipSync(encodeGzip(long)).equals(long)).toBe(true);
        },
      ),
    );
  });

  it('does not change what it is given', () => {
    const bytes = sample(1000);
    encodeGzip(bytes);
    expect(bytes).toEqual(sample(1000));
  });
});

describe('decodeGzip', () => {
  it('gives back what was packed, stored or compressed', () => {
    for (const bytes of [encodeGzip(sample(70_000)), gzipSync(sample(70_000))])
      expect(Buffer.from(decodeGzip(bytes, 70_000)).equals(sample(70_000))).toBe(true);
  });

  it.each<[string, Uint8Array, number, string]>([
    ['what is no gzip file', Buffer.from('hello'), 100, 'not a gzip file: '],
    ['what is truncated', encodeGzip(sample(1000)).subarray(0, -9), 1000, 'not a gzip file: '],
    ['a wrong checksum', Buffer.from(encodeGzip(sample(9))).fill(0, 24, 28), 9, 'not a gzip file: '],
    ['what unpacks to more than it may', gzipSync(Buffer.alloc(1 << 20)), 1 << 19, 'not a gzip file: '],
    ['what goes on behind its end', Buffer.concat([encodeGzip(sample(9)), sample(2)]), 9, 'behind the end'],
  ])('refuses %s', (_, bytes, largest, message) => {
    expect(() => decodeGzip(bytes, largest)).toThrow(
      expect.objectContaining({ kind: 'verification' }) as Error,
    );
    expect(() => decodeGzip(bytes, largest)).toThrow(message);
  });
});
