import { describe, expect, it } from 'vitest';
import { AirhiveError } from '../../generators/errors.ts';
import {
  decodeManifest,
  encodeManifest,
  formatMode,
  type Manifest,
} from '../../generators/formats/manifest.ts';

const DIGEST = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';

const MANIFEST: Manifest = {
  format: 1,
  airhive: '1.2.3',
  profile: 'x',
  epoch: 0,
  iso: { file: 'a.iso', sha256: DIGEST, size: 1, urls: ['http://mirror.example/a.iso'], note: 'n' },
  resolved: { z: 1, a: { b: null } },
  apkovl: { path: 'a', vdisk: 'd', tar: DIGEST },
  vdisk: [{ path: 'apks/a-1.apk', size: 1, sha256: DIGEST }],
  missing: { packages: ['b'], firmware: [] },
  guest: [
    { path: 'etc', type: 'directory', mode: '0755' },
    { path: 'etc/x', type: 'file', mode: '0644', sha256: DIGEST },
    { path: 'etc/y', type: 'symlink', mode: '0777', target: '/x' },
  ],
  files: [{ path: 'a', mode: '0644', size: 0, sha256: DIGEST }],
};

describe('encodeManifest', () => {
  it('keeps the order of the keys, indents by two, and ends with one newline', () => {
    const text = encodeManifest(MANIFEST);
    expect(text.startsWith('{\n  "format": 1,\n  "airhive": "1.2.3",\n')).toBe(true);
    expect(text).toContain('"resolved": {\n    "z": 1,\n    "a": {');
    expect(text.endsWith('\n}\n')).toBe(true);
  });
});

describe('decodeManifest', () => {
  it('gives back what was written', () => {
    expect(decodeManifest(encodeManifest(MANIFEST))).toEqual(MANIFEST);
  });

  it.each([
    ['a key too many', { ...MANIFEST, more: 1 }, ''],
    ['another format', { ...MANIFEST, format: 2 }, 'format'],
    ['a short digest', { ...MANIFEST, apkovl: { ...MANIFEST.apkovl, tar: 'ab' } }, 'apkovl.tar'],
    ['a negative epoch', { ...MANIFEST, epoch: -1 }, 'epoch'],
    [
      'a mode that is no mode',
      { ...MANIFEST, files: [{ ...MANIFEST.files[0], mode: '644' }] },
      'files.0.mode',
    ],
    ['a fraction of a byte', { ...MANIFEST, files: [{ ...MANIFEST.files[0], size: 0.5 }] }, 'files.0.size'],
    ['a kind of its own', { ...MANIFEST, guest: [{ ...MANIFEST.guest[0], type: 'fifo' }] }, 'guest.0.type'],
  ])('refuses %s and names the place', (_, value, place) => {
    const decode = () => decodeManifest(JSON.stringify(value));
    expect(decode).toThrow(AirhiveError);
    expect(decode).toThrow(`manifest.json ${place}: `);
  });

  it.each(['', '{', 'null', '[]', '"x"'])('refuses %j', (text) => {
    expect(() => decodeManifest(text)).toThrow(
      expect.objectContaining({ kind: 'verification' }) as AirhiveError,
    );
  });
});

describe('formatMode', () => {
  it.each([
    [0o644, '0644'],
    [0o755, '0755'],
    [0o70, '0070'],
    [0, '0000'],
  ])('writes %i as %s', (bits, text) => {
    expect(formatMode(bits)).toBe(text);
  });
});
