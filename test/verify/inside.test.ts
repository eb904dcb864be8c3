import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { vdiskFiles } from '../../generators/bundle/bundle.ts';
import { sha256 } from '../../generators/formats/checksums.ts';
import { encodeFat, type Volume } from '../../generators/formats/fat.ts';
import { encodeGzip } from '../../generators/formats/gzip.ts';
import type { Manifest } from '../../generators/formats/manifest.ts';
import { decodeLock, encodeLock, type Lock } from '../../generators/packages/lock.ts';
import { renamed, repack, unpack, type Entry } from './archives.ts';
import { buildBundle, copyOf, manifestOf, problemsOf, seal, type Built } from './bundles.ts';

// All outer digests are made anew after each change: what is found is found inside.

const APKOVL = 'airhive.apkovl.tar.gz';
const DISK = 'disk0.img';

let built: Built;
let folder = '';
let manifest: Manifest;
beforeAll(async () => {
  built = await buildBundle();
});
afterAll(() => built.remove());
beforeEach(() => {
  folder = copyOf(built.folder, built.root);
  manifest = manifestOf(folder);
});

const read = (path: string): Buffer => readFileSync(join(folder, path));

async function problemsWith(path: string, bytes: Uint8Array, says: Manifest = manifest): Promise<string[]> {
  writeFileSync(join(folder, path), bytes);
  seal(folder, says, APKOVL, DISK);
  return problemsOf(folder);
}

/** The packages on the vdisk of the bundle as it was built. */
function packages() {
  const [image, overlay] = [DISK, APKOVL].map((path) => readFileSync(join(built.folder, path)));
  return vdiskFiles(image!, overlay!.length, manifest.vdisk);
}

describe('the vdisk', () => {
  const volume = ({ files = [{ path: APKOVL, bytes: read(APKOVL) }], ...change }: Partial<Volume>) =>
    encodeFat({
      label: 'AIRHIVE',
      files: [...files, ...packages()],
      time: manifest.epoch,
      size: read(DISK).length,
      ...change,
    });

  it('is right when it is made again', async () => {
    expect(await problemsWith(DISK, volume({}))).toEqual([]);
  });

  it('is right in another size, too: an older airhive made it of 8 MiB', async () => {
    expect(await problemsWith(DISK, volume({ size: 8 << 20 }))).toEqual([]);
  });

  it.each<[string, (apkovl: Buffer) => Partial<Volume>]>([
    [
      'another overlay',
      (bytes) => ({ files: [{ path: APKOVL, bytes: Buffer.from(bytes).fill('x', 5000, 5001) }] }),
    ],
    [
      'a second overlay',
      (bytes) => ({
        files: [
          { path: APKOVL, bytes },
          { path: 'b.apkovl.tar.gz', bytes },
        ],
        size: 512 * 1024,
      }),
    ],
    ['an overlay of another name', (bytes) => ({ files: [{ path: 'a.apkovl.tar.gz', bytes }] })],
    [
      'one more file',
      (bytes) => ({
        files: [
          { path: APKOVL, bytes },
          { path: 'x/y', bytes: Buffer.from('z') },
        ],
      }),
    ],
    ['no file', () => ({ files: [] })],
    ['another label', () => ({ label: 'AIRHIVE2' })],
    ['other dates', () => ({ time: 1 })],
    ['no room for the overlay', () => ({ files: [], size: 64 * 1024 })],
  ])('has %s', async (_, change) => {
    expect(await problemsWith(DISK, volume(change(read(APKOVL))))).toEqual([
      expect.stringMatching(/^disk0\.img: /),
    ]);
  });

  it.each([0, 11, 14, 43, 510, 513, 6_000_000, (8 << 20) - 1])('has another byte %i', async (place) => {
    const bytes = Buffer.from(volume({ size: 8 << 20 }));
    bytes[place]! ^= 0xff;
    expect(await problemsWith(DISK, bytes)).toEqual([
      `${DISK}: not the disk that ${APKOVL} and the files of manifest.json give, first at byte ${place}`,
    ]);
  });

  it('has another byte in one of the packages', async () => {
    const bytes = read(DISK);
    const [one] = manifest.vdisk.filter(({ path }) => path.includes('/iptables-1'));
    const apk = packages().find(({ path }) => path === one?.path)!.bytes;
    for (const place of [0, 300, apk.length - 1]) {
      const changed = Buffer.from(bytes);
      changed[bytes.indexOf(apk) + place]! ^= 1;
      expect(await problemsWith(DISK, changed)).toEqual([
        `${DISK}: ${one!.path}: its SHA-256 is not the one in manifest.json`,
      ]);
    }
  });

  it.each<[string, (lock: Lock) => Lock, string]>([
    [
      'names one package less',
      (lock) => ({ ...lock, packages: lock.packages.slice(1) }),
      'it does not name apks/dnsmasq-2.91-r0.apk as it is',
    ],
    [
      'has another digest',
      (lock) => ({ ...lock, packages: lock.packages.map((one) => ({ ...one, sha256: '0'.repeat(64) })) }),
      'it names another apks/dnsmasq-2.91-r0.apk than there is',
    ],
  ])('has a lock that %s', async (_, change, line) => {
    const lock = change(decodeLock(read('lock.json').toString())!);
    writeFileSync(join(folder, 'lock.json'), encodeLock(lock));
    seal(folder, manifest, 'lock.json');
    expect(await problemsOf(folder)).toContain(`lock.json: ${line}`);
  });

  it('has a lock that nobody can read, or written in another way', async () => {
    for (const [text, line] of [
      ['{}', 'lock.json: not a lock of this airhive'],
      [
        JSON.stringify(JSON.parse(read('lock.json').toString())),
        'lock.json: not written as airhive writes it',
      ],
    ] as const) {
      writeFileSync(join(folder, 'lock.json'), text);
      seal(folder, manifest, 'lock.json');
      expect(await problemsOf(folder)).toEqual([line]);
    }
  });

  it('is no disk at all', async () => {
    expect(await problemsWith(DISK, Buffer.from('no disk'))).toEqual([
      expect.stringMatching(/^disk0\.img: /),
    ]);
  });
});

describe('the overlay', () => {
  /** Changes the entries, packs them, and puts the result into the vdisk as well. */
  async function problemsOfEntries(change: (entries: Entry[]) => unknown): Promise<string[]> {
    const entries = await unpack(gunzipSync(readFileSync(join(built.folder, APKOVL))));
    change(entries);
    const tar = await repack(entries);
    return problemsOfApkovl(encodeGzip(tar), sha256(tar));
  }

  async function problemsOfApkovl(bytes: Uint8Array, tar: string): Promise<string[]> {
    const [time, size] = [manifest.epoch, read(DISK).length];
    const image = encodeFat({
      label: 'AIRHIVE',
      files: [{ path: APKOVL, bytes }, ...packages()],
      time,
      size,
    });
    writeFileSync(join(folder, DISK), image);
    return problemsWith(APKOVL, bytes, { ...manifest, apkovl: { ...manifest.apkovl, tar } });
  }

  const find = (entries: Entry[], name: string): Entry => entries.find(({ header }) => header.name === name)!;

  it('is right when it is packed again, also by another compressor', async () => {
    expect(await problemsOfEntries(() => undefined)).toEqual([]);
    const tar = gunzipSync(read(APKOVL));
    expect(await problemsOfApkovl(gzipSync(tar), sha256(tar))).toEqual([]);
    expect(await problemsOfApkovl(gzipSync(tar), '0'.repeat(64))).toEqual([
      `${APKOVL}: its content is not the one in manifest.json`,
    ]);
  });

  it.each<[string, (entries: Entry[]) => unknown, string]>([
    [
      'content',
      (entries) => find(entries, 'etc/fstab').bytes.write('x'),
      'missing or changed: file 0644 etc/fstab',
    ],
    [
      'mode',
      (entries) => (find(entries, 'etc/fstab').header.mode = 0o666),
      'not in the manifest: file 0666 etc/fstab',
    ],
    [
      'name',
      (entries) => (find(entries, 'etc/fstab').header.name = 'etc/fstub'),
      'not in the manifest: file 0644 etc/fstub',
    ],
    [
      'owner',
      (entries) => (find(entries, 'etc/fstab').header.uid = 1000),
      "owners, dates or padding are not airhive's, first at byte ",
    ],
    [
      'group by name',
      (entries) => (find(entries, 'etc/fstab').header.gname = 'wheel'),
      "owners, dates or padding are not airhive's, first at byte ",
    ],
    [
      'date',
      (entries) => (find(entries, 'etc/fstab').header.mtime = new Date(0)),
      "owners, dates or padding are not airhive's, first at byte ",
    ],
    [
      'target',
      (entries) => (entries.find(({ header }) => header.type === 'symlink')!.header.linkname = '/x'),
      'missing or changed: symlink',
    ],
    [
      'kind',
      (entries) => (find(entries, 'etc/fstab').header.type = 'fifo'),
      'what is in it has an entry that no bundle has: "etc/fstab", fifo',
    ],
    ['order', (entries) => entries.reverse(), 'its entries are in another order'],
    ['one entry less', (entries) => entries.pop(), 'missing or changed'],
    ['one entry twice', (entries) => entries.push(entries.at(-1)!), 'its entries are in another order'],
    [
      'one entry more',
      (entries) => entries.push(renamed(find(entries, 'etc/fstab'), '../x')),
      'not in the manifest: file 0644 ../x',
    ],
  ])('is changed: %s', async (_, change, problem) => {
    const problems = await problemsOfEntries(change);
    expect(problems.every((line) => line.startsWith(`${APKOVL}: `))).toBe(true);
    expect(problems.join('\n')).toContain(problem);
  });

  it('is found when bytes differ that no reader looks at', async () => {
    const tar = Buffer.from(gunzipSync(read(APKOVL)));
    const place = tar.indexOf('\0\0\0\0', tar.indexOf('etc/fstab') + 512);
    tar[place + 1] = 1;
    expect(await problemsOfApkovl(encodeGzip(tar), sha256(tar))).toEqual([
      `${APKOVL}: owners, dates or padding are not airhive's, first at byte ${place + 1} of the tar`,
    ]);
  });

  it('has something behind its end, or is no overlay', async () => {
    const tar = gunzipSync(read(APKOVL));
    const { tar: digest } = manifest.apkovl;
    for (const more of [Buffer.from('something'), Buffer.alloc(1)]) {
      const bytes = Buffer.concat([readFileSync(join(built.folder, APKOVL)), more]);
      expect(await problemsOfApkovl(bytes, digest)).toEqual([expect.stringContaining(`${APKOVL}: `)]);
    }
    const longer = Buffer.concat([tar, tar]);
    expect(await problemsOfApkovl(encodeGzip(longer), sha256(longer))).toEqual([
      expect.stringContaining('its end is missing or not at its end'),
    ]);
    expect(await problemsOfApkovl(encodeGzip(tar.subarray(0, 5000)), digest)).toEqual([
      expect.stringContaining('is not a whole tar archive'),
    ]);
    expect(await problemsOfApkovl(Buffer.from('no gzip'), digest)).toEqual([expect.stringContaining(APKOVL)]);
  });
});
