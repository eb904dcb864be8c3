import { describe, expect, it } from 'vitest';
import type { Obtained } from '../../generators/inputs/cache.ts';
import { obtainIso } from '../../generators/inputs/iso.ts';
import { pinOf } from '../mirror/mirror.ts';
import { filesBelow, ISO, isoSandbox, PIN, RESTING } from './sandbox.ts';

const ranges = (requests: readonly { range: string | undefined }[]): (string | undefined)[] =>
  requests.map(({ range }) => range);

function reasonOf(result: Obtained): string {
  if (result.source !== 'none') throw new Error(`not deferred: ${JSON.stringify(result)}`);
  return result.reason;
}

describe('time limits', () => {
  it('a mirror that accepts and never answers is left for the next after its share of 30 s', async () => {
    const { request, mirrors, clock } = await isoSandbox(2);
    mirrors[0]!.script({ kind: 'hold', after: -1 });
    const result = obtainIso(request);
    await mirrors[0]!.seen(1);
    expect(mirrors[1]!.requests).toHaveLength(0);
    clock.advance(10_000);
    expect(await result).toMatchObject({ source: 'mirror', url: `${mirrors[1]!.url}/${PIN.path}` });
  });

  it('black holes alone are given up after 30 s in all', async () => {
    const { request, mirrors, clock, cacheDir } = await isoSandbox(3);
    for (const mirror of mirrors) mirror.script({ kind: 'hold', after: -1 });
    const result = obtainIso(request);
    for (const mirror of mirrors) {
      await mirror.seen(1);
      clock.advance(10_000);
    }
    const lines = mirrors.map(({ url }) => `\n  ${url}/${PIN.path}: no answer within 10 s`);
    expect(reasonOf(await result)).toBe(`${PIN.file} could not be downloaded:${lines.join('')}`);
    expect(clock.monotonic()).toBe(30_000);
    expect(filesBelow(cacheDir)).toEqual([]);
  });

  it('a transfer that stalls for 30 s is a broken connection: the next mirror continues it', async () => {
    const { request, mirrors, clock, reporter } = await isoSandbox(2);
    mirrors[0]!.script({ kind: 'hold', after: 70_000 });
    const arrived = new Promise<void>((resolve) => {
      reporter.progress = (_, done) => done === 70_000 && resolve();
    });
    const result = obtainIso(request);
    await arrived;
    clock.advance(29_999);
    expect(mirrors[1]!.requests).toHaveLength(0);
    clock.advance(1);
    expect(await result).toMatchObject({ source: 'mirror' });
    expect(ranges(mirrors[1]!.requests)).toEqual(['bytes=70000-']);
    expect(reporter.details.join('\n')).toContain('sent nothing for 30 s');
  });
});

describe('a wrong hash', () => {
  it('is a verification error that names both hashes and the address; nothing is kept, no other mirror asked', async () => {
    const { request, mirrors, cacheDir } = await isoSandbox(2);
    mirrors[0]!.script({ kind: 'wrong' });
    const wrong = Buffer.from(ISO);
    wrong[0]! ^= 1;
    const error: unknown = await obtainIso(request).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ kind: 'verification' });
    const { message } = error as Error;
    for (const part of [PIN.sha256, pinOf(wrong).sha256, mirrors[0]!.url]) expect(message).toContain(part);
    expect(mirrors[1]!.requests).toHaveLength(0);
    expect(filesBelow(cacheDir)).toEqual([]);
  });
});

it('SIGINT keeps what arrived, for the next run', async () => {
  const { request, mirror, cacheDir, abort, reporter } = await isoSandbox();
  mirror.script({ kind: 'hold', after: 65_536 }, { kind: 'serve' });
  reporter.progress = (_, done) => done === 65_536 && abort.abort();
  await expect(obtainIso(request)).rejects.toMatchObject({ kind: 'interrupted' });
  expect(filesBelow(cacheDir)).toEqual([RESTING]);
  expect(reporter.details).toEqual([`GET ${mirror.url}/${PIN.path}`]);
  expect(reporter.steps).toEqual([`0.1 MB of ${PIN.file} are kept: the next run goes on after them`]);
  const again = await obtainIso({ ...request, signal: new AbortController().signal });
  expect(again).toMatchObject({ source: 'mirror' });
  expect(reporter.steps).toContain(`${PIN.file}: going on after the 0.1 MB that are there`);
  expect(ranges(mirror.requests)).toEqual([undefined, 'bytes=65536-']);
});
