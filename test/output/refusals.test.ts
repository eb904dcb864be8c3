import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../inputs/sandbox.ts';
import { buildPublisher } from './child/build.ts';
import { OLD_STATE, publishedFolder } from './published.ts';
import { NAME, openSample, publishSample, stateOf } from './sample.ts';

const ROOT = process.getuid?.() === 0;
const NOBODY = 65534;

it('OUT is a file, or lies below one', async () => {
  const file = join(temporaryFolder(), 'file');
  writeFileSync(file, 'mine');
  await expect(openSample(file)).rejects.toMatchObject({
    kind: 'disk',
    message: `${file} is in the way: it is not a directory`,
  });
  await expect(openSample(join(file, 'out'))).rejects.toMatchObject({ kind: 'disk' });
  expect(readFileSync(file, 'utf8')).toBe('mine');
});

it('OUT is a symbolic link: to a directory it is as good as that, to nothing it is an error', async () => {
  const folder = temporaryFolder();
  const out = await publishedFolder();
  symlinkSync(out, join(folder, 'out'));
  await publishSample(join(folder, 'out'), 'two');
  expect(stateOf(out)).toEqual({ bundle: 'two', tar: 'two', pkg: 'two', site: 'one', litter: [] });
  symlinkSync('nowhere', join(folder, 'none'));
  await expect(openSample(join(folder, 'none'))).rejects.toMatchObject({ kind: 'disk' });
});

describe('something that no build made lies at its places', () => {
  it('a file at OUT/NAME', async () => {
    const out = temporaryFolder();
    writeFileSync(join(out, NAME), 'mine');
    await expect(openSample(out)).rejects.toMatchObject({
      kind: 'disk',
      message: `${join(out, NAME)} is in the way: it is not a directory`,
    });
    expect(readFileSync(join(out, NAME), 'utf8')).toBe('mine');
    expect(readdirSync(out)).toEqual([NAME]);
  });

  it("a directory of the user's own at OUT/NAME, which a build must not take for an old bundle", async () => {
    const out = temporaryFolder();
    mkdirSync(join(out, NAME));
    writeFileSync(join(out, NAME, 'thesis.txt'), 'mine');
    await expect(openSample(out)).rejects.toMatchObject({
      kind: 'disk',
      message: `${join(out, NAME)} is in the way: it holds files, but is not a bundle`,
    });
    expect(readFileSync(join(out, NAME, 'thesis.txt'), 'utf8')).toBe('mine');
  });

  it('a tar of something else at OUT/NAME.tar', async () => {
    const out = temporaryFolder();
    writeFileSync(join(out, `${NAME}.tar`), `${NAME}-of-mine/`);
    await expect(openSample(out)).rejects.toMatchObject({
      kind: 'disk',
      message: `${join(out, NAME)}.tar is in the way: it is not the tar of a bundle`,
    });
  });

  it('a package of something else at OUT/NAME.pkg', async () => {
    const out = temporaryFolder();
    writeFileSync(join(out, `${NAME}.pkg`), 'mine');
    await expect(openSample(out)).rejects.toMatchObject({
      kind: 'disk',
      message: `${join(out, NAME)}.pkg is in the way: it is not the package of a bundle`,
    });
  });

  it('but a directory with nothing but iso/ is no bundle to lose', async () => {
    const out = temporaryFolder();
    mkdirSync(join(out, NAME, 'iso'), { recursive: true });
    await publishSample(out, 'one');
    expect(stateOf(out)).toMatchObject({ bundle: 'one' });
  });

  it('a symbolic link at OUT/NAME, whatever it leads to', async () => {
    const out = await publishedFolder();
    const elsewhere = temporaryFolder();
    for (const target of [join(out, NAME), 'nowhere']) {
      symlinkSync(target, join(elsewhere, NAME));
      await expect(openSample(elsewhere)).rejects.toMatchObject({
        kind: 'disk',
        message: expect.stringContaining(
          `${join(elsewhere, NAME)} is in the way: it is a symbolic link`,
        ) as string,
      });
      expect(readlinkSync(join(elsewhere, NAME))).toBe(target);
      execFileSync('rm', [join(elsewhere, NAME)]);
    }
    expect(stateOf(out)).toEqual(OLD_STATE);
  });

  it.each([
    ['folder', (path: string) => mkdirSync(path), 'it is not a regular file'],
    ['symbolic link', (path: string) => symlinkSync('x', path), 'it is a symbolic link'],
  ])('a %s at OUT/NAME.tar', async (_, make, reason) => {
    const out = await publishedFolder();
    execFileSync('rm', [join(out, `${NAME}.tar`)]);
    make(join(out, `${NAME}.tar`));
    await expect(openSample(out)).rejects.toMatchObject({
      kind: 'disk',
      message: expect.stringContaining(`${NAME}.tar is in the way: ${reason}`) as string,
    });
    expect(readdirSync(out).sort()).toEqual([NAME, `${NAME}.pkg`, `${NAME}.site.img`, `${NAME}.tar`]);
  });

  it('a symbolic link at OUT/NAME.site.img, when there is a new one to put there', async () => {
    const out = temporaryFolder();
    symlinkSync('elsewhere', join(out, `${NAME}.site.img`));
    await publishSample(out, 'one');
    await expect(publishSample(out, 'two', { site: true })).rejects.toMatchObject({
      kind: 'disk',
      message: expect.stringContaining(`${NAME}.site.img is in the way: it is a symbolic link`) as string,
    });
    expect(readlinkSync(join(out, `${NAME}.site.img`))).toBe('elsewhere');
    expect(stateOf(out)).toEqual({ bundle: 'one', tar: 'one', pkg: 'one', site: undefined, litter: [] });
  });

  it('a directory of the user at OUT/NAME, or a file of theirs at OUT/NAME.tar', async () => {
    const out = temporaryFolder();
    mkdirSync(join(out, NAME, 'iso'), { recursive: true });
    writeFileSync(join(out, NAME, 'manifest.json'), 'of something else');
    await expect(openSample(out)).rejects.toMatchObject({
      kind: 'disk',
      message: `${join(out, NAME)} is in the way: it holds files, but is not a bundle`,
    });
    expect(readFileSync(join(out, NAME, 'manifest.json'), 'utf8')).toBe('of something else');
    // What vm_fetch leaves is no work of the user's.
    rmSync(join(out, NAME, 'manifest.json'));
    await publishSample(out, 'one');
    writeFileSync(join(out, `${NAME}.tar`), 'mine');
    await expect(openSample(out)).rejects.toMatchObject({
      kind: 'disk',
      message: `${join(out, `${NAME}.tar`)} is in the way: it is not the tar of a bundle`,
    });
    expect(readFileSync(join(out, `${NAME}.tar`), 'utf8')).toBe('mine');
  });

  it('a file at OUT/NAME that came while the build was at work', async () => {
    const out = temporaryFolder();
    const publication = await openSample(out);
    writeFileSync(join(out, NAME), 'mine');
    await expect(publication.publish()).rejects.toMatchObject({ kind: 'disk' });
    await publication.discard();
    expect(readFileSync(join(out, NAME), 'utf8')).toBe('mine');
    expect(readdirSync(out)).toEqual([NAME]);
  });
});

it.skipIf(process.platform !== 'linux')('OUT lies where no folders can be made (needs Linux)', async () => {
  await expect(openSample('/proc/not/there')).rejects.toMatchObject({ kind: 'disk' });
});

it('OUT may not be written by this user', async () => {
  const out = await publishedFolder();
  chmodSync(out, 0o555);
  const folder = temporaryFolder();
  chmodSync(folder, 0o755);
  const program = await buildPublisher(folder);
  // Root may write anywhere.
  const user = ROOT ? { uid: NOBODY, gid: NOBODY } : {};
  const { stdout } = spawnSync(process.execPath, [program, 'once', out, 'two'], {
    ...user,
    encoding: 'utf8',
  });
  chmodSync(out, 0o755);
  expect(stdout).toBe(`disk: cannot write ${out}: permission denied\n`);
  expect(stateOf(out)).toEqual(OLD_STATE);
});
