import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { obtainIso } from '../../generators/inputs/iso.ts';
import { buildChild, startChild } from './child/spawn.ts';
import { CACHED, filesBelow, ISO, isoSandbox, mirrorOf, PIN, temporaryFolder } from './sandbox.ts';

const folder = mkdtempSync(join(tmpdir(), 'airhive-child-'));
let program = '';
beforeAll(async () => {
  // A child under another user must be able to read it.
  chmodSync(folder, 0o755);
  program = await buildChild(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Waits until the partial file has so many bytes. */
async function partialOf(cacheDir: string, size: number): Promise<void> {
  const isThere = (name: string): boolean =>
    name.startsWith('iso/partial/') && statSync(join(cacheDir, name)).size === size;
  while (!filesBelow(cacheDir).some(isThere)) await setTimeout(2);
}

async function sandbox(mirrorCount = 1) {
  const all = await isoSandbox(mirrorCount);
  const order = { pin: PIN, cacheDir: all.cacheDir, mirrors: all.request.mirrors };
  const whole = async (): Promise<void> => {
    expect(await obtainIso(all.request)).toMatchObject({ path: join(all.cacheDir, CACHED) });
    expect(readFileSync(join(all.cacheDir, CACHED)).equals(ISO)).toBe(true);
    expect(filesBelow(all.cacheDir)).toEqual([CACHED]);
  };
  return { ...all, order, whole };
}

describe('killed by SIGKILL', () => {
  it.each([-1, 0, 1, 65_536, 200_000, PIN.size - 1])(
    'after %i bytes (-1: before the answer): the next run continues there',
    async (after) => {
      const { mirror, cacheDir, order, whole } = await sandbox();
      mirror.script({ kind: 'hold', after }, { kind: 'serve' });
      const child = startChild(program, order);
      await mirror.seen(1);
      if (after > 0) await partialOf(cacheDir, after);
      await child.kill();
      expect(filesBelow(cacheDir)).toHaveLength(1);
      await whole();
      expect(mirror.requests.map(({ range }) => range)).toEqual([undefined, after > 0 ? `bytes=${after}-` : undefined]);
    },
  );

  it('after the last byte, before the file has its name: the next run asks nobody', async () => {
    const { mirror, cacheDir, order, whole } = await sandbox();
    const child = startChild(program, { ...order, dieAt: 'lastByte' });
    await child.ended();
    expect(child.process.signalCode).toBe('SIGKILL');
    expect(filesBelow(cacheDir)).not.toContain(CACHED);
    await whole();
    expect(mirror.requests).toHaveLength(1);
  });

  it('when the file just got its name: the next run finds it', async () => {
    const { mirror, order, whole } = await sandbox();
    const child = startChild(program, { ...order, dieAt: 'inCache' });
    await child.ended();
    expect(child.process.signalCode).toBe('SIGKILL');
    await whole();
    expect(mirror.requests).toHaveLength(1);
  });

  it('again and again at any moment: the run after the last one ends in the right file', async () => {
    const { mirror, order, whole } = await sandbox();
    mirror.script({ kind: 'slow', step: 10_000, pause: 1 });
    for (let delay = 30; delay <= 120; delay += 10) {
      const child = startChild(program, order);
      await setTimeout(delay);
      await child.kill();
    }
    await whole();
  });
});

describe('two builds at once', () => {
  it('download the file once', async () => {
    const { mirror, order, whole } = await sandbox();
    mirror.script({ kind: 'hold', after: 1000 });
    const first = startChild(program, order);
    await mirror.seen(1);
    const second = startChild(program, order);
    expect(await second.line('step')).toEqual({
      step: `process ${first.process.pid} is downloading ${PIN.file}; waiting for it`,
    });
    mirror.release();
    expect(await first.line('result')).toMatchObject({ result: { source: 'mirror' } });
    expect(await second.line('result')).toMatchObject({ result: { source: 'cache' } });
    expect(mirror.requests).toHaveLength(1);
    await whole();
  });

  it('and the one that downloads is killed: the other takes over where it was', async () => {
    const { mirror, cacheDir, order, whole } = await sandbox();
    mirror.script({ kind: 'hold', after: 1000 }, { kind: 'serve' });
    const first = startChild(program, order);
    await partialOf(cacheDir, 1000);
    const second = startChild(program, order);
    await second.line('step');
    await first.kill();
    expect(await second.line('result')).toMatchObject({ result: { source: 'mirror' } });
    expect(mirror.requests.map(({ range }) => range)).toEqual([undefined, 'bytes=1000-']);
    await whole();
  });

  it('or five, started together, all end in the right file', async () => {
    const { order, whole } = await sandbox();
    const children = Array.from({ length: 5 }, () => startChild(program, order));
    for (const child of children) {
      expect(await child.line('result')).toMatchObject({ result: { path: join(order.cacheDir, CACHED) } });
    }
    await whole();
  });
});

it('interrupted by a real SIGINT: keeps what arrived and says so', async () => {
  const { mirror, cacheDir, order, whole } = await sandbox();
  mirror.script({ kind: 'hold', after: 1000 }, { kind: 'serve' });
  const child = startChild(program, order);
  await partialOf(cacheDir, 1000);
  child.process.kill('SIGINT');
  expect(await child.line('error')).toMatchObject({ kind: 'interrupted' });
  await child.ended();
  await whole();
  expect(mirror.requests[1]?.range).toBe('bytes=1000-');
});

describe('a disk', () => {
  it('that takes no more bytes is a disk error that names the file', async () => {
    const { order, cacheDir } = await sandbox();
    // Blocks of 512 bytes: the file may have 102,400.
    const wrapper = ['/bin/sh', '-c', 'ulimit -f 200 && exec "$@"', 'sh'];
    const child = startChild(program, order, { wrapper });
    const { kind, error } = await child.line('error');
    expect(kind).toBe('disk');
    expect(error).toContain(`cannot write ${cacheDir}/iso/partial/${PIN.sha256}`);
  });

  it('that may not be written is a disk error that names the folder', async () => {
    const { order } = await sandbox();
    const cacheDir = temporaryFolder();
    chmodSync(cacheDir, 0o555);
    // The superuser may write everywhere; nobody may not.
    const user = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
    const child = startChild(program, { ...order, cacheDir }, user);
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
