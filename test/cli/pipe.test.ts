import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, inject, it } from 'vitest';
import { temporaryFolder } from '../inputs/sandbox.ts';
import { start } from './command.ts';

/** Runs a pipeline of the shell; `airhive` in it is the compiled program. */
async function inShell(script: string): Promise<{ stdout: string; stderr: string }> {
  const program = join(inject('airhive'), 'bin/airhive.cjs');
  const shell = `airhive() { "${process.execPath}" "${program}" "$@"; }; ${script}`;
  const env = { PATH: process.env.PATH, HOME: temporaryFolder() };
  return promisify(execFile)('sh', ['-c', shell], { cwd: temporaryFolder(), env });
}

it('a reader that has seen enough is no error', async () => {
  const { stdout, stderr } = await inShell(
    '{ airhive plan --profile intel8260; echo "exit $?" >&2; } | head -n 1',
  );
  expect(stdout).toMatch(/README\.txt\n$/);
  expect(stderr).toBe('exit 0\n');
});

it.each([
  [['schema'], 0],
  [['bild'], 2],
  [['bild', '--json'], 2],
])('nor are readers that were gone before the first word: %j', async (argv, code) => {
  const child = start(argv);
  child.process.stdout?.destroy();
  child.process.stderr?.destroy();
  expect(await child.ended).toMatchObject({ code, signal: null });
});

it.skipIf(!existsSync('/dev/full'))(
  'an output that cannot be written exits 7 (needs /dev/full)',
  async () => {
    const { stdout, stderr } = await inShell('airhive schema >/dev/full; echo "exit $?"');
    expect(stdout).toBe('exit 7\n');
    expect(stderr).toBe('error: cannot write the output: ENOSPC\n');
  },
);

it('nothing but results is on standard output', async () => {
  const { stdout, stderr } = await inShell('airhive build --profile intel8260 --offline --verbose');
  expect(stdout).toBe('dist/intel8260/\ndist/intel8260.tar\ndist/intel8260.pkg\n');
  expect(stderr).toContain('THE ISO IS NOT IN THE BUNDLE');
});

it('plan and validate touch neither disk nor network', async () => {
  const { stdout } = await inShell(
    'airhive plan --profile intel8260 >plan; airhive validate; ls -A; cat plan',
  );
  expect(stdout).toMatch(/intel8260\.yaml: ok\n/);
  expect(stdout).toMatch(/\nplan\n0[67]/);
  const { stdout: listed } = await inShell('airhive plan --profile intel8260 >/dev/null; ls -A "$HOME" .');
  expect(listed).not.toContain('dist');
  expect(readdirSync(inject('airhive')).sort()).toEqual([
    '.build',
    'bin',
    'docs',
    'overlays',
    'package.json',
    'profiles',
  ]);
});
