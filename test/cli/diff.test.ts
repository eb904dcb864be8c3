import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { FakeClock } from '../inputs/clock.ts';
import { firmwareApk } from '../packages/firmware-packages.ts';
import { apkOf, indexOf, MAIN, mirrorFiles, PACKAGES } from '../packages/repository.ts';
import { manifestOf, seal } from '../verify/bundles.ts';
import { runInside } from './command.ts';
import { profileText } from './projects.ts';
import { CARD, sandbox, withFirmware } from './rooms.ts';

type Room = Awaited<ReturnType<typeof sandbox>>;

async function build({ run, mirror }: Room, out: string, ...more: string[]): Promise<void> {
  const { code, stderr } = await run('build', mirror, '--out', out, ...more);
  expect([code, stderr]).toEqual([0, expect.any(String)]);
}

const diff = ({ cwd }: Room, ...words: string[]) => runInside(['diff', ...words], { cwd });

/** The tests' profile with some keys of its groups changed. */
function writeProfile({ cwd }: Room, groups: Readonly<Record<string, object>>): void {
  const all = parse(profileText()) as Record<string, object>;
  const changed = Object.entries(groups).map(([name, keys]) => [name, { ...all[name], ...keys }]);
  writeFileSync(join(cwd, 'mine.yaml'), stringify({ ...all, ...Object.fromEntries(changed) }));
}

describe('airhive diff', () => {
  it('of a bundle with its tar, and with a build of its profile, is nothing (exit 0)', async () => {
    const room = await sandbox();
    await build(room, 'dist');
    const same = await diff(room, 'dist/mine', 'dist/mine.tar');
    expect(same).toEqual({
      code: 0,
      stdout: 'dist/mine and dist/mine.tar: the same, byte for byte\n',
      stderr: '',
    });
    const words = [
      '--profile',
      './mine.yaml',
      '--releases',
      'pins.yaml',
      '--keys',
      'keys',
      '--cache',
      'cache',
    ];
    const built = await diff(room, 'dist/mine', ...words, '--offline', '--json');
    expect(built.code).toBe(0);
    expect(JSON.parse(built.stdout)).toEqual({
      format: 1,
      ok: true,
      before: { bundle: 'dist/mine', profile: 'mine', airhive: '1.2.3' },
      after: { bundle: 'a build of mine', profile: 'mine', airhive: '1.2.3' },
      same: true,
    });
  });

  it('says in words what a changed profile makes, settings by their keys and rules one by one (exit 6)', async () => {
    const room = await sandbox();
    await build(room, 'one');
    writeProfile(room, {
      machine: { memory: '512M' },
      ssh: { reverse: false },
      firewall: { forwards: [{ protocol: 'tcp', port: 8080, to: 80 }] },
    });
    await build(room, 'two');
    const { code, stdout, stderr } = await diff(room, 'one/mine', 'two/mine.tar');
    expect([code, stderr]).toEqual([6, '']);
    const [first = '', ...lines] = stdout.split('\n');
    expect(first).toBe('one/mine, then two/mine.tar:');
    const at = lines.indexOf('settings of the profile:');
    expect(lines.slice(at + 1, at + 5).toSorted()).toEqual([
      '  firewall.forwards[0].port: new, 8080',
      '  firewall.forwards[0].protocol: new, tcp',
      '  firewall.forwards[0].to: new, 80',
      '  machine.memory: 384M -> 512M',
    ]);
    expect(lines).toContain('  ssh.reverse: true -> false');
    const rules = lines.indexOf('firewall rules:');
    expect(lines[rules + 1]).toBe('  guest:/etc/airhive/firewall.rules:');
    expect(lines.slice(rules).filter((line) => /^ {4}- .*--dport 2210 /.test(line))).not.toEqual([]);
    expect(lines.slice(rules).filter((line) => /^ {4}\+ .*--dport 8080 /.test(line))).not.toEqual([]);
    expect(stdout).toMatch(/\n {2}host:vm\.conf: \d+ lines? new, \d+ lines? gone\n/);
    expect(stdout).toMatch(/\nand with that .*manifest\.json.*\n$/);
    expect(stdout).not.toContain('packages:');
  });

  it('names packages, firmware and the version of airhive', async () => {
    const room = await withFirmware();
    await build(room, 'one');
    const newer = PACKAGES.map((fields) => {
      const next = Object.entries({ V: '2.91-r0', ...fields }).map(([key, value]) => [
        key,
        value.replaceAll('2.91', '2.92'),
      ]);
      return fields.P?.startsWith('dnsmasq') ? (Object.fromEntries(next) as typeof fields) : fields;
    });
    const firmware = await firmwareApk('linux-firmware-intel', [
      ['intel/iwlwifi/iwlwifi-ty-a0-gf-a0-89.ucode.zst', 'ucode of tomorrow'],
    ]);
    const records = [...(await Promise.all(newer.map((fields) => apkOf(fields)))), firmware];
    Object.assign(room.files, await mirrorFiles(newer), { [`${MAIN}/${firmware.file}`]: firmware.bytes });
    room.files[`${MAIN}/APKINDEX.tar.gz`] = await indexOf(
      records.map(({ record }) => `${record}\n`).join(''),
    );
    await build(room, 'two', '--cache', 'other');
    const bundle = join(room.cwd, 'two/mine');
    seal(bundle, { ...manifestOf(bundle), airhive: '2.0.0' });
    const { code, stdout } = await diff(room, 'one/mine', 'two/mine');
    expect(code).toBe(6);
    const lines = stdout.split('\n');
    expect(lines[1]).toBe('airhive: 1.2.3 -> 2.0.0');
    expect(lines.slice(lines.indexOf('packages:')).slice(1, 4)).toEqual([
      '  dnsmasq: 2.91-r0 -> 2.92-r0',
      '  dnsmasq-common: 2.91-r0 -> 2.92-r0',
      '  dnsmasq-openrc: 2.91-r0 -> 2.92-r0',
    ]);
    expect(stdout).toMatch(
      /\nfirmware:\n(.*\n)* {2}intel\/iwlwifi\/iwlwifi-ty-a0-gf-a0-89\.ucode\.zst: [0-9a-f]{12} of linux-firmware-intel \S+ -> [0-9a-f]{12} of linux-firmware-intel /,
    );
    expect(stdout).toMatch(/ {2}iwlwifi-ty-a0-gf-a0-86\.ucode\.zst: gone, was /);
    const { stdout: json } = await diff(room, 'one/mine', 'two/mine', '--json');
    expect(JSON.parse(json)).toMatchObject({
      ok: true,
      same: false,
      differences: {
        bundle: [{ name: 'airhive', before: '1.2.3', after: '2.0.0' }],
        packages: [
          { name: 'dnsmasq', before: '2.91-r0', after: '2.92-r0' },
          { name: 'dnsmasq-common', before: '2.91-r0', after: '2.92-r0' },
          { name: 'dnsmasq-openrc', before: '2.91-r0', after: '2.92-r0' },
        ],
        settings: [],
        firewall: [],
        scripts: [],
      },
    });
  });

  it('says what is missing from one that was built without a network', async () => {
    const room = await sandbox(CARD);
    await build(room, 'one', '--offline');
    writeProfile(room, {});
    await build(room, 'two');
    const { stdout } = await diff(room, 'one/mine', 'two/mine');
    expect(stdout).toContain('  dnsmasq: missing from the bundle -> 2.91-r0\n');
    expect(stdout).toContain('  iwlwifi-ty-a0-gf-a0.pnvm: gone, was missing from the bundle\n');
  });

  it('counts the lines of scripts, and knows modes, order, what is new and what starts it', async () => {
    const room = await sandbox();
    await build(room, 'one');
    await build(room, 'two');
    const bundle = join(room.cwd, 'two/mine');
    const change = (path: string, by: (text: string) => string) => {
      writeFileSync(join(bundle, path), by(readFileSync(join(bundle, path), 'utf8')));
      seal(bundle, manifestOf(bundle), path);
    };
    change('vm_run', (text) => `${text}# one\n# two\n`);
    change('lib/common', (text) => text.replace(/^.*\n/, ''));
    change('vm.conf', (text) => text.split('\n').reverse().join('\n'));
    change('device.map', () => '\0');
    const { stdout } = await diff(room, 'one/mine', 'two/mine');
    expect(stdout).toContain(
      [
        'one/mine, then two/mine:',
        'scripts:',
        '  host:lib/common: 1 line gone',
        '  host:vm_run: 2 lines new',
        'other files:',
        '  host:device.map: other bytes',
        '  host:vm.conf: the same lines in another order',
        'and with that SHA256SUMS, manifest.json\n',
      ].join('\n'),
    );
  });

  it('names the page when nothing else says why it differs, and counts it in when something does', async () => {
    const room = await sandbox();
    await build(room, 'one');
    await build(room, 'two');
    const bundle = join(room.cwd, 'two/mine');
    const append = (path: string, text: string) => {
      writeFileSync(join(bundle, path), `${readFileSync(join(bundle, path), 'utf8')}${text}\n`);
      seal(bundle, manifestOf(bundle), path);
    };
    append('overview.html', '<script src="https://example.org/"></script>');
    const alone = await diff(room, 'one/mine', 'two/mine');
    expect(alone.stdout.split('\n').slice(1)).toEqual([
      'other files:',
      '  host:overview.html: 1 line new',
      'and with that SHA256SUMS, manifest.json',
      '',
    ]);
    append('vm_run', '# one');
    const { stdout } = await diff(room, 'one/mine', 'two/mine');
    expect(stdout.split('\n').slice(1)).toEqual([
      'scripts:',
      '  host:vm_run: 1 line new',
      'and with that SHA256SUMS, manifest.json, overview.html',
      '',
    ]);
  });

  it('compares all but the settings with a bundle of before, which has no profile', async () => {
    const room = await sandbox();
    await build(room, 'one');
    await build(room, 'two');
    const bundle = join(room.cwd, 'one/mine');
    rmSync(join(bundle, 'profile.yaml'));
    const manifest = manifestOf(bundle);
    seal(bundle, { ...manifest, files: manifest.files.filter(({ path }) => path !== 'profile.yaml') });
    const sums = join(bundle, 'SHA256SUMS');
    writeFileSync(sums, readFileSync(sums, 'utf8').replace(/.* {2}profile\.yaml\n/, ''));
    const { code, stdout } = await diff(room, 'one/mine', 'two/mine');
    expect(code).toBe(6);
    expect(stdout).toContain('settings of the profile: not compared, there is no profile.yaml in one/mine\n');
  });

  it('refuses what is damaged, what is no bundle, and words that mean nothing', async () => {
    const room = await sandbox();
    await build(room, 'dist');
    const { code: none } = await diff(room, 'dist/mine', '.');
    expect(none).toBe(6);
    expect((await diff(room, 'dist/mine', 'nowhere')).code).toBe(7);
    for (const words of [[], ['dist/mine', '--profile', 'intel8260'], ['dist/mine', '--offline']]) {
      const { code, stderr } = await diff(room, 'dist/mine', ...words);
      expect([code, stderr]).toEqual([2, expect.stringContaining('error: ')]);
    }
    writeFileSync(join(room.cwd, 'dist/mine/vm_run'), 'echo\n');
    const { code, stdout, stderr } = await diff(room, 'dist/mine', 'dist/mine.tar');
    expect([code, stdout]).toEqual([6, '']);
    expect(stderr).toContain('dist/mine is not as it has to be:\n  vm_run: its SHA-256');
  });

  it('takes what build takes for --profile, writes no bundle, and warns of what could not be had', async () => {
    const room = await sandbox();
    await build(room, 'dist');
    const words = ['--releases', 'pins.yaml', '--keys', 'keys', '--cache', 'none', '--offline'];
    const world = { cwd: room.cwd, clock: new FakeClock() };
    const profile = ['--profile', './mine.yaml'];
    const { code, stdout, stderr } = await runInside(['diff', 'dist/mine', ...profile, ...words], world);
    expect(code).toBe(6);
    expect(stderr).toContain('THESE PACKAGES ARE NOT IN THE BUNDLE: dnsmasq iptables');
    expect(stdout).toContain('  dnsmasq: 2.91-r0 -> missing from the bundle\n');
    const locked = [...profile, ...words, '--lock', 'dist/mine.tar'];
    expect((await runInside(['diff', 'dist/mine', ...locked], world)).code).toBe(0);
  });
});
