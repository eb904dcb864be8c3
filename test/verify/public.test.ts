import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeFat } from '../../generators/formats/fat.ts';
import { encodeGzip } from '../../generators/formats/gzip.ts';
import { buildBundle, copyOf, manifestOf, problemsOf, seal, type Built } from './bundles.ts';

let built: Built;
let folder = '';
let paths: readonly string[] = [];
beforeAll(async () => {
  built = await buildBundle();
  folder = copyOf(built.folder, built.root);
  paths = manifestOf(folder).files.map(({ path }) => path);
});
afterAll(() => built.remove());

/** The secrets that --public finds with these bytes in place of a file's. */
async function foundIn(path: string, bytes: Uint8Array): Promise<string[]> {
  const before = readFileSync(join(folder, path));
  writeFileSync(join(folder, path), bytes);
  const problems = await problemsOf(folder, true);
  writeFileSync(join(folder, path), before);
  return problems.filter((line) => line.includes(': it contains '));
}

const planted = (secret: string): Buffer => Buffer.from(`some text\n${secret}\nmore\n`);
const PSK = '\tpsk="correct-horse"';

it('nothing is found in a bundle as it was built', async () => {
  expect(await problemsOf(folder, true)).toEqual([]);
  expect(await problemsOf(built.tar, true)).toEqual([]);
});

it('verify alone does not look for secrets', async () => {
  writeFileSync(join(folder, 'data'), '');
  expect(await problemsOf(folder)).toEqual([]);
  rmSync(join(folder, 'data'));
});

it('a secret is found in every file', async () => {
  for (const path of paths) {
    const bytes = Buffer.concat([readFileSync(join(folder, path)), planted(PSK)]);
    expect(await foundIn(path, bytes)).toEqual([`${path}: it contains a Wi-Fi secret`]);
  }
});

describe('what counts as a secret', () => {
  it.each([
    ['-----BEGIN OPENSSH PRIVATE KEY-----', 'a private key'],
    ['-----BEGIN PRIVATE KEY-----', 'a private key'],
    ['-----BEGIN RSA PRIVATE KEY-----', 'a private key'],
    ['psk=0123456789abcdef', 'a Wi-Fi secret'],
    ['\t#psk="as wpa_passphrase writes it"', 'a Wi-Fi secret'],
    ['  sae_password="x"', 'a Wi-Fi secret'],
    ['\tpassword="of an enterprise network"', 'a Wi-Fi secret'],
    ['wep_key0=0123456789', 'a Wi-Fi secret'],
  ])('%s', async (text, what) => {
    expect(await foundIn('README.txt', planted(text))).toEqual([`README.txt: it contains ${what}`]);
  });

  it.each([
    '-----BEGIN PUBLIC KEY-----',
    'psk=',
    'key_mgmt=WPA-PSK',
    'the psk="is in quotes"',
    'ssh-ed25519 AAAA me',
  ])('not: %s', async (text) => expect(await foundIn('README.txt', planted(text))).toEqual([]));
});

describe('also where it is packed', () => {
  it.each([
    ['stored', encodeGzip(planted(PSK))],
    ['compressed', gzipSync(planted(PSK))],
  ])('%s, in the overlay', async (_, bytes) => {
    expect(await foundIn('airhive.apkovl.tar.gz', bytes)).toContain(
      'airhive.apkovl.tar: it contains a Wi-Fi secret',
    );
  });

  it('on the vdisk, in a file and in space that no file has; a disk that packs it is not ours', async () => {
    const imageOf = (path: string, bytes: Uint8Array): Uint8Array =>
      encodeFat({ label: 'AIRHIVE', files: [{ path, bytes }], time: 0, size: 256 * 1024 });
    expect(await foundIn('disk0.img', imageOf('a/b.txt', planted(PSK)))).toContain(
      'disk0.img: it contains a Wi-Fi secret',
    );
    const image = Buffer.from(readFileSync(join(folder, 'disk0.img')));
    planted(PSK).copy(image, image.length - 4096);
    expect(await foundIn('disk0.img', image)).toEqual(['disk0.img: it contains a Wi-Fi secret']);
    const packed = imageOf('a.tar.gz', gzipSync(planted(PSK)));
    writeFileSync(join(folder, 'disk0.img'), packed);
    seal(folder, manifestOf(folder), 'disk0.img');
    expect(await problemsOf(folder, true)).toEqual([expect.stringMatching(/^disk0\.img: not the disk that/)]);
  });
});
