import fc from 'fast-check';
import { Readable } from 'node:stream';
import { extract, type Header } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import { decodeTar, encodeTar } from '../../generators/formats/tar.ts';
import { treeOf, type Tree, type Entry } from '../../generators/formats/tree.ts';
import { file, SAMPLE, trees } from './trees.ts';

const RELEASE_DAY = 1781308800;

/** What tar-stream reads: the headers, and the entries that they and what follows them stand for. */
async function readTar(bytes: Uint8Array): Promise<{ headers: Header[]; entries: Entry[] }> {
  const headers: Header[] = [];
  const entries: Entry[] = [];
  for await (const part of Readable.from([bytes]).pipe(extract())) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of part as AsyncIterable<Uint8Array>) chunks.push(chunk);
    headers.push(part.header);
    entries.push(entryOf(part.header, Buffer.concat(chunks)));
  }
  return { headers, entries };
}

function entryOf({ type, name, mode, linkname }: Header, bytes: Buffer): Entry {
  if (type === 'directory') return { type, path: name.replace(/\/$/, ''), mode };
  if (type === 'symlink') return { type, path: name, mode, target: linkname };
  expect(type).toBe('file');
  return { type: 'file', path: name, mode, bytes };
}

/** The same tree with Buffers, which Vitest tells from other arrays of bytes. */
const buffered = (tree: Tree): Tree =>
  tree.map((entry) => (entry.type === 'file' ? { ...entry, bytes: Buffer.from(entry.bytes) } : entry));

describe('encodeTar', () => {
  it('writes the header of a file as POSIX says (ustar)', async () => {
    const bytes = Buffer.from(await encodeTar(treeOf([file('a', 'hello', 0o4751)]), RELEASE_DAY));
    const field = (at: number, length: number) => bytes.toString('latin1', at, at + length);
    expect(field(0, 2)).toBe('a\0');
    expect(field(100, 8)).toBe('004751 \0');
    expect(field(108, 16)).toBe('000000 \x00000000 \0');
    expect(field(124, 12)).toBe('00000000005 ');
    expect(Number.parseInt(field(136, 12), 8)).toBe(RELEASE_DAY);
    expect(field(156, 1)).toBe('0');
    expect(field(257, 8)).toBe('ustar\x0000');
    expect(field(265, 32)).toBe('root'.padEnd(32, '\0'));
    expect(field(297, 32)).toBe('root'.padEnd(32, '\0'));
    expect(field(512, 6)).toBe('hello\0');
    expect(bytes.subarray(1024).equals(Buffer.alloc(1024))).toBe(true);
    expect(bytes.length).toBe(2048);
  });

  it('keeps the order of the tree, names folders with a slash and nothing with "./"', async () => {
    const { headers } = await readTar(await encodeTar(SAMPLE, RELEASE_DAY));
    const expected = SAMPLE.map(({ type, path }) => (type === 'directory' ? `${path}/` : path));
    expect(headers.map(({ name }) => name)).toEqual(expected);
    expect(expected.slice(0, 2)).toEqual(['etc/', 'etc/block']);
  });

  it('gives every entry to root, by number and by name', async () => {
    const owned = { uid: 0, gid: 0, uname: 'root', gname: 'root' };
    const { headers } = await readTar(await encodeTar(SAMPLE, RELEASE_DAY));
    for (const header of headers) expect(header).toMatchObject(owned);
  });

  it.each([0, 1, 315532799, RELEASE_DAY, 2147483647])('dates every entry %i, never now', async (mtime) => {
    const { headers } = await readTar(await encodeTar(SAMPLE, mtime));
    expect(new Set(headers.map((header) => header.mtime.getTime()))).toEqual(new Set([mtime * 1000]));
  });

  it('ends an empty tree properly', async () => {
    expect(Buffer.from(await encodeTar([], 0)).equals(Buffer.alloc(1024))).toBe(true);
  });

  it('changes neither the tree nor its bytes', async () => {
    const before = JSON.stringify(SAMPLE);
    const first = await encodeTar(SAMPLE, RELEASE_DAY);
    expect(JSON.stringify(SAMPLE)).toBe(before);
    expect(Buffer.from(await encodeTar(SAMPLE, RELEASE_DAY)).equals(first)).toBe(true);
  });

  it('gives any tree back', async () => {
    await fc.assert(
      fc.asyncProperty(trees, fc.integer({ min: 0, max: 2147483647 }), async (tree, mtime) => {
        const { entries } = await readTar(await encodeTar(tree, mtime));
        expect(entries).toEqual(buffered(tree));
      }),
      { numRuns: 60 },
    );
  });
});

describe('decodeTar', () => {
  it('gives any tree back', async () => {
    await fc.assert(
      fc.asyncProperty(trees, async (tree) => {
        fc.pre(tree.length > 0);
        expect(await decodeTar(await encodeTar(tree, RELEASE_DAY), 'it')).toEqual(buffered(tree));
      }),
      { numRuns: 60 },
    );
  });

  it('takes an archive that ends where it says, and no other', async () => {
    const whole = Buffer.from(await encodeTar(SAMPLE, RELEASE_DAY));
    expect(await decodeTar(Buffer.concat([whole, Buffer.alloc(9216)]), 'it')).toEqual(buffered(SAMPLE));
    const others = [
      Buffer.alloc(0),
      Buffer.alloc(1024),
      whole.subarray(0, -1),
      whole.subarray(0, -512),
      whole.subarray(0, 700),
      Buffer.concat([whole, Buffer.from('x')]),
      Buffer.concat([whole, whole]),
    ];
    for (const bytes of others)
      await expect(decodeTar(bytes, 'it')).rejects.toMatchObject({
        kind: 'verification',
        message: expect.stringMatching(/^it is not a whole tar archive/) as string,
      });
  });
});
