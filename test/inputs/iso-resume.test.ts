import fc from 'fast-check';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { obtainIso } from '../../generators/inputs/iso.ts';
import { realClock } from './clock.ts';
import { CACHED, filesBelow, ISO, isoSandbox, PIN, RESTING } from './sandbox.ts';

const HOST = hostname()
  .replaceAll(/[^A-Za-z0-9-]/g, '_')
  .slice(0, 60);
const WRONG = Buffer.from(ISO);
WRONG[50]! ^= 1;

function ownedBy(pid: number, host = HOST): string {
  return `iso/partial/${PIN.sha256}.part.${host}.${pid}.0123abcd`;
}

/** The pid of a process that has ended. */
function deadPid(): number {
  return spawnSync(process.execPath, ['-e', '']).pid;
}

function leave(cacheDir: string, name: string, bytes: Uint8Array, mode = 0o644): void {
  const path = join(cacheDir, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes);
  chmodSync(path, mode);
}

it('any cut positions, over two mirrors and two runs, end in the right file', async () => {
  const { request, mirrors, cacheDir } = await isoSandbox(2);
  const cut = fc.integer({ min: 0, max: PIN.size - 1 }).map((after) => ({ kind: 'cut', after }) as const);
  const cuts = fc.array(cut, { minLength: 1, maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(cuts, cuts, fc.boolean(), async (first, second, twice) => {
      rmSync(cacheDir, { recursive: true, force: true });
      const broken = { kind: 'hangUp' } as const;
      mirrors[0]!.script(...first, twice ? broken : { kind: 'serve' });
      mirrors[1]!.script(...second, broken);
      let result = await obtainIso(request);
      if (result.source === 'none') {
        mirrors[0]!.script({ kind: 'serve' });
        result = await obtainIso(request);
      }
      expect(result).toMatchObject({ path: join(cacheDir, CACHED) });
      expect(readFileSync(join(cacheDir, CACHED)).equals(ISO)).toBe(true);
      expect(filesBelow(cacheDir)).toEqual([CACHED]);
    }),
    { numRuns: 40 },
  );
});

describe('what an earlier run left', () => {
  it('is kept when the connection broke, and continued', async () => {
    const { request, mirror, cacheDir } = await isoSandbox();
    mirror.script({ kind: 'cut', after: 1234 }, { kind: 'hangUp' });
    expect(await obtainIso(request)).toMatchObject({ source: 'none' });
    expect(filesBelow(cacheDir)).toEqual([RESTING]);
    expect(readFileSync(join(cacheDir, RESTING)).equals(ISO.subarray(0, 1234))).toBe(true);
    mirror.script({ kind: 'serve' });
    expect(await obtainIso(request)).toMatchObject({ source: 'mirror' });
    expect(mirror.requests.at(-1)?.range).toBe('bytes=1234-');
    expect(filesBelow(cacheDir)).toEqual([CACHED]);
  });

  it.each([
    ['by a run that was killed', () => ownedBy(deadPid()), 0o644],
    ['by a run that was killed before its last rename', () => ownedBy(deadPid()), 0o444],
    ['by a run that ended', () => RESTING, 0o644],
  ])('%s is continued', async (_, name, mode) => {
    const { request, mirror, cacheDir } = await isoSandbox();
    leave(cacheDir, name(), ISO.subarray(0, 200_000), mode);
    expect(await obtainIso(request)).toMatchObject({ source: 'mirror' });
    expect(mirror.requests.map(({ range }) => range)).toEqual(['bytes=200000-']);
    expect(readFileSync(join(cacheDir, CACHED)).equals(ISO)).toBe(true);
    expect(statSync(join(cacheDir, CACHED)).mode & 0o777).toBe(0o444);
  });

  it('in several files is continued from the longest; the others go', async () => {
    const { request, mirror, cacheDir } = await isoSandbox();
    leave(cacheDir, RESTING, ISO.subarray(0, 10));
    leave(cacheDir, ownedBy(deadPid()), ISO.subarray(0, 3000));
    leave(cacheDir, 'iso/partial/of-another-file.part', ISO.subarray(0, 9));
    await obtainIso(request);
    expect(mirror.requests.map(({ range }) => range)).toEqual(['bytes=3000-']);
    expect(filesBelow(cacheDir)).toEqual(['iso/partial/of-another-file.part', CACHED]);
  });

  it('is the whole file when only the rename was missing: nobody is asked', async () => {
    const { request, mirror, cacheDir } = await isoSandbox();
    leave(cacheDir, ownedBy(deadPid()), ISO, 0o444);
    expect(await obtainIso(request)).toEqual({ path: join(cacheDir, CACHED), source: 'cache' });
    expect(mirror.requests).toHaveLength(0);
    expect(filesBelow(cacheDir)).toEqual([CACHED]);
  });

  it.each([
    ['as long as the file but wrong', WRONG],
    ['longer than the file', Buffer.concat([ISO, ISO])],
  ])('is thrown away when it is %s', async (_, bytes) => {
    const { request, mirror, cacheDir, reporter } = await isoSandbox();
    leave(cacheDir, RESTING, bytes);
    expect(await obtainIso(request)).toMatchObject({ source: 'mirror' });
    expect(mirror.requests.map(({ range }) => range)).toEqual([undefined]);
    expect(reporter.warnings).toEqual([
      `what an earlier run left of ${PIN.file} is damaged; it is downloaded anew`,
    ]);
    expect(readFileSync(join(cacheDir, CACHED)).equals(ISO)).toBe(true);
  });

  it('is not blamed on the mirror when it was wrong: the whole file is asked for once', async () => {
    const { request, mirror, cacheDir, reporter } = await isoSandbox();
    leave(cacheDir, RESTING, WRONG.subarray(0, 100));
    expect(await obtainIso(request)).toMatchObject({ source: 'mirror' });
    expect(mirror.requests.map(({ range }) => range)).toEqual(['bytes=100-', undefined]);
    expect(reporter.warnings).toHaveLength(1);
    expect(readFileSync(join(cacheDir, CACHED)).equals(ISO)).toBe(true);
  });

  it('and a mirror that are both wrong are a verification error; nothing is kept', async () => {
    const { request, mirror, cacheDir } = await isoSandbox();
    leave(cacheDir, RESTING, WRONG.subarray(0, 100));
    mirror.script({ kind: 'wrong' });
    await expect(obtainIso(request)).rejects.toMatchObject({ kind: 'verification' });
    expect(mirror.requests.map(({ range }) => range)).toEqual(['bytes=100-', undefined]);
    expect(filesBelow(cacheDir)).toEqual([]);
  });

  it('and was wrong is never deferred, also when the second try breaks', async () => {
    const { request, mirror, cacheDir } = await isoSandbox();
    leave(cacheDir, RESTING, WRONG.subarray(0, 100));
    mirror.script({ kind: 'serve' }, { kind: 'cut', after: 1000 }, { kind: 'hangUp' });
    await expect(obtainIso(request)).rejects.toMatchObject({ kind: 'verification' });
    expect(filesBelow(cacheDir)).toEqual([]);
  });

  it('and a mirror that cuts its wrong file into pieces are a verification error at the second wrong hash', async () => {
    const { request, mirror, cacheDir } = await isoSandbox();
    leave(cacheDir, RESTING, WRONG.subarray(0, 100));
    mirror.script({ kind: 'serve' }, { kind: 'wrong', after: 150_000 }, { kind: 'serve' });
    await expect(obtainIso(request)).rejects.toMatchObject({ kind: 'verification' });
    expect(mirror.requests.map(({ range }) => range)).toEqual(['bytes=100-', undefined, 'bytes=150000-']);
    expect(filesBelow(cacheDir)).toEqual([]);
  });
});

describe('another build that downloads the same file', () => {
  it.each([
    ['on this machine keeps its part', HOST, [ownedBy(process.pid)]],
    ['on another machine cannot be asked; when the file is there its part goes', 'elsewhere', []],
  ])('%s, and nobody waits for it', async (_, host, kept) => {
    const { request, mirror, cacheDir, clock } = await isoSandbox();
    leave(cacheDir, ownedBy(process.pid, host), ISO.subarray(0, 5000));
    expect(await obtainIso(request)).toMatchObject({ source: 'mirror' });
    expect(clock.monotonic()).toBe(0);
    // Its bytes are not taken over: it may still write.
    expect(mirror.requests.map(({ range }) => range)).toEqual([undefined]);
    expect(filesBelow(cacheDir)).toEqual([...kept, CACHED]);
  });

  it('on another machine was first and removed our part: its file is used', async () => {
    const { request, cacheDir, reporter } = await isoSandbox();
    reporter.progress = (_, done) => {
      if (done < PIN.size) return;
      rmSync(join(cacheDir, 'iso/partial'), { recursive: true });
      leave(cacheDir, CACHED, ISO, 0o444);
    };
    expect(await obtainIso(request)).toMatchObject({ path: join(cacheDir, CACHED) });
    expect(filesBelow(cacheDir)).toEqual([CACHED]);
  });

  it('six times in one process: all get the right file', async () => {
    const { request, cacheDir } = await isoSandbox();
    const together = Array.from({ length: 6 }, () => obtainIso({ ...request, clock: realClock }));
    for (const result of await Promise.all(together))
      expect(result).toMatchObject({ path: join(cacheDir, CACHED) });
    expect(readFileSync(join(cacheDir, CACHED)).equals(ISO)).toBe(true);
    expect(filesBelow(cacheDir)).toEqual([CACHED]);
  });
});
