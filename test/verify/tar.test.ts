import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  copyFileSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasTool } from '../tools.ts';
import { renamed, repack, unpack, type Entry } from './archives.ts';
import { buildBundle, copyOf, ISO_PATH, NAME, problemsOf, verify, type Built } from './bundles.ts';

let built: Built;
let bytes: Buffer;
beforeAll(async () => {
  built = await buildBundle();
  bytes = readFileSync(built.tar);
});
afterAll(() => built.remove());

async function problemsOfBytes(tar: Uint8Array): Promise<string[]> {
  const path = join(built.root, 'changed.tar');
  writeFileSync(path, tar);
  return problemsOf(path);
}

/** The tar with its entries changed. */
async function repacked(change: (entries: Entry[]) => unknown): Promise<Buffer> {
  const entries = await unpack(bytes);
  change(entries);
  return repack(entries);
}

const find = (entries: Entry[], path: string): Entry =>
  entries.find(({ header }) => header.name === `${NAME}/${path}`)!;
const another = (entries: Entry[], name: string): number =>
  entries.push(renamed(find(entries, 'grub.cfg'), name));

it('is right as it was built, and under any other name', async () => {
  await expect(verify(built.tar, true)).resolves.toMatchObject({ iso: false });
  copyFileSync(built.tar, join(built.root, 'other name.bin'));
  await expect(verify(join(built.root, 'other name.bin'))).resolves.toBeDefined();
  expect((await repacked(() => undefined)).equals(bytes)).toBe(true);
});

it.skipIf(!hasTool('tar'))(
  'what tar makes of its folder is right too, unless there is more in that (needs tar)',
  async () => {
    const folder = copyOf(built.folder, built.root);
    rmSync(join(folder, ISO_PATH));
    const path = join(built.root, 'by-hand.tar');
    const byHand = (): void => void execFileSync('tar', ['-cf', path, '-C', join(folder, '..'), NAME]);
    byHand();
    expect(await problemsOf(path)).toEqual([]);
    mkdirSync(join(folder, 'data'));
    writeFileSync(join(folder, 'data/site.img'), '');
    copyFileSync(join(built.folder, ISO_PATH), join(folder, ISO_PATH));
    chmodSync(join(folder, 'vm_run'), 0o700);
    byHand();
    expect((await problemsOf(path)).sort()).toEqual([
      'data/site.img: not a file of this bundle',
      'data: not a directory of this bundle',
      `${ISO_PATH}: not a file of this bundle`,
      'vm_run: its mode is 0700, it has to be 0755',
    ]);
    expect(await problemsOf(path, true)).toContain(
      'data/: it holds the secrets of one machine; publish the bundle without it',
    );
  },
);

describe('it is found when', () => {
  it('a byte is flipped, in the content of each file and in each header', async () => {
    const places: number[] = [];
    for (let at = 0; at < bytes.length - 1024;) {
      const size = Number.parseInt(bytes.toString('latin1', at + 124, at + 135), 8);
      places.push(at + (places.length % 2 ? 3 : 104), ...(size > 0 ? [at + 512 + (size >> 1)] : []));
      at += 512 + Math.ceil(size / 512) * 512;
    }
    expect(places.length).toBeGreaterThan(40);
    const path = join(built.root, 'flipped.tar');
    copyFileSync(built.tar, path);
    const handle = openSync(path, 'r+');
    for (const place of places) {
      writeSync(handle, Buffer.of(bytes[place]! ^ 1), 0, 1, place);
      expect(await problemsOf(path)).not.toEqual([]);
      writeSync(handle, bytes, place, 1, place);
    }
    closeSync(handle);
    expect(await problemsOf(path)).toEqual([]);
  });

  it('it is cut, anywhere', async () => {
    const ends = [
      0,
      1,
      511,
      512,
      600,
      5000,
      100_000,
      bytes.length - 1025,
      bytes.length - 1024,
      bytes.length - 512,
    ];
    for (const end of ends) {
      expect(await problemsOfBytes(bytes.subarray(0, end))).toEqual([
        expect.stringContaining('is not a whole tar archive'),
      ]);
    }
  });

  it('something comes after its end', async () => {
    expect(await problemsOfBytes(Buffer.concat([bytes, Buffer.alloc(9216)]))).toEqual([]);
    for (const more of [Buffer.from('x'), Buffer.alloc(600, 1), bytes]) {
      expect(await problemsOfBytes(Buffer.concat([bytes, more]))).toEqual([
        expect.stringContaining('is not a whole tar archive'),
      ]);
    }
  });

  it.each<[string, (entries: Entry[]) => unknown, RegExp]>([
    ['an entry more', (entries) => another(entries, `${NAME}/zzz`), /^zzz: not a file of this bundle$/],
    [
      'an entry twice',
      (entries) => another(entries, `${NAME}/grub.cfg`),
      /^grub\.cfg: there more than once$/,
    ],
    ['a folder twice', (entries) => entries.push(find(entries, 'iso/')), /^iso: there more than once$/],
    ['an entry elsewhere', (entries) => another(entries, 'other/zzz'), /no bundle has: "other\/zzz", file$/],
    [
      'an entry above',
      (entries) => another(entries, `${NAME}/../zzz`),
      /no bundle has: "intel8260\/\.\.\/zzz"/,
    ],
    ['an entry at the root', (entries) => another(entries, '/etc/zzz'), /no bundle has: "\/etc\/zzz"/],
    [
      'a folder more',
      (entries) => entries.push(renamed(find(entries, 'iso/'), `${NAME}/x/`)),
      /^x: not a directory/,
    ],
    [
      'an entry less',
      (entries) => entries.splice(entries.indexOf(find(entries, 'grub.cfg')), 1),
      /^grub\.cfg: missing$/,
    ],
    ['a mode', (entries) => (find(entries, 'vm_run').header.mode = 0o4755), /^vm_run: its mode is 04755/],
    [
      "a folder's mode",
      (entries) => (find(entries, 'iso/').header.mode = 0o777),
      /^iso: its mode 0777 lets others/,
    ],
    [
      'a link',
      (entries) =>
        Object.assign(find(entries, 'grub.cfg').header, { type: 'symlink', linkname: '/etc/passwd' }),
      /^grub\.cfg: a link to \/etc\/passwd, which no bundle has$/,
    ],
    [
      'a second name',
      (entries) =>
        Object.assign(find(entries, 'grub.cfg').header, { type: 'link', linkname: `${NAME}/vm_run` }),
      /"intel8260\/grub\.cfg", link$/,
    ],
  ])('it has, or has changed: %s', async (_, change, problem) => {
    expect((await problemsOfBytes(await repacked(change))).join('\n')).toMatch(new RegExp(problem, 'm'));
  });

  it('the bundle in it has another name than its profile', async () => {
    const renamed = await repacked((entries) => {
      for (const { header } of entries) header.name = header.name.replace(NAME, 'other');
    });
    expect(await problemsOfBytes(renamed)).toEqual([
      'manifest.json: profile is intel8260, but elsewhere it is other',
    ]);
    const bare = await repacked((entries) => {
      entries.shift();
      for (const { header } of entries) header.name = header.name.replace(`${NAME}/`, './');
    });
    expect((await problemsOfBytes(bare)).join()).toContain('there is no manifest.json in it');
  });

  it('it is something else', async () => {
    for (const other of [gzipSync(bytes), Buffer.from('hello'), Buffer.alloc(4096)]) {
      expect(await problemsOfBytes(other)).toEqual([expect.stringContaining('is not a whole tar archive')]);
    }
  });
});
