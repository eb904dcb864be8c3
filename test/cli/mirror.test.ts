import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { FakeClock } from '../inputs/clock.ts';
import { mirrorOf } from '../inputs/sandbox.ts';
import { deadMirrorUrl, generatedBytes, pinOf, type Mirror } from '../mirror/mirror.ts';
import { airhive, runInside, start, unwrapped } from './command.ts';
import { folderWith, ISO, PIN, RELEASES_COMPLETE as RELEASES } from './projects.ts';

const PLACED = `dist/intel8260/iso/${PIN.file}`;
const OFFLINE = [
  'build',
  '--profile',
  'intel8260',
  '--releases',
  'pins.yaml',
  '--cache',
  'cache',
  '--offline',
];
const args = (...mirrors: readonly string[]): string[] => [
  ...OFFLINE.slice(0, -1),
  ...mirrors.flatMap((url) => ['--mirror', url]),
];

async function sandbox(): Promise<{ mirror: Mirror; cwd: string; placed: string }> {
  const cwd = folderWith({ 'pins.yaml': RELEASES });
  return { mirror: await mirrorOf({ [PIN.path]: ISO }), cwd, placed: join(cwd, PLACED) };
}

it('the ISO is fetched once, verified, placed read-only, and taken from the cache from then on', async () => {
  const { mirror, cwd, placed } = await sandbox();
  const first = await airhive(args(mirror.url), { cwd });
  expect(first).toMatchObject({
    code: 0,
    stdout: `dist/intel8260/\ndist/intel8260.tar\ndist/intel8260.pkg\n${PLACED}\n`,
  });
  expect(first.stderr).toContain(`downloaded ${PIN.file} from ${mirror.url}/`);
  expect(readFileSync(placed).equals(ISO)).toBe(true);
  expect(statSync(placed).mode & 0o777).toBe(0o444);
  expect(readFileSync(`${placed}.sha256`, 'utf8')).toBe(`${PIN.sha256}  ${PIN.file}\n`);

  const second = await airhive([...args(mirror.url), '--json'], { cwd });
  expect(JSON.parse(second.stdout)).toMatchObject({
    ok: true,
    iso: { deferred: false, source: 'cache' },
    artefacts: ['dist/intel8260/', 'dist/intel8260.tar', 'dist/intel8260.pkg', PLACED],
  });
  expect(mirror.requests.map(({ path }) => path)).toEqual([PIN.path]);
  expect((await airhive(['verify', 'dist/intel8260'], { cwd })).stdout).toContain(
    'the ISO is the pinned one',
  );
});

it('no mirror: all but the ISO is made, with a loud line; it is added when one is there, and then kept', async () => {
  const { mirror, cwd, placed } = await sandbox();
  const dead = await deadMirrorUrl();
  const patient = { cwd, clock: new FakeClock() };
  const deferred = await runInside([...args(dead), '--json'], patient);
  expect(deferred.code).toBe(0);
  expect(deferred.stderr).toContain('warning: THE ISO IS NOT IN THE BUNDLE.');
  expect(JSON.parse(deferred.stdout)).toMatchObject({
    iso: { deferred: true, reason: expect.stringContaining(dead) as string },
  });
  expect(existsSync(placed)).toBe(false);
  const tar = readFileSync(join(cwd, 'dist/intel8260.tar'));
  expect((await runInside(['verify', 'dist/intel8260'], { cwd })).code).toBe(0);
  expect((await runInside([...args(dead), '--require-iso'], patient)).code).toBe(5);

  expect((await runInside(args(dead, mirror.url), patient)).code).toBe(0);
  expect(readFileSync(placed).equals(ISO)).toBe(true);
  expect(readFileSync(join(cwd, 'dist/intel8260.tar')).equals(tar)).toBe(true);

  // The cache is lost, and there is no network: what lies in the bundle is not lost with it.
  rmSync(join(cwd, 'cache'), { recursive: true });
  for (const more of [[], ['--require-iso']]) {
    const { code, stderr } = await runInside([...OFFLINE, '--quiet', ...more], { cwd });
    expect(code).toBe(0);
    // Nothing but what the profile's tunnel opens.
    expect(unwrapped(stderr)).toMatch(/^warning: port 2210 [^\n]*\n$/);
    expect(readFileSync(placed).equals(ISO)).toBe(true);
  }
  // Unless it is another one.
  const other = folderWith({
    'pins.yaml': RELEASES.replace(PIN.sha256, pinOf(generatedBytes(200_000, 2)).sha256),
  });
  renameSync(join(cwd, 'dist'), join(other, 'dist'));
  expect((await runInside(OFFLINE, { cwd: other })).stderr).toContain('THE ISO IS NOT IN THE BUNDLE');
  expect(readdirSync(join(other, 'dist/intel8260/iso'))).toEqual([`${PIN.file}.sha256`]);
});

it('a mirror with wrong bytes is exit 6, names both hashes, and changes nothing', async () => {
  const { mirror, cwd } = await sandbox();
  await runInside(OFFLINE, { cwd });
  const before = readFileSync(join(cwd, 'dist/intel8260/manifest.json'));
  mirror.script({ kind: 'wrong' });
  const { code, stdout, stderr } = await runInside(args(mirror.url), { cwd });
  expect({ code, stdout }).toEqual({ code: 6, stdout: '' });
  expect(stderr).toMatch(new RegExp(`SHA-256 is [0-9a-f]{64}, the pin of ${PIN.file} says ${PIN.sha256}`));
  expect(readFileSync(join(cwd, 'dist/intel8260/manifest.json')).equals(before)).toBe(true);
  expect(readdirSync(join(cwd, 'dist')).sort()).toEqual(['intel8260', 'intel8260.pkg', 'intel8260.tar']);
});

it('the own file given with --iso is used, and stays as it is', async () => {
  const { cwd, placed } = await sandbox();
  const mine = folderWith({ 'my.iso': ISO });
  const { code, stdout } = await runInside([...OFFLINE, '--json', '--iso', join(mine, 'my.iso')], { cwd });
  expect({ code, document: JSON.parse(stdout) as unknown }).toMatchObject({
    code: 0,
    document: { iso: { source: 'file' } },
  });
  expect(readFileSync(placed).equals(ISO)).toBe(true);
  expect(statSync(join(mine, 'my.iso')).mode & 0o777).toBe(0o600);
});

it.each(['SIGINT', 'SIGTERM'] as const)(
  '%s while a mirror keeps it waiting: 130, nothing is changed',
  async (signal) => {
    const { mirror, cwd } = await sandbox();
    await runInside(OFFLINE, { cwd });
    const before = statSync(join(cwd, 'dist/intel8260')).ino;
    mirror.script({ kind: 'hold', after: signal === 'SIGINT' ? 70_000 : -1 });
    const child = start([...args(mirror.url), '--json'], { cwd });
    await mirror.seen(1);
    child.process.kill(signal);
    const { code, stdout } = await child.ended;
    expect(code).toBe(130);
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, error: { kind: 'interrupted', exit: 130 } });
    expect(statSync(join(cwd, 'dist/intel8260')).ino).toBe(before);
    expect(readdirSync(join(cwd, 'dist')).sort()).toEqual(['intel8260', 'intel8260.pkg', 'intel8260.tar']);
    expect((await runInside(['verify', 'dist/intel8260'], { cwd })).code).toBe(0);
  },
);

it('progress: a line for each tenth in a log, none with --quiet, the requests with --verbose', async () => {
  const { mirror, cwd } = await sandbox();
  const said = async (...more: readonly string[]): Promise<string> => {
    rmSync(join(cwd, 'cache'), { recursive: true, force: true });
    return (await runInside([...args(mirror.url), ...more], { cwd })).stderr;
  };
  const plain = await said();
  expect(plain).toContain(`${PIN.file} 100 % of 1 MB\n`);
  expect(plain).not.toContain('\r');
  expect(plain).not.toContain('GET ');
  expect(unwrapped(await said('--quiet'))).toMatch(/^warning: port 2210 [^\n]*\n$/);
  expect(await said('--verbose')).toContain(`GET ${mirror.url}/${PIN.path}`);
});
