import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Spec, Validation } from '@cyclonedx/cyclonedx-library';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { readFat } from '../fixtures/fat-reader.ts';
import { deadMirrorUrl } from '../mirror/mirror.ts';
import { INTEL } from '../packages/firmware-packages.ts';
import { MAIN, mirrorFiles, newSigner, PACKAGES, SIGNER } from '../packages/repository.ts';
import { runInside, unwrapped } from './command.ts';
import { sandbox, withFirmware } from './rooms.ts';
import { PIN, profileText, RELEASES } from './projects.ts';

const NAMES = ['dnsmasq', 'dnsmasq-common', 'dnsmasq-openrc', 'iptables', 'iptables-openrc', 'libxtables'];
const IPTABLES = `${MAIN}/iptables-1.8.13-r0.apk`;
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** The tests' profile with a group that has some keys more. */
function changedProfile(groups: object): string {
  const all = parse(profileText()) as Record<string, object>;
  return stringify({
    ...all,
    ...Object.fromEntries(
      Object.entries(groups).map(([name, keys]) => [name, { ...all[name], ...(keys as object) }]),
    ),
  });
}

const onVdisk = (image: Buffer) => readFat(image).files.filter(({ path }) => path.startsWith('apks/'));

describe('a bundle with its packages', () => {
  it('has each as the mirror had it, listed in manifest and lock, and is found right', async () => {
    const { cwd, files, mirror, run, at, manifest } = await sandbox();
    const { code, stdout } = await run('build', mirror, '--require-complete', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      iso: { deferred: false },
      packages: { deferred: false, wanted: ['dnsmasq', 'iptables'], count: NAMES.length },
      firmware: { deferred: false, wanted: [], count: 0 },
    });
    const found = onVdisk(at('dist/mine/disk0.img'));
    expect(found.map(({ path }) => path)).toEqual(
      NAMES.map((name) => `apks/${name}-${name.startsWith('dns') ? '2.91' : '1.8.13'}-r0.apk`),
    );
    for (const { path, bytes } of found)
      expect(bytes.equals(files[path.replace('apks', MAIN)] as Buffer)).toBe(true);
    expect(manifest().vdisk).toEqual(
      found.map(({ path, bytes }) => ({ path, size: bytes.length, sha256: sha256(bytes) })),
    );
    expect(manifest().missing).toEqual({ packages: [], firmware: [] });
    expect(at('dist/mine/SHA256SUMS').toString()).toContain('  lock.json\n');
    for (const path of ['dist/mine', 'dist/mine.tar'])
      expect((await runInside(['verify', '--public', path], { cwd })).code).toBe(0);
  });

  it('is the same from the cache, from its lock, and from another bundle, without a network', async () => {
    const { cwd, mirror, run, at } = await sandbox();
    expect((await run('build', mirror)).code).toBe(0);
    const tar = at('dist/mine.tar');
    const dead = await deadMirrorUrl();
    const again = async (...more: string[]) => {
      const { code, stderr } = await run('build', dead, '--out', 'again', '--require-complete', ...more);
      expect([code, stderr]).toEqual([0, expect.any(String)]);
      expect(at('again/mine.tar').equals(tar)).toBe(true);
      rmSync(join(cwd, 'again'), { recursive: true });
      return stderr;
    };
    await again('--offline');
    // The index cannot be had again; the one of before will do, and that is said.
    expect(await again()).toContain('The one of 2026-06-20T12:00:00Z in the cache is used.');
    const iso = ['--cache', 'empty', '--iso', `dist/mine/iso/${PIN.file}`];
    await again(...iso, '--lock', 'dist/mine');
    await again(...iso, '--lock', 'dist/mine.tar');
    expect((await run('lock', mirror)).code).toBe(0);
    expect(at('mine.lock.json').equals(at('dist/mine/lock.json'))).toBe(true);
    // With a lock no index is asked for.
    expect(await again()).not.toContain('APKINDEX');
    expect(await again('--lock', 'mine.lock.json')).not.toContain('APKINDEX');
  });

  it('keeps to its lock, though the mirror has newer packages', async () => {
    const { files, mirror, run, at } = await sandbox();
    expect((await run('build', mirror)).code).toBe(0);
    expect((await run('lock', mirror)).code).toBe(0);
    const newer = PACKAGES.map(({ V, ...rest }) =>
      rest.P === 'iw' ? { ...rest, V: '9-r0' } : { ...rest, ...(V ? { V } : {}) },
    );
    Object.assign(
      files,
      await mirrorFiles([...newer, { P: 'dnsmasq', V: '2.92-r0', D: 'dnsmasq-common=2.91-r0' }]),
    );
    const tar = at('dist/mine.tar');
    expect((await run('build', mirror, '--cache', 'empty', '--out', 'two')).code).toBe(0);
    expect(at('two/mine.tar').equals(tar)).toBe(true);
  });
});

interface Locked {
  readonly packages: readonly { name: string; sha256: string }[];
  readonly firmware: readonly {
    name: string;
    sha256: string;
    files: readonly { path: string; sha256: string }[];
  }[];
}

interface Part {
  readonly name?: string;
  readonly hashes?: readonly { content: string }[];
  readonly components?: readonly Part[];
}

/** Name and hash of every part, at any depth. */
const partsIn = ({ name, hashes, components = [] }: Part): string[] => [
  ...(hashes ?? []).map(({ content }) => `${name ?? ''} ${content}`),
  ...components.flatMap(partsIn),
];

describe('firmware', () => {
  const FILES = [
    'iwlwifi-ty-a0-gf-a0-86.ucode.zst',
    'iwlwifi-ty-a0-gf-a0-89.ucode.zst',
    'iwlwifi-ty-a0-gf-a0.pnvm.zst',
  ];

  it('of a card that finds none on the ISO is in the bundle, under both names, and its package is not', async () => {
    const { cwd, mirror, run, at, manifest } = await withFirmware();
    const { code, stdout } = await run('build', mirror, '--require-complete', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      firmware: { deferred: false, wanted: ['iwlwifi-ty-a0-gf-a0-*.ucode', 'iwlwifi-ty-a0-gf-a0.pnvm'] },
    });
    const found = new Map(
      readFat(at('dist/mine/disk0.img')).files.map(({ path, bytes }) => [path, bytes.toString('latin1')]),
    );
    for (const name of FILES) {
      expect(found.get(`firmware/${name}`)).toBe(found.get(`firmware/intel/iwlwifi/${name}`));
      expect(found.get(`firmware/${name}`)).toMatch(/^(ucode|pnvm)/);
    }
    expect(
      [...found.keys()].filter((path) => /-(77|83)\.ucode|linux-firmware-intel.*apk/.test(path)),
    ).toEqual([]);
    expect([...found.keys()].some((path) => /^firmware\/LICEN[CS]E/.test(path))).toBe(true);
    expect(manifest().missing).toEqual({ packages: [], firmware: [] });
    expect((await runInside(['verify', '--public', 'dist/mine'], { cwd })).code).toBe(0);
    expect(at('dist/mine/vm.conf').toString()).toContain("FIRMWARE_MISSING=''");
  });

  it('is the same from the cache, from the lock and from the bundle', async () => {
    const { cwd, mirror, run, at } = await withFirmware();
    expect((await run('build', mirror)).code).toBe(0);
    const tar = at('dist/mine.tar');
    const dead = await deadMirrorUrl();
    const iso = ['--cache', 'empty', '--iso', `dist/mine/iso/${PIN.file}`];
    for (const more of [
      ['--offline'],
      [...iso, '--lock', 'dist/mine.tar'],
      ['--lock', 'dist/mine/lock.json'],
    ]) {
      const { code, stderr } = await run('build', dead, '--out', 'again', '--require-complete', ...more);
      expect([code, stderr]).toEqual([0, expect.any(String)]);
      expect(at('again/mine.tar').equals(tar)).toBe(true);
      rmSync(join(cwd, 'again'), { recursive: true });
    }
  });

  it('and all else that is in the lock stands in the list of parts, which is CycloneDX by its official schema', async () => {
    const { mirror, run, at } = await withFirmware();
    expect((await run('build', mirror)).code).toBe(0);
    const text = at('dist/mine/sbom.cdx.json').toString();
    expect(await new Validation.JsonStrictValidator(Spec.Version.v1dot6).validate(text)).toBeNull();
    const { packages, firmware } = JSON.parse(at('dist/mine/lock.json').toString()) as Locked;
    const listed = partsIn(JSON.parse(text) as Part);
    for (const { name, sha256: digest } of [...packages, ...firmware])
      expect(listed).toContain(`${name} ${digest}`);
    for (const { path, sha256: digest } of firmware.flatMap(({ files }) => files))
      expect(listed).toContain(`firmware/${path} ${digest}`);
    expect(listed).toContain(`alpine-standard ${PIN.sha256}`);
  });

  it('is taken from its package once for a lock; one damaged in the cache is taken again', async () => {
    const { cwd, mirror, run, at } = await withFirmware();
    expect((await run('lock', mirror)).code).toBe(0);
    expect((await run('build', mirror)).code).toBe(0);
    const tar = at('dist/mine.tar');
    const kept = join(cwd, 'cache/firmware/sha256');
    const lock = JSON.parse(at('mine.lock.json').toString()) as { firmware: [{ checksum: string }] };
    const apk = join(cwd, `cache/apk/sha1/${lock.firmware[0].checksum}.apk`);
    const [first = ''] = readdirSync(kept);
    renameSync(apk, `${apk}.away`);
    const dead = await deadMirrorUrl();
    expect((await run('build', dead, '--require-complete')).code).toBe(0);
    writeFileSync(join(kept, first), 'damaged');
    expect((await run('build', dead, '--require-complete')).code).toBe(5);
    renameSync(`${apk}.away`, apk);
    expect((await run('build', dead, '--require-complete')).code).toBe(0);
    expect(at('dist/mine.tar').equals(tar)).toBe(true);
    expect(readFileSync(join(kept, first), 'utf8')).not.toBe('damaged');
  });

  it('that no package has is said, by the build, in the manifest and for the host', async () => {
    const { run, mirror, at, manifest } = await withFirmware([['other.bin', 'of another card']]);
    const wanted = ['iwlwifi-ty-a0-gf-a0-*.ucode', 'iwlwifi-ty-a0-gf-a0.pnvm'];
    for (const more of [[], ['--lock', 'dist/mine']]) {
      const { code, stderr } = await run('build', mirror, ...more);
      expect(code).toBe(0);
      expect(unwrapped(stderr)).toContain(
        `THIS FIRMWARE IS NOT IN THE BUNDLE: ${wanted.join(' ')}. no package of this release has it`,
      );
      expect(manifest().missing.firmware).toEqual(wanted);
      expect(at('dist/mine/vm.conf').toString()).toContain(`FIRMWARE_MISSING='${wanted.join(' ')}'`);
    }
    expect((await run('build', mirror, '--require-complete')).code).toBe(5);
  });

  it('that no package has is only said when there is other firmware for the card', async () => {
    const entries = INTEL.filter(([name]) => !name.includes('pnvm'));
    const { run, mirror, at, manifest } = await withFirmware(entries);
    for (const more of [[], ['--lock', 'dist/mine']]) {
      const { code, stderr } = await run('build', mirror, '--require-complete', ...more);
      expect(code).toBe(0);
      expect(unwrapped(stderr)).toContain(
        'no package of this release has the firmware iwlwifi-ty-a0-gf-a0.pnvm; other files',
      );
      expect(manifest().missing.firmware).toEqual([]);
      expect(at('dist/mine/vm.conf').toString()).toContain("FIRMWARE_MISSING=''");
    }
  });

  it('without a network is left out, with its own line', async () => {
    const { run, manifest } = await withFirmware();
    const { code, stderr } = await run('build', await deadMirrorUrl(), '--offline');
    expect(code).toBe(0);
    expect(unwrapped(stderr)).toMatch(
      /THIS FIRMWARE IS NOT IN THE BUNDLE: iwlwifi-ty-a0-gf-a0-\*\.ucode iwlwifi-ty-a0-gf-a0\.pnvm\. /,
    );
    expect(manifest().missing.firmware).toHaveLength(2);
  });
});

describe('a lock that is not kept', () => {
  it.each<[string, object, string[]]>([
    [
      'another package is wanted',
      { alpine: { release: '3.24.1', packages: ['tcpdump'] } },
      ['package tcpdump is wanted and not in the lock'],
    ],
    [
      'more is wanted of the ISO',
      { network: { ipv6: 'fd12:3456:789a::/64' } },
      ['package ip6tables is wanted and not in the lock'],
    ],
  ])('%s: 6, by name, and nothing is changed', async (_what, groups, lines) => {
    const { cwd, mirror, run, at } = await sandbox();
    expect((await run('build', mirror)).code).toBe(0);
    expect((await run('lock', mirror)).code).toBe(0);
    const tar = at('dist/mine.tar');
    writeFileSync(join(cwd, 'mine.yaml'), changedProfile(groups));
    const requests = mirror.requests.length;
    const { code, stderr } = await run('build', mirror);
    expect(code).toBe(6);
    expect(stderr).toContain(['mine.lock.json is not the lock of this profile:', ...lines].join('\n  '));
    expect(stderr).toContain('airhive lock');
    expect(mirror.requests).toHaveLength(requests);
    expect(at('dist/mine.tar').equals(tar)).toBe(true);
  });

  it('another ISO is pinned now', async () => {
    const { cwd, mirror, run } = await sandbox();
    expect((await run('lock', mirror)).code).toBe(0);
    writeFileSync(join(cwd, 'pins.yaml'), RELEASES.replace(PIN.sha256, 'f'.repeat(64)));
    const { code, stderr } = await run('build', mirror);
    expect(code).toBe(6);
    expect(stderr).toContain(`the ISO is ${PIN.file} with SHA-256 ${PIN.sha256} in the lock`);
  });

  it('a locked package is gone from the mirrors: 5, with the version that is there now', async () => {
    const { files, mirror, run } = await sandbox();
    expect((await run('lock', mirror)).code).toBe(0);
    expect((await run('build', mirror, '--out', 'old')).code).toBe(0);
    const newer = PACKAGES.map((one) => (one.P?.startsWith('dnsmasq') ? one : { ...one, V: '1.8.14-r0' }));
    Reflect.deleteProperty(files, IPTABLES);
    Object.assign(files, await mirrorFiles(newer));
    const gone = await run('build', mirror, '--cache', 'empty');
    expect(gone.code).toBe(5);
    expect(gone.stderr).toContain(
      'the mirrors do not have iptables 1.8.13-r0, which the lock names; they have 1.8.14-r0',
    );
    expect(gone.stderr).toContain('--lock BUNDLE');
    expect((await run('build', mirror, '--cache', 'empty', '--lock', 'old/mine')).code).toBe(0);
  });

  it('a mirror has other bytes under the same name and checksum: 6', async () => {
    const { cwd, files, mirror, run } = await sandbox();
    const before = files[IPTABLES] as Buffer;
    expect((await run('lock', mirror)).code).toBe(0);
    // Signed anew by a second key that is believed: only the SHA-256 of the whole shows it.
    // How well a signature packs is chance.
    for (
      let number = 2;
      files[IPTABLES] === before || (files[IPTABLES] as Buffer).length !== before.length;
      number++
    ) {
      const second = newSigner(SIGNER.name.replace('00000001', String(20_000_000 + number)));
      writeFileSync(join(cwd, 'keys', second.name), second.publicKey);
      files[IPTABLES] = (await mirrorFiles(PACKAGES, { iptables: { signer: second } }))[IPTABLES]!;
    }
    const { code, stderr } = await run('build', mirror, '--cache', 'empty');
    expect(stderr).toContain(
      'iptables-1.8.13-r0.apk is another file than the one in the lock: its SHA-256 is ',
    );
    expect(code).toBe(6);
  });

  it.each([
    ['not there', undefined, 7, /cannot read other\.json: no such file/],
    ['no lock', 'hello', 2, /other\.json is there, and is not a lock of this airhive/],
  ])('--lock names a file that is %s', async (_what, text, code, message) => {
    const { cwd, mirror, run } = await sandbox();
    if (text !== undefined) writeFileSync(join(cwd, 'other.json'), text);
    const ended = await run('build', mirror, '--lock', 'other.json');
    expect(ended.stderr).toMatch(message);
    expect(ended.code).toBe(code);
    expect(existsSync(join(cwd, 'dist'))).toBe(false);
  });

  it('--lock names a bundle that was built without a network', async () => {
    const { run } = await sandbox();
    const dead = await deadMirrorUrl();
    expect((await run('build', dead, '--offline')).code).toBe(0);
    const ended = await run('build', dead, '--lock', 'dist/mine');
    expect(ended.stderr).toContain('there is no lock.json of this airhive in dist/mine');
    expect(ended.code).toBe(2);
  });
});

describe('without a network', () => {
  it('all the rest is made, exit 0, with a line for what is not in it; --require-complete is 5', async () => {
    for (const more of [[], ['--offline']]) {
      const { cwd, run, at, manifest } = await sandbox();
      const dead = await deadMirrorUrl();
      const { code, stdout, stderr } = await run('build', dead, '--json', ...more);
      expect(code).toBe(0);
      expect(stderr).toContain('warning: THE ISO IS NOT IN THE BUNDLE.');
      expect(unwrapped(stderr)).toMatch(
        /warning: THESE PACKAGES ARE NOT IN THE BUNDLE: dnsmasq iptables\. .*APKINDEX/,
      );
      expect(JSON.parse(stdout)).toMatchObject({
        packages: {
          deferred: true,
          missing: ['dnsmasq', 'iptables'],
          reason: expect.stringContaining('APKINDEX') as string,
        },
      });
      expect(manifest().missing).toEqual({ packages: ['dnsmasq', 'iptables'], firmware: [] });
      expect(manifest().vdisk).toEqual([]);
      expect(existsSync(join(cwd, 'dist/mine/lock.json'))).toBe(false);
      expect(readFat(at('dist/mine/disk0.img')).files).toHaveLength(1);
      expect((await runInside(['verify', 'dist/mine'], { cwd })).code).toBe(0);
      const tar = at('dist/mine.tar');
      const refused = await run('build', dead, '--require-complete', ...more);
      expect(refused.code).toBe(5);
      expect(refused.stderr).toContain('the bundle would not be complete: ');
      expect(at('dist/mine.tar').equals(tar)).toBe(true);
      expect(readdirSync(join(cwd, 'dist')).sort()).toEqual(['mine', 'mine.pkg', 'mine.tar']);
    }
  });

  it('with a lock, too, when nothing of it is in the cache', async () => {
    const { run, mirror, manifest } = await sandbox();
    expect((await run('lock', mirror)).code).toBe(0);
    const { code, stderr } = await run('build', await deadMirrorUrl(), '--cache', 'empty');
    expect(code).toBe(0);
    expect(unwrapped(stderr)).toMatch(
      /THESE PACKAGES ARE NOT IN THE BUNDLE: dnsmasq iptables\. .*dnsmasq-2\.91-r0\.apk/,
    );
    expect(manifest().missing.packages).toEqual(['dnsmasq', 'iptables']);
  });

  it('a wrong package is 6 all the same, and nothing is changed', async () => {
    const { cwd, files, mirror, run, at } = await sandbox();
    expect((await run('build', await deadMirrorUrl(), '--offline')).code).toBe(0);
    const tar = at('dist/mine.tar');
    const bytes = Buffer.from(files[IPTABLES] as Buffer);
    bytes[bytes.length - 1]! ^= 1;
    files[IPTABLES] = bytes;
    const { code, stderr } = await run('build', mirror);
    expect(code).toBe(6);
    expect(stderr).toContain('iptables-1.8.13-r0.apk sent a wrong file');
    expect(at('dist/mine.tar').equals(tar)).toBe(true);
    expect(readdirSync(join(cwd, 'dist')).sort()).toEqual(['mine', 'mine.pkg', 'mine.tar']);
  });
});
