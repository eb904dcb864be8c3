import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../generators/formats/checksums.ts';
import { FakeClock } from '../inputs/clock.ts';
import { mirrorOf } from '../inputs/sandbox.ts';
import { mirrorFiles, SIGNER } from '../packages/repository.ts';
import { runInside } from './command.ts';
import { folderWith, ISO, PIN, profileText, RELEASES } from './projects.ts';

/** Two profiles of a user that differ, and what builds both. */
function twoProfiles() {
  const cwd = folderWith({
    'pins.yaml': RELEASES,
    'a.yaml': profileText(),
    'b.yaml': profileText({ wifi: { country: 'DE' } }),
  });
  mkdirSync(join(cwd, 'keys'));
  writeFileSync(join(cwd, 'keys', SIGNER.name), SIGNER.publicKey);
  const common = ['build', '--releases', 'pins.yaml', '--keys', 'keys', '--cache', 'cache'];
  const run = (...args: string[]) => runInside([...common, ...args], { cwd, clock: new FakeClock() });
  return { cwd, run };
}

const BOTH = ['--profile', './a.yaml', '--profile', './b.yaml'];

it('several profiles make the bundles that each of them makes alone', async () => {
  const { cwd, run } = twoProfiles();
  const { code, stdout } = await run(...BOTH, '--offline');
  expect({ code, stdout }).toEqual({
    code: 0,
    stdout: 'dist/a/\ndist/a.tar\ndist/a.pkg\ndist/b/\ndist/b.tar\ndist/b.pkg\n',
  });
  for (const name of ['a', 'b'])
    expect((await run('--profile', `./${name}.yaml`, '--offline', '--out', 'alone')).code).toBe(0);
  const tar = (path: string) => readFileSync(join(cwd, path));
  expect(tar('dist/a.tar').equals(tar('alone/a.tar'))).toBe(true);
  expect(tar('dist/b.tar').equals(tar('alone/b.tar'))).toBe(true);
  expect(tar('dist/a.tar').equals(tar('dist/b.tar'))).toBe(false);
});

it('profiles may be named without an option, and one twice is refused', async () => {
  const { run } = twoProfiles();
  const { code, stdout } = await run('./b.yaml', '--offline', '--profile', './a.yaml');
  expect({ code, stdout }).toEqual({
    code: 0,
    stdout: 'dist/a/\ndist/a.tar\ndist/a.pkg\ndist/b/\ndist/b.tar\ndist/b.pkg\n',
  });
  const twice = await run('./a.yaml', '--profile', './a.yaml', '--offline');
  expect(twice.code).toBe(2);
  expect(twice.stderr).toContain('would both become a/');
});

it('ISO, index and packages are downloaded once for all of them', async () => {
  const { run } = twoProfiles();
  const mirror = await mirrorOf({ ...(await mirrorFiles()), [PIN.path]: ISO });
  const { code, stdout } = await run(...BOTH, '--mirror', mirror.url, '--require-complete', '--json');
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    ok: true,
    bundles: [
      { profile: 'a', iso: { deferred: false } },
      { profile: 'b', iso: { deferred: false } },
    ],
  });
  const asked = mirror.requests.map(({ path }) => path);
  expect(asked.length).toBeGreaterThan(3);
  expect([...new Set(asked)]).toEqual(asked);
});

describe('after a build', () => {
  const digestOf = (cwd: string, name: string) =>
    sha256(readFileSync(join(cwd, `dist/${name}/SHA256SUMS`))).slice(0, 16);

  it('each bundle is told by its digest, what is in it, and what to do with it, within 80 columns', async () => {
    const { cwd, run } = twoProfiles();
    const mirror = await mirrorOf({ ...(await mirrorFiles()), [PIN.path]: ISO });
    const { stdout, stderr } = await run(...BOTH, '--mirror', mirror.url);
    const { packages } = JSON.parse(readFileSync(join(cwd, 'dist/a/lock.json'), 'utf8')) as {
      packages: unknown[];
    };
    for (const name of ['a', 'b'])
      expect(stderr).toContain(
        [
          `${name}: bundle ${digestOf(cwd, name)}, as vm_status calls it`,
          `  in it: the configuration, the ISO, ${packages.length} packages`,
          `  check it: airhive verify dist/${name}`,
          `  then copy dist/${name}/ to the host, and in it: ./airhivectl install`,
          `  or there: pkg add ${name}.pkg, then: airhivectl install\n`,
        ].join('\n'),
      );
    expect(stderr).not.toContain('not in it');
    // The address of a download is never broken.
    const said = stderr.split('\n').filter((line) => !/ from http:\S+$/.test(line));
    expect(said.filter((line) => line.length > 80)).toEqual([]);
    expect(stdout).not.toContain('bundle ');
  });

  it('what is not in it is said, how npm would check it, and nothing to a program or with --quiet', async () => {
    const { cwd, run } = twoProfiles();
    const one = ['--profile', './a.yaml', '--offline'];
    const { stderr } = await run(...one);
    expect(stderr).toContain(
      `a: bundle ${digestOf(cwd, 'a')}, as vm_status calls it\n  in it: the configuration\n  not in it: the ISO, 2 packages\n`,
    );
    const env = { HOME: cwd, npm_lifecycle_event: 'build' };
    const words = ['build', '--releases', 'pins.yaml', '--keys', 'keys', '--cache', 'cache', './a.yaml'];
    const byNpm = await runInside([...words, '--offline'], { cwd, env });
    expect(byNpm.stderr).toContain('\n  check it: npm run airhive -- verify dist/a\n');
    for (const option of ['--json', '--quiet'])
      expect((await run(...one, option)).stderr).not.toContain('check it');
  });
});

it('a mistake in one of them builds none', async () => {
  const { cwd, run } = twoProfiles();
  writeFileSync(join(cwd, 'c.yaml'), profileText({ machine: { cpus: 0 } }));
  const { code, stdout, stderr } = await run(...BOTH, '--profile', './c.yaml', '--offline');
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain('error: c.yaml: 1 problem, nothing was built');
  expect(existsSync(join(cwd, 'dist'))).toBe(false);
});

it('one that fails leaves the bundles before it, and says which they are', async () => {
  const { cwd, run } = twoProfiles();
  mkdirSync(join(cwd, 'dist'));
  writeFileSync(join(cwd, 'dist/b'), 'a file of the user');
  const { code, stdout, stderr } = await run(...BOTH, '--offline');
  expect(stdout).toBe('');
  expect(code).toBe(7);
  expect(stderr).toContain('warning: only these were built: dist/a/ dist/a.tar dist/a.pkg\n');
  expect(readdirSync(join(cwd, 'dist')).sort()).toEqual(['a', 'a.pkg', 'a.tar', 'b']);
  rmSync(join(cwd, 'dist/b'));
  expect((await run(...BOTH, '--offline')).code).toBe(0);
});

it('two files with one name are refused before anything is built', async () => {
  const { cwd, run } = twoProfiles();
  mkdirSync(join(cwd, 'other'));
  writeFileSync(join(cwd, 'other/a.yml'), profileText());
  const { code, stderr } = await run('--profile', './a.yaml', '--profile', 'other/a.yml', '--offline');
  expect(code).toBe(2);
  expect(stderr).toContain('error: a.yaml and other/a.yml would both become a/\n');
  expect(existsSync(join(cwd, 'dist'))).toBe(false);
});

it('--all builds every profile that airhive ships', async () => {
  const { cwd, run } = twoProfiles();
  const { profiles } = JSON.parse((await runInside(['profiles', '--json'])).stdout) as {
    profiles: { name: string }[];
  };
  const { code, stdout } = await run('--all', '--offline');
  expect(code).toBe(0);
  const expected = profiles.flatMap(({ name }) => [`dist/${name}/`, `dist/${name}.tar`, `dist/${name}.pkg`]);
  expect(stdout.trim().split('\n')).toEqual(expected);
  for (const { name } of profiles) expect(existsSync(join(cwd, `dist/${name}/vm_run`)), name).toBe(true);
});

it.each([
  [
    ['--all', '--profile', './a.yaml'],
    '--all names all profiles that airhive ships: leave --profile out, or --all',
  ],
  [[...BOTH, '--secrets', 'secrets.yaml'], '--secrets goes with one profile; 2 are named'],
  [[...BOTH, '--lock', 'a.lock.json'], '--lock goes with one profile; 2 are named'],
  [[], 'no profile was named'],
])('%j is wrong usage', async (args, message) => {
  const { code, stderr } = await twoProfiles().run(...args);
  expect(code).toBe(2);
  expect(stderr).toContain(`error: ${message}\n`);
});
