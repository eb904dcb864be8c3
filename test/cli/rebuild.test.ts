import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { encodeLock, decodeLock } from '../../generators/packages/lock.ts';
import { encodeManifest } from '../../generators/formats/manifest.ts';
import { FakeClock } from '../inputs/clock.ts';
import { newSigner } from '../packages/repository.ts';
import { manifestOf, seal } from '../verify/bundles.ts';
import { runInside } from './command.ts';
import { folderWith, RELEASES } from './projects.ts';
import { CARD, sandbox, withFirmware } from './rooms.ts';

const WORDS = ['--releases', 'pins.yaml', '--keys', 'keys'];

/** A room with a bundle in it, and a way to make that again. */
async function built(room: Awaited<ReturnType<typeof sandbox>>, ...more: string[]) {
  const { code, stderr } = await room.run('build', room.mirror, ...more);
  expect([code, stderr]).toEqual([0, expect.any(String)]);
  const again = (path: string, ...words: string[]) =>
    runInside(['verify', '--rebuild', path, ...WORDS, '--cache', 'none', '--offline', ...words], {
      cwd: room.cwd,
    });
  return { ...room, again, bundle: join(room.cwd, 'dist/mine') };
}

const kindOf = (stdout: string) => (JSON.parse(stdout) as { error: { kind: string } }).error.kind;

describe('verify --rebuild', () => {
  it('makes the same bytes from directory and tar, without cache, network, profile or date', async () => {
    const { cwd, again } = await built(await sandbox());
    for (const path of ['dist/mine', 'dist/mine.tar']) {
      const { code, stdout, stderr } = await again(path);
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout).toContain(`${path}: made again by airhive 1.2.3, the same bytes`);
    }
    const elsewhere = folderWith({ 'mine.tar': readFileSync(join(cwd, 'dist/mine.tar')) });
    const words = ['--releases', join(cwd, 'pins.yaml'), '--keys', join(cwd, 'keys'), '--offline', '--json'];
    const { code, stdout } = await runInside(['verify', '--rebuild', 'mine.tar', ...words], {
      cwd: elsewhere,
      env: { HOME: elsewhere, SOURCE_DATE_EPOCH: '1' },
    });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, rebuilt: true });
  });

  it('takes the date of the bundle', async () => {
    const room = await sandbox();
    const words = ['build', '--profile', './mine.yaml', ...WORDS, '--offline', '--cache', 'none'];
    const world = { cwd: room.cwd, env: { SOURCE_DATE_EPOCH: '86400' } };
    expect((await runInside(words, world)).code).toBe(0);
    expect(manifestOf(join(room.cwd, 'dist/mine')).epoch).toBe(86400);
    const { code } = await runInside(['verify', '--rebuild', 'dist/mine', ...WORDS, '--offline'], {
      cwd: room.cwd,
    });
    expect(code).toBe(0);
  });

  it('makes one again that was built without a network, with and without firmware', async () => {
    for (const groups of [{}, CARD]) {
      const { again, bundle } = await built(await sandbox(groups), '--offline');
      expect(existsSync(join(bundle, 'lock.json'))).toBe(false);
      expect(await again('dist/mine')).toMatchObject({ code: 0 });
    }
  });

  it('makes one again whose firmware no package has', async () => {
    const { again } = await built(await withFirmware([['other.bin', 'of another card']]));
    expect(await again('dist/mine')).toMatchObject({ code: 0 });
  });

  it('leaves site disks and data alone', async () => {
    const { again, cwd, bundle } = await built(await sandbox());
    writeFileSync(join(cwd, 'dist/mine.site.img'), 'of a machine');
    mkdirSync(join(bundle, 'data'));
    const { code, stdout } = await again('dist/mine');
    expect(code).toBe(0);
    expect(stdout).toContain('an ISO and a site disk are no part of it');
  });

  it('takes firmware from the cache or a mirror, and says what it needs without (exit 5)', async () => {
    const { again, mirror, cwd } = await built(await withFirmware());
    const { code, stderr } = await again('dist/mine');
    expect(code).toBe(5);
    expect(stderr).toMatch(
      /it cannot be made again: \S+\/linux-firmware-intel-\S+\.apk could not be had: --offline/,
    );
    expect(stderr).toContain('--cache');
    expect(await again('dist/mine', '--cache', 'cache')).toMatchObject({ code: 0 });
    const online = ['verify', '--rebuild', 'dist/mine', ...WORDS, '--mirror', mirror.url, '--cache', 'new'];
    expect(await runInside(online, { cwd })).toMatchObject({ code: 0 });
  });

  it('says that the mirrors have another version by now (exit 5), without the advice to a build', async () => {
    const { cwd, mirror, files, again } = await built(await withFirmware());
    const other = await sandbox();
    for (const path of Object.keys(files)) if (!(path in other.files)) Reflect.deleteProperty(files, path);
    Object.assign(files, other.files);
    const words = ['verify', '--rebuild', 'dist/mine', ...WORDS, '--mirror', mirror.url, '--cache', 'new'];
    const { code, stderr } = await runInside(words, { cwd, clock: new FakeClock() });
    expect(code).toBe(5);
    expect(stderr).toMatch(/it cannot be made again: the mirrors do not have linux-firmware-intel /);
    expect(stderr).not.toContain('airhive lock writes');
    expect(await again('dist/mine', '--cache', 'cache')).toMatchObject({ code: 0 });
  });
});

describe('verify --rebuild finds', () => {
  it('another version of airhive, which is no damage (exit 4)', async () => {
    const { again, bundle } = await built(await sandbox());
    const manifest = manifestOf(bundle);
    seal(bundle, { ...manifest, airhive: '9.9.9' });
    expect((await again('dist/mine', '--json')).code).toBe(4);
    const { stderr } = await again('dist/mine');
    expect(stderr).toContain('is whole, but it was made by airhive 9.9.9 and this is airhive 1.2.3');
    expect(stderr).toContain('this is no sign of damage');
  });

  it('a bundle of before, without a profile (exit 3)', async () => {
    const { again, bundle } = await built(await sandbox());
    const manifest = manifestOf(bundle);
    rmSync(join(bundle, 'profile.yaml'));
    const files = manifest.files.filter(({ path }) => path !== 'profile.yaml');
    seal(bundle, { ...manifest, files });
    const sums = join(bundle, 'SHA256SUMS');
    writeFileSync(sums, readFileSync(sums, 'utf8').replace(/.* {2}profile\.yaml\n/, ''));
    const { code, stderr } = await again('dist/mine');
    expect([code, stderr]).toEqual([3, expect.stringContaining('there is no profile.yaml in dist/mine')]);
  });

  it('damage first, as without it', async () => {
    const { again, bundle } = await built(await sandbox());
    writeFileSync(join(bundle, 'vm_run'), '#!/bin/sh\n');
    const { code, stderr } = await again('dist/mine');
    expect(code).toBe(6);
    expect(stderr).toContain('dist/mine is not as it has to be:\n  vm_run: its SHA-256');
  });

  it('a script that was changed with care, all sums with it', async () => {
    const { again, bundle } = await built(await sandbox());
    const path = join(bundle, 'vm_run');
    writeFileSync(path, readFileSync(path, 'utf8').replace(/\n/, '\n# one line more\n'));
    seal(bundle, manifestOf(bundle), 'vm_run');
    expect((await runInside(['verify', bundle])).code).toBe(0);
    const { code, stderr } = await again('dist/mine');
    expect(code).toBe(6);
    expect(stderr).toContain('agrees with its own checksums, but airhive 1.2.3 makes other bytes');
    expect(stderr).toMatch(
      /\n {2}vm_run: other bytes, first at byte 1\d, in line 2\n {2}and with that SHA256SUMS, manifest\.json\n/,
    );
  });

  it('a profile that says more than the files do, and one that is none', async () => {
    const { again, bundle } = await built(await sandbox());
    const path = join(bundle, 'profile.yaml');
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.replace('reverse: true', 'reverse: false'));
    seal(bundle, manifestOf(bundle), 'profile.yaml');
    const other = await again('dist/mine');
    expect(other.code).toBe(6);
    expect(other.stderr).toMatch(/\n {2}vm\.conf: other bytes/);
    expect(other.stderr).toMatch(
      /\n {2}airhive\.apkovl\.tar\.gz: etc\/airhive\/firewall\.rules: other bytes/,
    );
    writeFileSync(path, 'machine: 4\n');
    seal(bundle, manifestOf(bundle), 'profile.yaml');
    const broken = await again('dist/mine');
    expect(broken.code).toBe(6);
    expect(broken.stderr).toContain('dist/mine/profile.yaml is not a profile that a bundle can be made from');
    expect(broken.stderr).toContain('dist/mine/profile.yaml:1:');
  });

  it('a profile in other words: its own comments', async () => {
    const { again, bundle } = await built(await sandbox());
    const path = join(bundle, 'profile.yaml');
    writeFileSync(path, `${readFileSync(path, 'utf8')}# by me\n`);
    seal(bundle, manifestOf(bundle), 'profile.yaml');
    const { code, stderr } = await again('dist/mine');
    expect([code, stderr]).toEqual([6, expect.stringContaining('profile.yaml: other bytes')]);
  });

  it('another ISO than the pin, and says when there is no pin to compare with', async () => {
    const { again, cwd, bundle } = await built(await sandbox());
    const pins = RELEASES.replace(/sha256: .{64}/, `sha256: ${'ab'.repeat(32)}`);
    writeFileSync(join(cwd, 'other.yaml'), pins);
    const other = await again('dist/mine', '--releases', 'other.yaml');
    expect([other.code, other.stderr]).toEqual([
      6,
      expect.stringMatching(/boots another .*\.iso: its SHA-256 is .*, the pin of other\.yaml says abab/),
    ]);
    writeFileSync(join(cwd, 'older.yaml'), RELEASES.replaceAll('3.24.1', '3.24.0'));
    const none = await again('dist/mine', '--releases', 'older.yaml');
    expect(none.code).toBe(0);
    expect(none.stderr).toContain(`older.yaml has none: compare its SHA-256 with Alpine's`);
    const manifest = manifestOf(bundle);
    const release = { ...(manifest.resolved.release as object), floor: 'much' };
    const bytes = encodeManifest({ ...manifest, resolved: { ...manifest.resolved, release } });
    writeFileSync(join(bundle, 'manifest.json'), bytes);
    seal(bundle, JSON.parse(bytes) as typeof manifest);
    const bad = await again('dist/mine', '--json');
    expect([bad.code, kindOf(bad.stdout)]).toEqual([6, 'verification']);
  });

  it('packages that no known key has signed, and a lock of something else', async () => {
    const { again, cwd, bundle } = await built(await sandbox());
    mkdirSync(join(cwd, 'strangers'));
    const stranger = newSigner('stranger-00000001.rsa.pub');
    writeFileSync(join(cwd, 'strangers', stranger.name), stranger.publicKey);
    const { code, stderr } = await again('dist/mine', '--keys', 'strangers');
    expect(code).toBe(6);
    expect(stderr).toMatch(/\n {2}dnsmasq-2\.91-r0\.apk: it is signed with a key that is not known/);
    const path = join(bundle, 'lock.json');
    const lock = decodeLock(readFileSync(path, 'utf8'))!;
    writeFileSync(path, encodeLock({ ...lock, asked: { ...lock.asked, packages: ['dnsmasq'] } }));
    seal(bundle, manifestOf(bundle), 'lock.json');
    const other = await again('dist/mine');
    expect([other.code, other.stderr]).toEqual([
      6,
      expect.stringContaining('lock.json in dist/mine is not the lock of its profile'),
    ]);
  });

  it('a tar that was packed in another way', async () => {
    const { again, cwd } = await built(await sandbox());
    const tar = readFileSync(join(cwd, 'dist/mine.tar'));
    writeFileSync(join(cwd, 'longer.tar'), Buffer.concat([tar, Buffer.alloc(512)]));
    expect((await runInside(['verify', 'longer.tar'], { cwd })).code).toBe(0);
    const { code, stderr } = await again('longer.tar');
    expect([code, stderr]).toEqual([6, expect.stringContaining('the same files, packed in another way')]);
  });

  it('options that mean nothing without it (exit 2)', async () => {
    const { code, stderr } = await runInside(['verify', '--offline', '/nowhere']);
    expect([code, stderr]).toEqual([2, expect.stringContaining('--offline goes with --rebuild')]);
  });
});
