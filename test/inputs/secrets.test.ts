import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readSecrets } from '../../generators/inputs/secrets.ts';
import { temporaryFolder } from './sandbox.ts';

function fileOf(mode: number): { cwd: string; path: string } {
  const cwd = temporaryFolder();
  const path = join(cwd, 's.yaml');
  writeFileSync(path, 'networks: []\n');
  chmodSync(path, mode);
  return { cwd, path };
}

it.each([0o600, 0o400, 0o700])('reads a file of mode %o', async (mode) => {
  const { cwd, path } = fileOf(mode);
  expect(await readSecrets('s.yaml', cwd)).toEqual({ file: 's.yaml', text: 'networks: []\n' });
  expect(await readSecrets(path, '/')).toMatchObject({ file: path.slice(1) });
});

it.each([0o644, 0o640, 0o620, 0o604, 0o602, 0o610, 0o601])('refuses a file of mode %o', async (mode) => {
  const { cwd } = fileOf(mode);
  await expect(readSecrets('s.yaml', cwd)).rejects.toMatchObject({
    kind: 'usage',
    message: `s.yaml holds secrets, but its mode 0${mode.toString(8)} opens it to others`,
    hint: 'chmod 600 s.yaml',
  });
});

it('reads a pipe that nobody else can read', async () => {
  const cwd = temporaryFolder();
  execFileSync('mkfifo', ['-m', '600', join(cwd, 'pipe')]);
  const reading = readSecrets('pipe', cwd);
  writeFileSync(join(cwd, 'pipe'), 'networks: []\n');
  expect(await reading).toEqual({ file: 'pipe', text: 'networks: []\n' });
});

it('a file that is not there, a folder, and one that is too long', async () => {
  const { cwd, path } = fileOf(0o600);
  mkdirSync(join(cwd, 'folder'), { mode: 0o700 });
  await expect(readSecrets('none', cwd)).rejects.toMatchObject({ kind: 'disk' });
  await expect(readSecrets('folder', cwd)).rejects.toMatchObject({
    kind: 'disk',
    message: 'cannot read folder: it is a directory',
  });
  writeFileSync(path, 'x'.repeat(1024 * 1024 + 1));
  await expect(readSecrets('s.yaml', cwd)).rejects.toMatchObject({ kind: 'usage' });
});
