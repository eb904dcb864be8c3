import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { encodeGzip } from '../../generators/formats/gzip.ts';
import { encodeTar } from '../../generators/formats/tar.ts';
import { freshFile, freshFolder, run } from '../fixtures/scratch.ts';
import { hasTool } from '../tools.ts';
import { SAMPLE } from './trees.ts';

const RELEASE_DAY = 1781308800;
const archive = await encodeTar(SAMPLE, RELEASE_DAY);

/** `-rwsr-xr-x` and the like, as ls(1) writes modes. */
function symbolic(type: string, mode: number): string {
  const bits = (shift: number, special: boolean) =>
    `${mode & (4 << shift) ? 'r' : '-'}${mode & (2 << shift) ? 'w' : '-'}${mode & (1 << shift) ? (special ? 's' : 'x') : '-'}`;
  const letter = { file: '-', directory: 'd', symlink: 'l' }[type] ?? '?';
  return letter + bits(6, (mode & 0o4000) !== 0) + bits(3, false) + bits(0, false);
}

const expected = (owner: string, day: string): string[] =>
  SAMPLE.map((entry) => {
    const size = entry.type === 'file' ? entry.bytes.length : 0;
    const name = entry.type === 'directory' ? `${entry.path}/` : entry.path;
    const target = entry.type === 'symlink' ? ` -> ${entry.target}` : '';
    return `${symbolic(entry.type, entry.mode)} ${owner} ${size} ${day} ${name}${target}`;
  });

const listing = (output: Buffer): string[] =>
  output
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => line.replace(/ +/g, ' '));

describe('the archive', () => {
  it.skipIf(!hasTool('tar'))('is listed by GNU tar as it was planned (needs tar)', () => {
    const lines = listing(run('tar', ['-tvf', freshFile(archive)]));
    expect(lines).toEqual(expected('root/root', '2026-06-13 00:00'));
  });

  it.skipIf(!hasTool('tar'))('has owner 0/0 when the names do not count (needs tar)', () => {
    const lines = listing(run('tar', ['--numeric-owner', '-tvf', freshFile(archive)]));
    expect(lines).toEqual(expected('0/0', '2026-06-13 00:00'));
  });

  it.skipIf(!hasTool('tar'))('is of 1970 with epoch 0 (needs tar)', async () => {
    const lines = listing(run('tar', ['-tvf', freshFile(await encodeTar(SAMPLE, 0))]));
    expect(lines).toEqual(expected('root/root', '1970-01-01 00:00'));
  });

  it.skipIf(!hasTool('busybox'))('is listed by busybox tar as it was planned (needs busybox)', () => {
    const lines = listing(run('busybox', ['tar', '-tvf', freshFile(archive)]));
    expect(lines).toEqual(expected('root/root', '2026-06-13 00:00:00'));
  });
});

// docs/notes/alpine.md, step 2 of the boot: `tar -C SYSROOT -zxvf OVERLAY`, its output kept for apk, which wants no "./".
describe.skipIf(!hasTool('busybox'))('unpacked as Alpine boots (needs busybox)', () => {
  const root = freshFolder();
  const file = freshFile(encodeGzip(archive), 'airhive.apkovl.tar.gz');
  // As in the boot, root's umask has no say. Everybody else's has, and setuid is for root to give.
  const [umask, bits] = process.getuid?.() === 0 ? ['077', 0o7777] : ['000', 0o777];
  const printed = run('sh', ['-c', 'umask $1; exec busybox tar -C "$2" -zxvf "$3"', 'sh', umask, root, file]);

  it('prints the names that apk compares', () => {
    const names = SAMPLE.map(({ type, path }) => (type === 'directory' ? `${path}/` : path));
    expect(printed.toString().trimEnd().split('\n')).toEqual(names);
  });

  it('gives all of it: kinds, modes, contents, targets, and the date of files', () => {
    for (const entry of SAMPLE) {
      const path = join(root, entry.path);
      const found = lstatSync(path);
      if (entry.type === 'symlink') expect(readlinkSync(path)).toBe(entry.target);
      else expect([entry.path, found.mode & bits]).toEqual([entry.path, entry.mode & bits]);
      if (entry.type !== 'file') continue;
      expect(readFileSync(path).equals(entry.bytes), entry.path).toBe(true);
      expect(found.mtimeMs).toBe(RELEASE_DAY * 1000);
    }
  });

  it('gives nothing else', () => {
    const found = readdirSync(root, { recursive: true, withFileTypes: true });
    const paths = found.map((entry) => relative(root, join(entry.parentPath, entry.name)));
    expect(paths.toSorted()).toEqual(SAMPLE.map(({ path }) => path).toSorted());
  });
});
