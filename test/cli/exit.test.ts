import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { temporaryFolder } from '../inputs/sandbox.ts';
import { airhive, runInside, type Ended } from './command.ts';
import { folderWith, profileText } from './projects.ts';

const BUILD = ['build', '--profile', 'intel8260', '--offline'];

/** The one document that --json prints, whatever happens. */
function documentOf({ stdout }: Pick<Ended, 'stdout'>): {
  format: number;
  ok: boolean;
  error?: Record<string, unknown>;
} {
  return JSON.parse(stdout) as ReturnType<typeof documentOf>;
}

/** A copy of the compiled airhive without some of its parts. */
function incomplete(...missing: readonly string[]): string {
  const root = temporaryFolder();
  for (const part of ['package.json', '.build', 'docs', 'overlays', 'profiles']) {
    if (!missing.includes(part)) symlinkSync(join(inject('airhive'), part), join(root, part));
  }
  cpSync(join(inject('airhive'), 'bin'), join(root, 'bin'), { recursive: true });
  return root;
}

describe('exit codes of the program', () => {
  it('0: done', async () => {
    const { code, stdout, stderr } = await airhive(['profiles']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^intel8260 +standard 3\.24\.1 +grub +8086:24f3 at 4\/0\/0$/m);
    expect(stdout).toMatch(/^intel +standard 3\.24\.1 +grub +6 cards of intel, in any slot$/m);
  });

  it('2: wrong usage', async () => {
    const { code, stdout, stderr } = await airhive(['bild']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('Did you mean build?');
  });

  it('3: an unsupported combination', async () => {
    const cwd = folderWith({ 'x.yaml': profileText({ alpine: { release: '3.24.1', flavor: 'virt' } }) });
    const ended = await airhive(['build', '--profile', './x.yaml', '--json'], { cwd });
    expect(ended.code).toBe(3);
    expect(documentOf(ended).error).toMatchObject({ kind: 'unsupported', exit: 3 });
    expect(readdirSync(cwd)).toEqual(['x.yaml']);
  });

  it('4: a part of airhive is missing', async () => {
    const cwd = temporaryFolder();
    const { code, stderr } = await airhive(BUILD, { cwd, root: incomplete('overlays') });
    expect(code).toBe(4);
    expect(stderr).toMatch(
      /^error: a part of airhive is missing: .*overlays\/(guest|host|shared)\n {2}install airhive again/m,
    );
    const withoutPage = await airhive(BUILD, { cwd, root: incomplete('docs') });
    expect([withoutPage.code, withoutPage.stderr]).toEqual([
      4,
      expect.stringContaining('troubleshooting.md'),
    ]);
    expect(readdirSync(cwd)).toEqual([]);
    expect((await airhive(['profiles'], { root: incomplete('profiles') })).code).toBe(4);
  });

  it('4: not compiled', async () => {
    const { code, stderr } = await airhive(['profiles'], { root: incomplete('.build') });
    expect(code).toBe(4);
    expect(stderr).toContain('npm ci');
  });

  it('5: --require-iso, and no ISO can be had', async () => {
    const cwd = temporaryFolder();
    const { code, stdout, stderr } = await airhive([...BUILD, '--require-iso'], { cwd });
    expect({ code, stdout }).toEqual({ code: 5, stdout: '' });
    expect(stderr).toContain('the ISO could not be had: --offline');
    expect(readdirSync(cwd)).toEqual([]);
  });

  it('6: a wrong ISO; 6 again: a bundle that was changed', async () => {
    const cwd = folderWith({ 'wrong.iso': 'not an ISO' });
    const wrong = await airhive([...BUILD, '--iso', 'wrong.iso'], { cwd });
    expect(wrong.code).toBe(6);
    expect(wrong.stderr).toMatch(
      /wrong\.iso is not alpine-.*its SHA-256 is [0-9a-f]{64}, the pin says f4dd6132/,
    );
    expect(readdirSync(cwd)).toEqual(['wrong.iso']);

    await airhive(BUILD, { cwd });
    writeFileSync(join(cwd, 'dist/intel8260/grub.cfg'), 'changed');
    const { code, stderr } = await airhive(['verify', 'dist/intel8260'], { cwd });
    expect(code).toBe(6);
    expect(stderr).toContain('  grub.cfg: its SHA-256 is not the one in SHA256SUMS and manifest.json');
    expect((await airhive(['verify', 'dist/intel8260.tar'], { cwd })).code).toBe(0);
    const whole = readFileSync(join(cwd, 'dist/intel8260.tar'));
    writeFileSync(join(cwd, 'cut.tar'), whole.subarray(0, whole.length / 2));
    expect(await airhive(['verify', 'cut.tar'], { cwd })).toMatchObject({
      code: 6,
      stderr: expect.stringMatching(
        /^error: cut\.tar is not a whole tar archive.*\n {2}copy or fetch it again/,
      ) as unknown,
    });
  });

  it('7: the disk', async () => {
    const cwd = folderWith({ file: 'mine' });
    const { code, stderr } = await airhive([...BUILD, '--out', 'file'], { cwd });
    expect(code).toBe(7);
    expect(stderr).toContain(`${cwd}/file is in the way: it is not a directory`);
    expect(readFileSync(join(cwd, 'file'), 'utf8')).toBe('mine');
    expect((await airhive(['verify', 'nothing'], { cwd })).code).toBe(7);
    expect((await airhive(['validate', './nothing.yaml'], { cwd })).code).toBe(7);
  });
});

describe('a bug exits 1 and asks for a report', () => {
  // Nothing that a user can do makes airhive forget where it is.
  const world = { root: undefined as unknown as string };

  it('in words', async () => {
    const { code, stdout, stderr } = await runInside(['profiles'], world);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^error: this is a bug in airhive: please report it, .*\nTypeError/);
  });

  it('in JSON', async () => {
    const { code, stdout, stderr } = await runInside(['profiles', '--json'], world);
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    expect(documentOf({ stdout })).toMatchObject({ format: 1, ok: false, error: { kind: 'bug', exit: 1 } });
  });
});

describe('--json prints one document, "format": 1, and nothing else, on standard output', () => {
  it.each([['build'], ['plan'], ['validate'], ['profiles'], ['schema'], ['verify']])('%s', async (verb) => {
    const cwd = temporaryFolder();
    const args = { build: BUILD, plan: ['plan', '--profile', 'intel8260'] }[verb] ?? [verb];
    if (verb === 'verify') {
      await runInside(BUILD, { cwd });
      args.push('dist/intel8260');
    }
    const { code, stdout, stderr } = await runInside([...args, '--json'], { cwd });
    expect(code).toBe(0);
    expect(documentOf({ stdout })).toMatchObject({ format: 1, ok: true });
    expect(stderr).not.toContain('error');
    expect(existsSync(join(cwd, 'dist'))).toBe(verb === 'build' || verb === 'verify');
  });

  it.each([
    ['a profile that is not there', ['build', '--profile', 'nope'], 2],
    ['no profile', ['plan'], 2],
    ['an unreadable profile', ['validate', './nope.yaml'], 7],
    ['no bundle', ['verify', '.'], 6],
    ['no ISO', [...BUILD, '--require-iso'], 5],
  ])('%s', async (_, args, exit) => {
    const { code, stdout, stderr } = await runInside([...args, '--json']);
    expect({ code, stderr }).toEqual({ code: exit, stderr: '' });
    expect(documentOf({ stdout })).toMatchObject({ format: 1, ok: false, error: { exit } });
  });

  it('what is wrong with a profile is listed with its places', async () => {
    const text = profileText({ machine: { cpus: 99, lodaer: 'grub' } });
    const line = text.split('\n').indexOf('  cpus: 99') + 1;
    const cwd = folderWith({ 'x.yaml': text });
    const { code, stdout } = await runInside(['validate', '--json', './x.yaml'], { cwd });
    expect(code).toBe(2);
    expect(documentOf({ stdout }).error).toMatchObject({
      message: 'x.yaml: 2 problems, nothing was built',
      diagnostics: [
        { severity: 'error', file: 'x.yaml', line, column: 9, path: 'machine.cpus' },
        { severity: 'error', file: 'x.yaml', line: line + 1, column: 3, path: 'machine.lodaer' },
      ],
    });
  });
});

it('the exit code of npm run build is that of airhive, and its options reach it', () => {
  const root = incomplete();
  mkdirSync(join(root, 'elsewhere'));
  const env = { PATH: process.env.PATH, HOME: temporaryFolder() };
  const npm = (...args: readonly string[]) =>
    spawnSync('npm', ['run', '--silent', 'build', '--', ...args], { cwd: root, env, encoding: 'utf8' });
  const done = npm('--profile', 'intel8260', '--offline', '--out', 'elsewhere/out', '--quiet');
  expect(done).toMatchObject({
    status: 0,
    stdout: 'elsewhere/out/intel8260/\nelsewhere/out/intel8260.tar\nelsewhere/out/intel8260.pkg\n',
  });
  expect(npm('--profile', 'nope')).toMatchObject({ status: 2 });
});
