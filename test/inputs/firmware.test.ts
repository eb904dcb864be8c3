import { createPublicKey } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../generators/formats/checksums.ts';
import { fetchFirmware } from '../../generators/inputs/firmware.ts';
import { httpGet } from '../../generators/inputs/http.ts';
import { parseIndex } from '../../generators/packages/index.ts';
import { refOf } from '../../generators/packages/lock.ts';
import type { PackageSearch } from '../../generators/inputs/repository.ts';
import type { MirrorFile } from '../mirror/mirror.ts';
import { firmwareApk, INTEL, type Entries } from '../packages/firmware-packages.ts';
import { MAIN, SIGNER } from '../packages/repository.ts';
import { FakeClock } from './clock.ts';
import { mirrorOf, Recorder, temporaryFolder } from './sandbox.ts';

const BRCM: Entries = [
  ['brcm/brcmfmac4356-pcie.bin.zst', { link: '../cypress/cyfmac4356-pcie.bin.zst' }],
  ['brcm/brcmfmac4350-pcie.bin.zst', 'brcm'],
  ['brcm/lost.bin.zst', { link: '../cypress/lost.bin.zst' }],
  ['brcm/alone.bin.zst', { link: '../nobody/alone.bin.zst' }],
];
const PACKAGES: Readonly<Record<string, Entries>> = {
  'linux-firmware-intel': INTEL,
  'linux-firmware-brcm': BRCM,
  'linux-firmware-cypress': [['cypress/cyfmac4356-pcie.bin.zst', 'cypress']],
  'linux-firmware-other': [
    ['iwlwifi-old-17.ucode', 'top'],
    ['rt3290.bin.zst', 'rt'],
  ],
};

/** A mirror with these packages, what its index says of them, and a search. */
async function sandbox(change: (files: Record<string, MirrorFile>) => void = () => undefined) {
  const built = await Promise.all(
    Object.entries(PACKAGES).map(([name, entries]) => firmwareApk(name, entries, { A: 'noarch' })),
  );
  const files = Object.fromEntries(built.map(({ file, bytes }) => [`${MAIN}/${file}`, bytes as MirrorFile]));
  change(files);
  const mirror = await mirrorOf(files);
  const text = built.map(({ record }) => `${record}\n`).join('');
  const { packages } = parseIndex(text, { arch: 'x86_64', repository: 0 });
  const find = (name: string) => {
    const pkg = packages.find((one) => one.name === name);
    return pkg && refOf(pkg);
  };
  const abort = new AbortController();
  const search = {
    mirrors: [mirror.url],
    keys: new Map([[SIGNER.name, createPublicKey(SIGNER.publicKey)]]),
    branch: 'v3.24',
    arch: 'x86_64',
    cacheDir: join(temporaryFolder(), 'cache'),
    offline: false,
    http: httpGet,
    clock: new FakeClock(),
    signal: abort.signal,
    reporter: new Recorder(),
  } satisfies PackageSearch;
  return { mirror, search, abort, take: (...wanted: string[]) => fetchFirmware(wanted, find, search) };
}

const requested = (mirror: { requests: readonly { path: string }[] }) =>
  mirror.requests.map(({ path }) => path.replace(`${MAIN}/linux-firmware-`, ''));

it('only the packages that are wanted are fetched, once, and what is taken is written down', async () => {
  const { mirror, take } = await sandbox();
  const { files, locked, missing } = await take(
    'iwlwifi-ty-a0-gf-a0-*.ucode',
    'rt3290.bin',
    'iwlwifi-ty-a0-gf-a0.pnvm',
  );
  expect(missing).toEqual([]);
  expect(requested(mirror)).toEqual(['intel-20260221-r0.apk', 'other-20260221-r0.apk']);
  expect(files.map(({ path }) => path)).toContain('iwlwifi-ty-a0-gf-a0-89.ucode.zst');
  expect(locked.map(({ name, version, license }) => [name, version, license])).toEqual([
    ['linux-firmware-intel', '20260221-r0', 'custom'],
    ['linux-firmware-other', '20260221-r0', 'custom'],
  ]);
  expect(locked.flatMap((one) => one.files)).toEqual(
    files.map(({ path, bytes }) => ({ path, size: bytes.length, sha256: sha256(bytes) })),
  );
  await take('iwlwifi-8000C-*.ucode');
  expect(mirror.requests).toHaveLength(2);
});

it('a link into the files of another package is followed there', async () => {
  const { mirror, take } = await sandbox();
  const { files, locked, missing } = await take(
    'brcm/brcmfmac4356-pcie.bin',
    'brcm/lost.bin',
    'brcm/alone.bin',
  );
  expect(missing).toEqual(['brcm/lost.bin', 'brcm/alone.bin']);
  expect(requested(mirror)).toEqual(['brcm-20260221-r0.apk', 'cypress-20260221-r0.apk']);
  expect(files.map(({ path, bytes }) => [path, Buffer.from(bytes).toString()]).slice(1)).toEqual([
    ['cypress/cyfmac4356-pcie.bin.zst', 'cypress'],
    ['brcm/brcmfmac4356-pcie.bin.zst', 'cypress'],
  ]);
  expect(locked.map(({ name }) => name)).toEqual(['linux-firmware-cypress']);
});

it('a name without a directory may be among the rest, where older branches have it', async () => {
  const { mirror, take } = await sandbox();
  const { files, missing } = await take(
    'iwlwifi-old-*.ucode',
    'iwlwifi-none-*.ucode',
    'ath10k/x.bin|ath10k/y.bin',
  );
  expect(files.map(({ path }) => path)).toEqual(['LICENCE.linux-firmware-other', 'iwlwifi-old-17.ucode']);
  expect(missing).toEqual(['iwlwifi-none-*.ucode', 'ath10k/x.bin']);
  expect(requested(mirror)).toEqual(['intel-20260221-r0.apk', 'other-20260221-r0.apk']);
});

describe('what goes wrong', () => {
  it('a changed package: nothing of it is taken', async () => {
    const { take } = await sandbox((files) => {
      const path = `${MAIN}/linux-firmware-intel-20260221-r0.apk`;
      const bytes = Buffer.from(files[path] as Buffer);
      bytes[bytes.length - 20]! ^= 1;
      files[path] = bytes;
    });
    await expect(take('iwlwifi-8000C-36.ucode')).rejects.toMatchObject({ kind: 'verification' });
  });

  it('no network: exit 5, unless it is in the cache', async () => {
    const { search, take, mirror } = await sandbox();
    Object.assign(search, { offline: true });
    await expect(take('rt3290.bin')).rejects.toMatchObject({ kind: 'network' });
    Object.assign(search, { offline: false });
    await take('rt3290.bin');
    Object.assign(search, { offline: true });
    expect((await take('rt3290.bin')).missing).toEqual([]);
    expect(mirror.requests).toHaveLength(1);
  });

  it('a signal ends it with its reason', async () => {
    const { abort, take } = await sandbox();
    await take('rt3290.bin');
    const reason = new Error('enough');
    abort.abort(reason);
    await expect(take('rt3290.bin')).rejects.toBe(reason);
  });
});
