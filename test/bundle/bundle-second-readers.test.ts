import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { assembleBundle, encodeBundleTar, type Bundle } from '../../generators/bundle/bundle.ts';
import { guestTree, hostTree, NO_CONTENTS, page, VERSION } from '../fixtures/machines.ts';
import { VARIANTS } from '../fixtures/profiles.ts';
import { freshFile, freshFolder, run } from '../fixtures/scratch.ts';
import { hasTool } from '../tools.ts';

const profile = VARIANTS.intel8260!;
const guest = guestTree(profile);
const folder = freshFolder();
const ISO = join(folder, 'iso', profile.release.file);

let bundle: Bundle;
let tar: string;
beforeAll(async () => {
  const inputs = {
    profile,
    version: VERSION,
    epoch: profile.release.date,
    guest,
    host: hostTree(profile),
    contents: NO_CONTENTS,
    page,
    program: [],
  };
  bundle = await assembleBundle(inputs);
  for (const { path, bytes, mode } of bundle.files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
    chmodSync(join(folder, path), mode);
  }
  tar = freshFile(await encodeBundleTar(bundle));
});

const lines = (output: Buffer) => output.toString().trimEnd().split('\n');
const names = guest.map(({ type, path }) => (type === 'directory' ? `${path}/` : path));

describe.skipIf(!hasTool('sha256sum'))('sha256sum (needs sha256sum)', () => {
  const check = () => lines(run('sha256sum', ['-c', '--strict', 'SHA256SUMS'], { cwd: folder }));

  it('agrees with the sums, with and without an ISO in its place', () => {
    const expected = bundle.files
      .filter(({ path }) => path !== 'SHA256SUMS')
      .map(({ path }) => `${path}: OK`);
    expect(check()).toEqual(expected);
    writeFileSync(ISO, 'any bytes at all');
    expect(check()).toEqual(expected);
    rmSync(ISO);
  });

  it('sees a byte that changed', () => {
    const vdisk = join(folder, 'disk0.img');
    const bytes = readFileSync(vdisk);
    writeFileSync(vdisk, Buffer.from(bytes).fill(1, 700_000, 700_001));
    expect(check).toThrow(/disk0.img: FAILED|did NOT match/);
    writeFileSync(vdisk, bytes);
  });

  it('reads the pin of the ISO', () => {
    writeFileSync(ISO, 'any bytes at all');
    expect(() => run('sha256sum', ['-c', `${profile.release.file}.sha256`], { cwd: dirname(ISO) })).toThrow(
      /did NOT/,
    );
    rmSync(ISO);
  });
});

describe('the vdisk', () => {
  it.skipIf(!hasTool('fsck.fat'))('is without fault (needs fsck.fat)', () => {
    run('fsck.fat', ['-n', join(folder, 'disk0.img')]);
  });

  it.skipIf(!hasTool('mdir'))('holds exactly the overlay (needs mtools)', () => {
    const image = join(folder, 'disk0.img');
    expect(lines(run('mdir', ['-/', '-b', '-a', '-i', image, '::']))).toEqual(['::/airhive.apkovl.tar.gz']);
    const copy = join(freshFolder(), 'copy');
    run('mcopy', ['-i', image, '::airhive.apkovl.tar.gz', copy]);
    expect(readFileSync(copy).equals(readFileSync(join(folder, 'airhive.apkovl.tar.gz')))).toBe(true);
    expect(run('mdir', ['-i', image, '::']).toString()).toMatch(/Volume in drive : is AIRHIVE\b/);
  });
});

describe('the overlay', () => {
  it.skipIf(!hasTool('tar'))('is listed by tar tzf as it was planned (needs tar)', () => {
    expect(lines(run('tar', ['-tzf', join(folder, 'airhive.apkovl.tar.gz')]))).toEqual(names);
  });

  it.skipIf(!hasTool('busybox'))('is listed by busybox tar as it was planned (needs busybox)', () => {
    expect(lines(run('busybox', ['tar', '-tzf', join(folder, 'airhive.apkovl.tar.gz')]))).toEqual(names);
  });
});

describe.skipIf(!hasTool('tar'))('the tar of the bundle (needs tar)', () => {
  it('has NAME/ and in it exactly the files of the sums, and the sums', () => {
    const files = bundle.files.map(({ path }) => `intel8260/${path}`);
    const listed = lines(run('tar', ['-tf', tar]));
    expect(listed[0]).toBe('intel8260/');
    expect(listed.filter((name) => !name.endsWith('/'))).toEqual(files);
    const folders = new Set(files.map((file) => `${dirname(file)}/`));
    expect(folders).toContain('intel8260/man/');
    expect(listed.filter((name) => name.endsWith('/'))).toEqual([...folders].toSorted());
  });

  it('gives the files and modes of the folder when it is unpacked', () => {
    const target = freshFolder();
    run('tar', ['-xpf', tar, '-C', target]);
    const found = (root: string) =>
      lines(run('find', ['.', '-type', 'f', '-printf', '%m %s %P\\n'], { cwd: root })).toSorted();
    expect(found(join(target, 'intel8260'))).toEqual(found(folder));
    if (hasTool('sha256sum'))
      run('sha256sum', ['-c', '--quiet', 'SHA256SUMS'], { cwd: join(target, 'intel8260') });
  });
});
