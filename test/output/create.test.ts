import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { link } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { checkFree, createFile } from '../../generators/output/create.ts';
import { temporaryFolder } from '../inputs/sandbox.ts';

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  return { ...real, link: vi.fn(real.link) };
});

const TEXT = Buffer.from('a profile\n');

/** What link(2) says on a file system that has none. */
function failLink(code: string, before: () => void = () => undefined): void {
  vi.mocked(link).mockImplementationOnce(() => {
    before();
    return Promise.reject(Object.assign(new Error(code), { code }));
  });
}

afterEach(() => void vi.mocked(link).mockClear());

it('writes a file that others can read, and leaves nothing beside it', async () => {
  const directory = temporaryFolder();
  await createFile(join(directory, 'mine.yaml'), 'mine.yaml', TEXT);
  expect(readdirSync(directory)).toEqual(['mine.yaml']);
  expect(readFileSync(join(directory, 'mine.yaml'))).toEqual(TEXT);
  expect(statSync(join(directory, 'mine.yaml')).mode & 0o777).toBe(0o644);
});

it.each<[string, (path: string) => void]>([
  ['a file', (path) => writeFileSync(path, 'mine')],
  ['a directory', (path) => mkdirSync(path)],
  ['a link that leads nowhere', (path) => symlinkSync('nowhere', path)],
])('refuses %s', async (_, make) => {
  const directory = temporaryFolder();
  const path = join(directory, 'mine.yaml');
  make(path);
  const refused = { kind: 'usage', message: 'mine.yaml is there already, and is not overwritten' };
  await expect(checkFree(path, 'mine.yaml')).rejects.toMatchObject(refused);
  await expect(createFile(path, 'mine.yaml', TEXT)).rejects.toMatchObject(refused);
  expect(readdirSync(directory)).toEqual(['mine.yaml']);
});

it.each(['link', 'EPERM'])('another one that was quicker keeps its file (%s)', async (how) => {
  const directory = temporaryFolder();
  const path = join(directory, 'mine.yaml');
  const { link: real } = await vi.importActual<typeof import('node:fs/promises')>('node:fs/promises');
  if (how === 'EPERM') failLink(how, () => writeFileSync(path, 'theirs'));
  else
    vi.mocked(link).mockImplementationOnce((from, to) => {
      writeFileSync(path, 'theirs');
      return real(from, to);
    });
  await expect(createFile(path, 'mine.yaml', TEXT)).rejects.toMatchObject({ kind: 'usage' });
  expect(readFileSync(path, 'utf8')).toBe('theirs');
  expect(readdirSync(directory)).toEqual(['mine.yaml']);
});

it.each(['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP'])('does without hard links (%s)', async (code) => {
  const directory = temporaryFolder();
  failLink(code);
  await createFile(join(directory, 'mine.yaml'), 'mine.yaml', TEXT);
  expect(readdirSync(directory)).toEqual(['mine.yaml']);
  expect(readFileSync(join(directory, 'mine.yaml'))).toEqual(TEXT);
});

it('a disk that fails is said by the name of the file, and leaves nothing', async () => {
  const directory = temporaryFolder();
  failLink('ENOSPC');
  await expect(createFile(join(directory, 'mine.yaml'), 'mine.yaml', TEXT)).rejects.toMatchObject({
    kind: 'disk',
    message: 'cannot write mine.yaml: no space left on the device',
  });
  expect(readdirSync(directory)).toEqual([]);
  const lost = join(directory, 'nowhere/mine.yaml');
  await expect(createFile(lost, 'nowhere/mine.yaml', TEXT)).rejects.toMatchObject({
    kind: 'disk',
    message: 'cannot write nowhere/mine.yaml: no such file or directory',
  });
  expect(existsSync(lost)).toBe(false);
});
