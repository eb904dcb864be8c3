import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildChild, startChild } from './child/spawn.ts';
import { ISO, isoSandbox, mirrorOf, PIN, temporaryFolder } from './sandbox.ts';

const folder = mkdtempSync(join(tmpdir(), 'airhive-child-'));
let program = '';
beforeAll(async () => {
  // A child under another user must be able to read it.
  chmodSync(folder, 0o755);
  program = await buildChild(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The superuser may write everywhere; nobody may not. */
const NOBODY = 65_534;
const IS_ROOT = process.getuid?.() === 0;
const PLAIN_USER = IS_ROOT ? { uid: NOBODY, gid: NOBODY } : {};

it('a part that was left read-only is continued by a plain user', async () => {
  const { mirror, order } = await isoSandbox();
  const cacheDir = temporaryFolder();
  const partials = join(cacheDir, 'iso/partial');
  const part = join(partials, `${PIN.sha256}.part`);
  mkdirSync(partials, { recursive: true });
  writeFileSync(part, ISO.subarray(0, 9), { mode: 0o444 });
  for (const path of IS_ROOT ? [cacheDir, join(cacheDir, 'iso'), partials, part] : [])
    chownSync(path, NOBODY, NOBODY);
  const child = startChild(program, { ...order, cacheDir }, PLAIN_USER);
  expect(await child.line('result')).toMatchObject({ result: { source: 'mirror' } });
  expect(mirror.requests.map(({ range }) => range)).toEqual(['bytes=9-']);
});

describe('a disk', () => {
  it('that takes no more bytes is a disk error that names the file', async () => {
    const { order, cacheDir } = await isoSandbox();
    // Blocks of 512 bytes: the file may have 102,400.
    const wrapper = ['/bin/sh', '-c', 'ulimit -f 200 && exec "$@"', 'sh'];
    const child = startChild(program, order, { wrapper });
    const { kind, error } = await child.line('error');
    expect(kind).toBe('disk');
    expect(error).toContain(`cannot write ${cacheDir}/iso/partial/${PIN.sha256}`);
  });

  it('that may not be written is a disk error that names the folder', async () => {
    const { order } = await isoSandbox();
    const cacheDir = temporaryFolder();
    chmodSync(cacheDir, 0o555);
    const child = startChild(program, { ...order, cacheDir }, PLAIN_USER);
    const { kind, error } = await child.line('error');
    expect(kind).toBe('disk');
    expect(error).toContain(`cannot create ${cacheDir}/iso/partial: permission denied`);
  });
});

it('a large ISO is downloaded, hashed and copied in less than 150 MB of memory', async () => {
  const size = 200_000_000;
  const sha256 = 'd162f6594b643795442d4c7bba3a1711962b9e63717625d9f1f9696df315c86b';
  const pin = { file: 'large.iso', path: 'large.iso', size, sha256 };
  const mirror = await mirrorOf({ 'large.iso': { zeros: size } });
  const cacheDir = temporaryFolder();
  mkdirSync(join(cacheDir, 'dist'));
  const order = { pin, cacheDir, mirrors: [mirror.url], placeAt: join(cacheDir, 'dist/large.iso') };
  for (const source of ['mirror', 'cache']) {
    rmSync(order.placeAt, { force: true });
    const { result, maxRss } = await startChild(program, order).line('result');
    expect(result).toMatchObject({ source });
    expect(maxRss).toBeLessThan(150_000_000);
  }
});
