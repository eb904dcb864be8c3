import { beforeAll, describe, expect, it } from 'vitest';
import { gunzipSync } from 'node:zlib';
import {
  APKOVL,
  assembleBundle,
  CHECKSUMS,
  encodeBundleTar,
  MANIFEST,
  PROFILE,
  SBOM,
  VDISK,
  type Bundle,
} from '../../generators/bundle/bundle.ts';
import { decodeChecksums, sha256 } from '../../generators/formats/checksums.ts';
import { readFat } from '../fixtures/fat-reader.ts';
import { decodeManifest, formatMode } from '../../generators/formats/manifest.ts';
import { compareCodeUnits } from '../../generators/formats/order.ts';
import { encodeTar } from '../../generators/formats/tar.ts';
import { OVERVIEW } from '../../generators/plan/overview.ts';
import { guestTree, hostTree, NO_CONTENTS, page, VERSION } from '../fixtures/machines.ts';
import { VARIANTS } from '../fixtures/profiles.ts';

const EPOCH = 1700000001;
const profile = VARIANTS.intel8260!;
const guest = guestTree(profile);
const host = hostTree(profile);
const ISO = 'alpine-standard-3.24.1-x86_64.iso';

const assemble = (inputs: object = {}) =>
  assembleBundle({
    profile,
    version: VERSION,
    epoch: EPOCH,
    guest,
    host,
    contents: NO_CONTENTS,
    page,
    program: [],
    ...inputs,
  });

let bundle: Bundle;
beforeAll(async () => {
  bundle = await assemble();
});

const at = (path: string) => {
  const file = bundle.files.find((found) => found.path === path);
  if (!file) throw new Error(`there is no ${path}`);
  return file;
};
const text = (path: string) => Buffer.from(at(path).bytes).toString('utf8');
const manifest = () => decodeManifest(text(MANIFEST));

describe('the bundle', () => {
  it('is named after the profile, and has the files of design and nothing else', () => {
    expect(bundle.name).toBe('intel8260');
    const made = [APKOVL, VDISK, CHECKSUMS, MANIFEST, OVERVIEW, PROFILE, SBOM, `iso/${ISO}.sha256`];
    const rendered = host.filter(({ type }) => type === 'file').map(({ path }) => path);
    const paths = bundle.files.map(({ path }) => path);
    expect(paths).toEqual([...made, ...rendered].toSorted(compareCodeUnits));
    expect(paths).toEqual(
      expect.arrayContaining(['README.txt', 'vm_run', 'vm_kill', 'vm_fetch', 'device.map', 'grub.cfg']),
    );
  });

  it('has modes that do not depend on anyone', () => {
    for (const { path, bytes, mode } of bundle.files) {
      expect([path, mode]).toEqual([path, bytes[0] === 0x23 && bytes[1] === 0x21 ? 0o755 : 0o644]);
    }
  });

  it('has a sum for every file but the sums', () => {
    const others = bundle.files.filter(({ path }) => path !== CHECKSUMS);
    expect(decodeChecksums(text(CHECKSUMS))).toEqual(
      others.map(({ path, bytes }) => ({ path, digest: sha256(bytes) })),
    );
  });

  it('has the pin of the ISO in the form that sha256sum -c reads', () => {
    expect(text(`iso/${ISO}.sha256`)).toBe(`${profile.release.sha256}  ${ISO}\n`);
  });

  it('carries the same overlay in the vdisk as beside it, and nothing more there', () => {
    const { label, files } = readFat(at(VDISK).bytes);
    expect(label).toBe('AIRHIVE');
    expect(files.map(({ path, time }) => ({ path, time }))).toEqual([
      { path: 'airhive.apkovl.tar.gz', time: 1700000000 },
    ]);
    expect(Buffer.from(files[0]!.bytes).equals(at(APKOVL).bytes)).toBe(true);
    expect(at(VDISK).bytes.length).toBe(1024 * 1024);
  });

  it('carries the tree of the guest in the overlay', async () => {
    expect(gunzipSync(at(APKOVL).bytes).equals(await encodeTar(guest, EPOCH))).toBe(true);
  });
});

describe('the manifest', () => {
  it('says what the bundle was made from', () => {
    expect(manifest()).toMatchObject({ format: 1, airhive: VERSION, profile: 'intel8260', epoch: EPOCH });
    const { text: whole, ...resolved } = profile;
    expect(manifest().resolved).toEqual(JSON.parse(JSON.stringify(resolved)));
    expect(text(PROFILE)).toBe(whole);
  });

  it('says what the ISO is, where it is, and that it is no part', () => {
    const { iso } = manifest();
    expect(iso).toMatchObject({ file: ISO, sha256: profile.release.sha256, size: 369098752 });
    expect(iso.urls).toEqual([
      `https://dl-cdn.alpinelinux.org/alpine/v3.24/releases/x86_64/${ISO}`,
      `https://mirrors.edge.kernel.org/alpine/v3.24/releases/x86_64/${ISO}`,
    ]);
    expect(iso.note).toContain('vm_fetch');
  });

  it('lists every file but itself and the sums', () => {
    const others = bundle.files.filter(({ path }) => path !== CHECKSUMS && path !== MANIFEST);
    expect(manifest().files).toEqual(
      others.map(({ path, mode, bytes }) => ({
        path,
        mode: formatMode(mode),
        size: bytes.length,
        sha256: sha256(bytes),
      })),
    );
  });

  it('lists every entry of the guest, and the digest of the overlay before gzip', async () => {
    expect(manifest().guest).toEqual(
      guest.map((entry) => ({
        path: entry.path,
        type: entry.type,
        mode: formatMode(entry.mode),
        ...(entry.type === 'file' && { sha256: sha256(entry.bytes) }),
        ...(entry.type === 'symlink' && { target: entry.target }),
      })),
    );
    expect(manifest().apkovl).toEqual({
      path: APKOVL,
      vdisk: VDISK,
      tar: sha256(await encodeTar(guest, EPOCH)),
    });
  });
});

describe('other inputs', () => {
  it('make a larger vdisk when the overlay needs it', async () => {
    const bytes = new Uint8Array(9 * 1024 * 1024).fill(1);
    const large = await assemble({ guest: [{ type: 'file', path: 'large', mode: 0o644, bytes }] });
    const vdisk = large.files.find(({ path }) => path === VDISK)!;
    const apkovl = large.files.find(({ path }) => path === APKOVL)!;
    expect(vdisk.bytes.length).toBeGreaterThan(apkovl.bytes.length);
    const [inside] = readFat(vdisk.bytes).files;
    expect(Buffer.from(inside!.bytes).equals(apkovl.bytes)).toBe(true);
  });

  it('may not take the place of what is made here', async () => {
    const bytes = Buffer.from('mine');
    const clashing = await assemble({ host: [{ type: 'file', path: MANIFEST, mode: 0o644, bytes }] });
    expect(() => encodeBundleTar(clashing)).toThrow('two sources for the same file');
  });
});
