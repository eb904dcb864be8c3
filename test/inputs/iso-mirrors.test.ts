import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Obtained } from '../../generators/inputs/cache.ts';
import { obtainIso } from '../../generators/inputs/iso.ts';
import { deadMirrorUrl, type Behaviour } from '../mirror/mirror.ts';
import { CACHED, filesBelow, ISO, isoSandbox, PIN } from './sandbox.ts';

const ranges = (requests: readonly { range: string | undefined }[]): (string | undefined)[] =>
  requests.map(({ range }) => range);

function reasonOf(result: Obtained): string {
  if (result.source !== 'none') throw new Error(`not deferred: ${JSON.stringify(result)}`);
  return result.reason;
}

describe('one mirror that misbehaves once', () => {
  it.each<[string, Behaviour, (string | undefined)[]]>([
    ['cuts the connection', { kind: 'cut', after: 100_000 }, [undefined, 'bytes=100000-']],
    ['cuts it, length unknown', { kind: 'cut', after: 100_000, silent: true }, [undefined, 'bytes=100000-']],
    ['cuts it before the first byte', { kind: 'cut', after: 0 }, [undefined, undefined]],
    ['hangs up', { kind: 'hangUp' }, [undefined, undefined]],
    ['answers 500', { kind: 'status', code: 500 }, [undefined, undefined]],
    ['answers 503', { kind: 'status', code: 503 }, [undefined, undefined]],
    ['answers 429', { kind: 'status', code: 429 }, [undefined, undefined]],
    ['ends too early', { kind: 'shorter', by: 100_000, silent: true }, [undefined, 'bytes=200000-']],
  ])('%s: asked again after a second, and the file is whole', async (_, behaviour, asked) => {
    const { request, mirror, cacheDir, clock } = await isoSandbox();
    mirror.script(behaviour, { kind: 'serve' });
    expect(await obtainIso(request)).toMatchObject({ source: 'mirror' });
    expect(ranges(mirror.requests)).toEqual(asked);
    expect(clock.pauses).toEqual([1000]);
    expect(readFileSync(join(cacheDir, CACHED)).equals(ISO)).toBe(true);
    expect(filesBelow(cacheDir)).toEqual([CACHED]);
  });

  it('redirects: followed', async () => {
    const { request, mirror, cacheDir } = await isoSandbox();
    mirror.script({ kind: 'redirect', to: `/alpine/${PIN.path}?again` }, { kind: 'serve' });
    expect(await obtainIso(request)).toMatchObject({ source: 'mirror', url: `${mirror.url}/${PIN.path}` });
    expect(mirror.requests).toHaveLength(2);
    expect(filesBelow(cacheDir)).toEqual([CACHED]);
  });

  it('is slow: waited for', async () => {
    const { request, mirror, cacheDir } = await isoSandbox();
    mirror.script({ kind: 'slow', step: 50_000, pause: 5 });
    expect(await obtainIso(request)).toMatchObject({ source: 'mirror' });
    expect(mirror.requests).toHaveLength(1);
    expect(filesBelow(cacheDir)).toEqual([CACHED]);
  });

  it('has no Range: begins anew', async () => {
    const { request, mirror, cacheDir } = await isoSandbox();
    mirror.script({ kind: 'cut', after: 100_000 }, { kind: 'noRange' });
    expect(await obtainIso(request)).toMatchObject({ source: 'mirror' });
    expect(ranges(mirror.requests)).toEqual([undefined, 'bytes=100000-']);
    expect(readFileSync(join(cacheDir, CACHED)).equals(ISO)).toBe(true);
  });

  it('answers 416: begins anew at once', async () => {
    const { request, mirror, cacheDir } = await isoSandbox();
    mirror.script({ kind: 'cut', after: 100_000 }, { kind: 'status', code: 416 }, { kind: 'serve' });
    expect(await obtainIso(request)).toMatchObject({ source: 'mirror' });
    expect(ranges(mirror.requests)).toEqual([undefined, 'bytes=100000-', undefined]);
    expect(readFileSync(join(cacheDir, CACHED)).equals(ISO)).toBe(true);
  });

  it('sends more than the pin says without a length: the file is cut at the pin, whose hash decides', async () => {
    const { request, mirror, cacheDir, reporter } = await isoSandbox();
    mirror.script({ kind: 'longer', by: 200_000, silent: true });
    expect(await obtainIso(request)).toMatchObject({ source: 'mirror' });
    expect(reporter.done).toBe(PIN.size);
    expect(readFileSync(join(cacheDir, CACHED)).equals(ISO)).toBe(true);
  });
});

describe('the only mirror does not have the file', () => {
  it.each<[string, Behaviour, string]>([
    ['404', { kind: 'status', code: 404 }, 'HTTP status 404'],
    ['403', { kind: 'status', code: 403 }, 'HTTP status 403'],
    ['longer', { kind: 'longer', by: 5, silent: false }, 'its file has 300005 bytes, it should have 300000'],
    [
      'shorter',
      { kind: 'shorter', by: 5, silent: false },
      'its file has 299995 bytes, it should have 300000',
    ],
    [
      'wrong length',
      { kind: 'headers', headers: { 'content-length': '7' } },
      'its file has 7 bytes, it should have 300000',
    ],
    [
      'encoded',
      { kind: 'headers', headers: { 'content-encoding': 'br' } },
      'sends the file in the encoding br',
    ],
    ['a part', { kind: 'status', code: 206 }, 'sends a part that was not asked for ()'],
    ['a redirect loop', { kind: 'redirect', to: 'again' }, 'more than 5 redirects'],
    [
      'a redirect to ftp',
      { kind: 'redirect', to: 'ftp://127.0.0.1/x' },
      'redirected to an address that starts with ftp:, only http: and https: are allowed',
    ],
  ])('%s: deferred at once, with the reason, and nothing is kept', async (name, behaviour, reason) => {
    const { request, mirror, cacheDir, clock, reporter } = await isoSandbox();
    // A redirect to a path that exists would be served.
    mirror.script(name === 'a redirect loop' ? { kind: 'redirect', to: `/alpine/${PIN.path}` } : behaviour);
    const result = await obtainIso(request);
    const where = `${mirror.url}/${PIN.path}`;
    expect(reasonOf(result)).toBe(`${PIN.file} could not be downloaded:\n  ${where}: ${reason}`);
    expect(reporter.warnings).toEqual([`${where}: ${reason}; this mirror is not used`]);
    expect(clock.pauses).toEqual([]);
    expect(filesBelow(cacheDir)).toEqual([]);
  });

  it.each<[string, Behaviour, string]>([
    ['503', { kind: 'status', code: 503 }, 'HTTP status 503'],
    ['hangs up', { kind: 'hangUp' }, 'the connection broke'],
  ])('%s for ever: deferred after four attempts with growing pauses', async (_, behaviour, reason) => {
    const { request, mirror, clock } = await isoSandbox();
    mirror.script(behaviour);
    expect(reasonOf(await obtainIso(request))).toContain(`${PIN.path}: ${reason} (4 attempts)`);
    expect(mirror.requests).toHaveLength(4);
    expect(clock.pauses).toEqual([1000, 2000, 4000]);
  });

  it('refuses the connection: deferred after four attempts', async () => {
    const { request, clock } = await isoSandbox();
    const mirrors = [await deadMirrorUrl()];
    expect(reasonOf(await obtainIso({ ...request, mirrors }))).toContain('connection refused (4 attempts)');
    expect(clock.pauses).toEqual([1000, 2000, 4000]);
  });

  it('its address holds a password: deferred, and the password is nowhere to be seen', async () => {
    const { request, mirror, reporter } = await isoSandbox();
    const mirrors = [mirror.url.replace('://', '://user:secret@')];
    const reason = reasonOf(await obtainIso({ ...request, mirrors }));
    expect(reason).toContain('holds a user name or password');
    expect(`${reason}${JSON.stringify(reporter)}`).not.toContain('secret');
    expect(mirror.requests).toHaveLength(0);
  });
});

describe('several mirrors', () => {
  it('are asked in their order; the first that has the file is enough', async () => {
    const { request, mirrors } = await isoSandbox(4);
    mirrors[0]!.script({ kind: 'status', code: 404 });
    mirrors[1]!.script({ kind: 'shorter', by: 1, silent: false });
    const url = `${mirrors[2]!.url}/${PIN.path}`;
    expect(await obtainIso(request)).toMatchObject({ source: 'mirror', url });
    expect(mirrors.map(({ requests }) => requests.length)).toEqual([1, 1, 1, 0]);
  });

  it('continue what another began, without a pause', async () => {
    const { request, mirrors, clock, cacheDir } = await isoSandbox(2);
    mirrors[0]!.script({ kind: 'cut', after: 120_000 });
    expect(await obtainIso(request)).toMatchObject({
      source: 'mirror',
      url: `${mirrors[1]!.url}/${PIN.path}`,
    });
    expect(ranges(mirrors[1]!.requests)).toEqual(['bytes=120000-']);
    expect(clock.pauses).toEqual([]);
    expect(readFileSync(join(cacheDir, CACHED)).equals(ISO)).toBe(true);
  });

  it('that all fail are listed, one line each', async () => {
    const { request, mirrors } = await isoSandbox(2);
    mirrors[0]!.script({ kind: 'status', code: 404 });
    mirrors[1]!.script({ kind: 'status', code: 503 });
    const dead = await deadMirrorUrl();
    const result = await obtainIso({ ...request, mirrors: [...request.mirrors, `${dead}/`] });
    expect(reasonOf(result).split('\n')).toEqual([
      `${PIN.file} could not be downloaded:`,
      `  ${mirrors[0]!.url}/${PIN.path}: HTTP status 404`,
      `  ${mirrors[1]!.url}/${PIN.path}: HTTP status 503 (4 attempts)`,
      `  ${dead}/${PIN.path}: connection refused (4 attempts)`,
    ]);
  });
});
