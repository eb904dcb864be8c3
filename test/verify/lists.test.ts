import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  buildBundle,
  copyOf,
  ISO_PATH,
  manifestOf,
  problemsOf,
  seal,
  sealSums,
  type Built,
} from './bundles.ts';

let built: Built;
let folder = '';
beforeAll(async () => {
  built = await buildBundle();
});
afterAll(() => built.remove());
beforeEach(() => {
  folder = copyOf(built.folder, built.root);
});

const at = (path: string): string => join(folder, path);

describe('lists that were edited', () => {
  const editSums = (edit: (text: string) => string): void =>
    writeFileSync(at('SHA256SUMS'), edit(readFileSync(at('SHA256SUMS'), 'utf8')));

  it('SHA256SUMS alone', async () => {
    const text = readFileSync(at('SHA256SUMS'), 'utf8');
    editSums(() => text.replace(/^.*grub\.cfg\n/m, ''));
    expect(await problemsOf(folder)).toEqual(['grub.cfg: not in SHA256SUMS']);
    editSums(() => text.replace(/^(.*grub\.cfg\n)/m, '$1$1'));
    expect(await problemsOf(folder)).toEqual(['SHA256SUMS: it lists grub.cfg more than once']);
    editSums(() => text.replace(/^[0-9a-f]{8}(.*grub\.cfg)$/m, '00000000$1'));
    expect(await problemsOf(folder)).toEqual(['grub.cfg: its SHA-256 is not the one in SHA256SUMS']);
    editSums(() => `${text}${'0'.repeat(64)}  ../../etc/passwd\n`);
    expect(await problemsOf(folder)).toEqual(['../../etc/passwd: missing']);
    editSums(() => `${text}\n`);
    expect((await problemsOf(folder)).join('\n')).toContain('SHA256SUMS');
  });

  it.each<[string, (text: string) => string, RegExp]>([
    ['no JSON', () => '{', /^manifest\.json is not JSON$/],
    ['a key more', (text) => text.replace('"format": 1', '"format": 1, "more": 1'), /^manifest\.json/],
    ['another format', (text) => text.replace('"format": 1', '"format": 2'), /^manifest\.json format/],
    [
      'written otherwise',
      (text) => text.replace('{\n', '{ \n'),
      /^manifest\.json: not written as airhive writes it$/,
    ],
    [
      'a key twice',
      (text) => text.replace('"format": 1', '"format": 1,\n  "format": 1'),
      /^manifest\.json: not written/,
    ],
  ])('manifest.json with fresh sums: %s', async (_, edit, problem) => {
    writeFileSync(at('manifest.json'), edit(readFileSync(at('manifest.json'), 'utf8')));
    sealSums(folder, 'manifest.json');
    expect(await problemsOf(folder)).toEqual([expect.stringMatching(problem)]);
  });

  type Edit = Record<string, unknown> & {
    files: Record<string, unknown>[];
    guest: Record<string, unknown>[];
  };
  const file = (manifest: Edit, path: string) => manifest.files.find((entry) => entry.path === path)!;
  const iso = (manifest: Edit) => manifest.iso as Record<string, unknown>;

  it.each<[string, (manifest: Edit) => void, string]>([
    ['a digest', (manifest) => (file(manifest, 'vm_run').sha256 = '0'.repeat(64)), 'vm_run: its SHA-256'],
    ['a size', (manifest) => (file(manifest, 'vm_run').size = 1), 'vm_run: it has'],
    ['a mode', (manifest) => (file(manifest, 'vm_run').mode = '0644'), 'vm_run: its mode'],
    ['a path', (manifest) => (file(manifest, 'vm_run').path = 'vm_ran'), 'vm_ran: missing'],
    [
      'a file less',
      (manifest) => (manifest.files = manifest.files.filter(({ path }) => path !== 'vm_run')),
      'vm_run: not in manifest.json',
    ],
    ['a file twice', (manifest) => manifest.files.push(manifest.files[0]!), 'manifest.json: it lists'],
    ['the epoch', (manifest) => (manifest.epoch = 1), 'disk0.img: not the disk that'],
    ['the profile', (manifest) => (manifest.profile = 'other'), 'manifest.json: profile is other'],
    ['the ISO', (manifest) => (iso(manifest).sha256 = '0'.repeat(64)), `${ISO_PATH}.sha256: it does not say`],
    ['its name', (manifest) => (iso(manifest).file = 'x.iso'), 'iso/x.iso.sha256: missing'],
    ['its size', (manifest) => (iso(manifest).size = 1), `${ISO_PATH}: it has to be 1 bytes long`],
    [
      'its addresses',
      (manifest) => (iso(manifest).urls = ['http://evil.example/']),
      'manifest.json: iso.urls is',
    ],
    [
      'an entry of the guest less',
      (manifest) => manifest.guest.pop(),
      'airhive.apkovl.tar.gz: not in the manifest',
    ],
    [
      'a mode in the guest',
      (manifest) => (manifest.guest[0]!.mode = '0777'),
      'airhive.apkovl.tar.gz: missing or',
    ],
    ['the guest turned round', (manifest) => manifest.guest.reverse(), 'its entries are in another order'],
    [
      'the overlay',
      (manifest) => (manifest.apkovl = { path: 'x', vdisk: 'y', tar: '0'.repeat(64) }),
      'apkovl has to name',
    ],
  ])('manifest.json with fresh sums, and another value: %s', async (_, edit, problem) => {
    const manifest = manifestOf(folder);
    edit(manifest as unknown as Edit);
    writeFileSync(at('manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
    sealSums(folder, 'manifest.json');
    expect((await problemsOf(folder)).join('\n')).toContain(problem);
  });

  it('both, to fit files that were changed: that is a bundle again', async () => {
    // A fresh forgery of all lists cannot be told from a bundle; signatures are for that.
    writeFileSync(at('grub.cfg'), 'changed');
    seal(folder, manifestOf(folder), 'grub.cfg');
    expect(await problemsOf(folder)).toEqual([]);
  });
});
