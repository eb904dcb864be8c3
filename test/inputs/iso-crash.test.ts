import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { obtainIso } from '../../generators/inputs/iso.ts';
import { buildChild, startChild } from './child/spawn.ts';
import { CACHED, filesBelow, ISO, isoSandbox, PIN, RESTING } from './sandbox.ts';

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
  const whole = async (): Promise<void> => {
    expect(await obtainIso(all.request)).toMatchObject({ path: join(all.cacheDir, CACHED) });
    expect(readFileSync(join(all.cacheDir, CACHED)).equals(ISO)).toBe(true);
    expect(filesBelow(all.cacheDir)).toEqual([CACHED]);
  };
  return { ...all, whole };
}

describe('killed by SIGKILL', () => {
  it.each([-1, 0, 65_537, PIN.size - 1])(
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
      expect(mirror.requests.map(({ range }) => range)).toEqual([
        undefined,
        after > 0 ? `bytes=${after}-` : undefined,
      ]);
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
    for (let delay = 40; delay <= 120; delay += 16) {
      const child = startChild(program, order);
      await setTimeout(delay);
      await child.kill();
    }
    await whole();
  });
});

describe('two builds at once', () => {
  it('do not wait for each other: each downloads a file of its own, and both end in the right one', async () => {
    const { mirror, cacheDir, order, whole } = await sandbox();
    mirror.script({ kind: 'hold', after: 1000 }, { kind: 'serve' });
    const first = startChild(program, order);
    await partialOf(cacheDir, 1000);
    const second = startChild(program, order);
    expect(await second.line('result')).toMatchObject({ result: { source: 'mirror' } });
    // What the first one has so far is still its own.
    const part = filesBelow(cacheDir).filter((name) => name !== CACHED);
    expect(part).toEqual([expect.stringMatching(`^${RESTING}\\..*\\.${first.process.pid}\\.`)]);
    mirror.release();
    expect(await first.line('result')).toMatchObject({ result: { source: 'mirror' } });
    expect(mirror.requests.map(({ range }) => range)).toEqual([undefined, undefined]);
    await whole();
  });

  it('and the slower one is killed: its part goes, as the file is there', async () => {
    const { mirror, cacheDir, order, whole } = await sandbox();
    mirror.script({ kind: 'hold', after: 1000 }, { kind: 'serve' });
    const first = startChild(program, order);
    await partialOf(cacheDir, 1000);
    await startChild(program, order).line('result');
    await first.kill();
    expect(filesBelow(cacheDir)).toHaveLength(2);
    await whole();
    expect(mirror.requests).toHaveLength(2);
  });

  it('or four after one that was killed: one of them, and no more, continues what it left', async () => {
    const { mirror, cacheDir, order, whole } = await sandbox();
    // None ends before all have begun.
    mirror.script({ kind: 'hold', after: 1000 });
    const killed = startChild(program, order);
    await partialOf(cacheDir, 1000);
    await killed.kill();
    const children = Array.from({ length: 4 }, () => startChild(program, order));
    await mirror.seen(5);
    mirror.release();
    for (const child of children) {
      expect(await child.line('result')).toMatchObject({ result: { source: 'mirror' } });
    }
    const ranges = mirror.requests.slice(1).map(({ range }) => range);
    expect(ranges.toSorted()).toEqual(['bytes=1000-', undefined, undefined, undefined]);
    await whole();
  });

  it('or four, started together, all end in the right file', async () => {
    const { order, whole } = await sandbox();
    const children = Array.from({ length: 4 }, () => startChild(program, order));
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
