import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readOverlay } from '../../generators/inputs/tree.ts';
import { freshFolder } from '../fixtures/scratch.ts';

function overlayOf(...paths: string[]): string {
  const folder = freshFolder();
  for (const path of paths) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), `bytes of ${path}`);
  }
  return folder;
}

const PATHS = ['B', 'a', 'a-b', 'a.d/x', 'a.d/y/z', 'etc/.hidden', 'etc/hostname.mustache'];

describe('readOverlay', () => {
  it.each([
    ['as they are sorted', PATHS],
    ['backwards', PATHS.toReversed()],
  ])('lists files in code unit order, made %s', async (_, paths) => {
    const sources = await readOverlay(overlayOf(...paths));
    expect(sources.map(({ path }) => path)).toEqual(PATHS);
    for (const { path, bytes } of sources) expect(Buffer.from(bytes).toString()).toBe(`bytes of ${path}`);
  });

  it('does not mind how the folder is written', async () => {
    const folder = overlayOf('etc/x');
    for (const written of [`${folder}/`, `${folder}/./etc/..`]) {
      expect((await readOverlay(written)).map(({ path }) => path)).toEqual(['etc/x']);
    }
  });

  it('takes nothing from the disk but names and bytes', async () => {
    const folder = overlayOf('x');
    const before = await readOverlay(folder);
    chmodSync(join(folder, 'x'), 0o755);
    expect(await readOverlay(folder)).toEqual(before);
    expect(Object.keys(before[0]!)).toEqual(['path', 'bytes']);
  });

  it('has no word for empty folders', async () => {
    const folder = freshFolder();
    mkdirSync(join(folder, 'empty'));
    expect(await readOverlay(folder)).toEqual([]);
  });

  it('refuses a link, which would be missing from the machine', async () => {
    const folder = overlayOf('etc/x');
    symlinkSync('x', join(folder, 'etc/y'));
    await expect(readOverlay(folder)).rejects.toMatchObject({
      kind: 'usage',
      message: `${folder}/etc/y is neither a file nor a directory`,
    });
  });

  it('names a folder that is not there', async () => {
    const folder = join(freshFolder(), 'none');
    await expect(readOverlay(folder)).rejects.toMatchObject({
      kind: 'disk',
      message: `cannot read ${folder}: no such file or directory`,
    });
  });
});
