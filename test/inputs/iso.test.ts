import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { obtainIso } from '../../generators/inputs/iso.ts';
import { generatedBytes, pinOf } from '../mirror/mirror.ts';
import { CACHED, filesBelow, ISO, isoSandbox, PIN, temporaryFolder } from './sandbox.ts';

const OTHER = generatedBytes(PIN.size, 2);

function fillCache(cacheDir: string, bytes: Uint8Array): string {
  const path = join(cacheDir, CACHED);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes);
  chmodSync(path, 0o444);
  return path;
}

function ownFile(bytes: Uint8Array): string {
  const path = join(temporaryFolder(), 'own.iso');
  writeFileSync(path, bytes);
  return path;
}

describe('--iso FILE', () => {
  it('wins over cache and mirrors, and is left where and as it is', async () => {
    const { request, mirror, cacheDir } = await isoSandbox();
    const isoFile = ownFile(ISO);
    const mode = statSync(isoFile).mode;
    expect(await obtainIso({ ...request, isoFile })).toEqual({ path: isoFile, source: 'file' });
    expect(statSync(isoFile).mode).toBe(mode);
    expect(mirror.requests).toHaveLength(0);
    expect(filesBelow(cacheDir)).toEqual([]);
  });

  it.each([
    ['the same size', OTHER],
    ['another size', OTHER.subarray(1)],
    ['the right beginning', Buffer.concat([ISO, Buffer.alloc(1)])],
    ['nothing in it', Buffer.alloc(0)],
  ])('with a wrong file of %s is a verification error that names both hashes', async (_, bytes) => {
    const { request, mirror } = await isoSandbox();
    const isoFile = ownFile(bytes);
    const error: unknown = await obtainIso({ ...request, isoFile }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ kind: 'verification' });
    expect((error as Error).message).toContain(isoFile);
    expect((error as Error).message).toContain(PIN.sha256);
    expect((error as Error).message).toContain(pinOf(bytes).sha256);
    expect(mirror.requests).toHaveLength(0);
  });

  it('with the right hash and a size that the pin denies is a verification error too', async () => {
    const { request } = await isoSandbox();
    const pin = { ...PIN, size: PIN.size + 1 };
    const attempt = obtainIso({ ...request, pin, isoFile: ownFile(ISO) });
    await expect(attempt).rejects.toMatchObject({
      kind: 'verification',
      message: expect.stringContaining('it has 300000 bytes, not 300001') as string,
    });
  });

  it('that is missing or no file is a disk error', async () => {
    const { request } = await isoSandbox();
    const folder = temporaryFolder();
    for (const isoFile of [join(folder, 'none.iso'), folder, '/dev/null']) {
      const attempt = obtainIso({ ...request, isoFile });
      await expect(attempt).rejects.toMatchObject({
        kind: 'disk',
        message: expect.stringContaining(isoFile) as string,
      });
    }
  });
});

describe('the cache', () => {
  it('is filled by a download, read-only, and used from then on', async () => {
    const { request, mirror, cacheDir, reporter } = await isoSandbox();
    const path = join(cacheDir, CACHED);
    const url = `${mirror.url}/${PIN.path}`;
    expect(await obtainIso(request)).toEqual({ path, source: 'mirror', url });
    expect(readFileSync(path).equals(ISO)).toBe(true);
    expect(statSync(path).mode & 0o777).toBe(0o444);
    expect(filesBelow(cacheDir)).toEqual([CACHED]);
    expect(reporter.done).toBe(PIN.size);

    expect(await obtainIso(request)).toEqual({ path, source: 'cache' });
    expect(await obtainIso({ ...request, offline: true, mirrors: [] })).toEqual({ path, source: 'cache' });
    expect(mirror.requests).toHaveLength(1);
  });

  it('serves a pin of the same hash under another file name', async () => {
    const { request, cacheDir } = await isoSandbox();
    const path = fillCache(cacheDir, ISO);
    const pin = { ...PIN, file: 'other.iso', path: 'other.iso' };
    expect(await obtainIso({ ...request, pin })).toEqual({ path, source: 'cache' });
  });

  it.each([
    ['one wrong byte', Buffer.concat([ISO.subarray(0, -1), Buffer.from([(ISO.at(-1) ?? 0) ^ 1])])],
    ['a byte too few', ISO.subarray(0, -1)],
    ['a byte too many', Buffer.concat([ISO, Buffer.alloc(1)])],
    ['no bytes', Buffer.alloc(0)],
  ])('with %s in its file says so, removes it and downloads it again', async (_, bytes) => {
    const { request, cacheDir, reporter } = await isoSandbox();
    const path = fillCache(cacheDir, bytes);
    expect(await obtainIso(request)).toMatchObject({ path, source: 'mirror' });
    expect(readFileSync(path).equals(ISO)).toBe(true);
    expect(reporter.warnings).toEqual([`the cached file is damaged and was removed: ${path}`]);
  });

  it('with a damaged file and --offline is an empty cache', async () => {
    const { request, cacheDir } = await isoSandbox();
    fillCache(cacheDir, OTHER);
    expect(await obtainIso({ ...request, offline: true })).toMatchObject({ source: 'none' });
    expect(filesBelow(cacheDir)).toEqual([]);
  });

  it('that is empty, with --offline, defers the ISO, asks nobody and makes no folder', async () => {
    const { request, mirror, cacheDir } = await isoSandbox();
    const result = await obtainIso({ ...request, offline: true });
    expect(result).toEqual({
      source: 'none',
      reason: `--offline, and ${PIN.file} is not in the cache (${cacheDir})`,
    });
    expect(mirror.requests).toHaveLength(0);
    expect(filesBelow(dirname(cacheDir))).toEqual([]);
  });

  it('below a file is a disk error that names the path', async () => {
    const { request } = await isoSandbox();
    const file = ownFile(ISO);
    const attempt = obtainIso({ ...request, cacheDir: join(file, 'cache') });
    await expect(attempt).rejects.toMatchObject({
      kind: 'disk',
      message: expect.stringContaining(file) as string,
    });
  });

  it('on a disk without the space for it is a disk error before anything is asked', async () => {
    const { request, mirror, cacheDir } = await isoSandbox();
    const pin = { ...PIN, size: Number.MAX_SAFE_INTEGER };
    const attempt = obtainIso({ ...request, pin });
    await expect(attempt).rejects.toMatchObject({
      kind: 'disk',
      message: expect.stringContaining(cacheDir) as string,
    });
    expect(mirror.requests).toHaveLength(0);
    expect(filesBelow(cacheDir)).toEqual([]);
  });
});

it('without any mirror defers the ISO', async () => {
  const { request } = await isoSandbox();
  const reason = `${PIN.file} is not in the cache, and no mirror is named`;
  expect(await obtainIso({ ...request, mirrors: [] })).toEqual({ source: 'none', reason });
});

it('interrupted while it hashes says so', async () => {
  const { request, cacheDir, abort } = await isoSandbox();
  fillCache(cacheDir, ISO);
  abort.abort();
  await expect(obtainIso(request)).rejects.toMatchObject({ kind: 'interrupted' });
  await expect(obtainIso({ ...request, isoFile: ownFile(ISO) })).rejects.toMatchObject({
    kind: 'interrupted',
  });
});
