import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { encodeFat } from '../../generators/formats/fat.ts';
import { encodeGzip } from '../../generators/formats/gzip.ts';
import { encodeTar } from '../../generators/formats/tar.ts';
import { treeOf, type Entry } from '../../generators/formats/tree.ts';
import { freshFolder } from '../fixtures/scratch.ts';
import { explainDifferences, snapshotOf } from './compare.ts';

const file = (path: string, text: string): Entry => ({
  type: 'file',
  path,
  mode: 0o644,
  bytes: Buffer.from(text),
});
const tarOf = (text: string, mtime = 0) =>
  encodeTar(treeOf([file('etc/a', 'same'), file('etc/b', text)]), mtime);
const imageOf = (bytes: Uint8Array, time = 1700000000) =>
  encodeFat({ label: 'X', files: [{ path: 'a.tar.gz', bytes }], time, size: 1024 * 1024 });

function folderOf(files: Readonly<Record<string, string | Uint8Array>>): string {
  const folder = freshFolder();
  mkdirSync(join(folder, 'sub'));
  for (const [path, bytes] of Object.entries(files)) writeFileSync(join(folder, path), bytes);
  return folder;
}

const explain = (one: string, other: string) => explainDifferences(snapshotOf(one), snapshotOf(other));
const explainFiles = (name: string, one: string | Uint8Array, other: string | Uint8Array) =>
  explain(folderOf({ [name]: one }), folderOf({ [name]: other }));

describe('explainDifferences', () => {
  it('has nothing to say about equal folders', () => {
    expect(explain(folderOf({ a: '1', 'sub/b': '2' }), folderOf({ 'sub/b': '2', a: '1' }))).toBeUndefined();
  });

  it('finds a name that only one of them has', () => {
    expect(explain(folderOf({ a: '1' }), folderOf({}))).toEqual(['a: only in the first']);
    expect(explain(folderOf({}), folderOf({ 'sub/a': '1' }))).toEqual(['sub/a: only in the second']);
  });

  it('finds modes, of folders as well', () => {
    const [one, other] = [folderOf({ a: '1' }), folderOf({ a: '1' })];
    chmodSync(join(one, 'a'), 0o644);
    chmodSync(join(other, 'a'), 0o600);
    chmodSync(join(one, 'sub'), 0o755);
    chmodSync(join(other, 'sub'), 0o700);
    expect(explain(one, other)).toEqual(['a: mode 644 and 600', 'sub: mode 755 and 700']);
  });

  it('says where bytes differ', () => {
    expect(explainFiles('a', 'abc', 'abd')).toEqual(['a: 3 and 3 bytes, first difference at 2']);
    expect(explainFiles('a', 'abc', 'abcd')).toEqual(['a: 3 and 4 bytes, first difference at 3']);
  });

  it('names the entry of a tar, packed or not', async () => {
    const [one, other] = [await tarOf('one'), await tarOf('two')];
    const place = '(entry etc/b, content byte 0)';
    expect(explainFiles('a.tar', one, other)?.[0]).toContain(place);
    expect(explainFiles('a.tar.gz', encodeGzip(one), encodeGzip(other))?.[0]).toContain(
      `unpacked: 3584 and 3584`,
    );
    expect(explainFiles('a.tar.gz', encodeGzip(one), encodeGzip(other))?.[0]).toContain(place);
    expect(explainFiles('a.tar', one, await tarOf('one', 7))?.[0]).toContain('(entry etc/, header byte 146)');
  });

  it('looks into an image', async () => {
    const [one, other] = [encodeGzip(await tarOf('one')), encodeGzip(await tarOf('two'))];
    expect(explainFiles('d.img', imageOf(one), imageOf(other))?.[0]).toMatch(
      /in it: a.tar.gz: .*entry etc\/b, content/,
    );
    expect(explainFiles('d.img', imageOf(one), imageOf(one, 1700003600))?.[0]).toContain(
      'in it: a.tar.gz: time 1700000000 and 1700003600',
    );
  });

  it('puts causes before sums', () => {
    const one = { SHA256SUMS: '1', 'manifest.json': '1', 'vm.conf': '1' };
    const other = { SHA256SUMS: '2', 'manifest.json': '2', 'vm.conf': '2' };
    const lines = explain(folderOf(one), folderOf(other)) ?? [];
    expect(lines.map((line) => line.replace(/:.*/, ''))).toEqual(['vm.conf', 'SHA256SUMS', 'manifest.json']);
  });
});
