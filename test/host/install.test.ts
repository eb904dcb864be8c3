import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { run } from '../fixtures/scratch.ts';
import { intel8260 } from './bundle.ts';
import { apply, done, filesOf, laptop, newer } from './installing.ts';
import { treeBelow } from './tree.ts';

describe('vm_install apply', () => {
  it('makes a laptop ready, and the reboot brings the guest', async () => {
    const machine = laptop();
    const ended = await apply(machine);
    expect(ended.said).toMatch(/reboot now, to change this: .*held by iwm0/);
    expect(await machine.reboot()).toMatchObject({ code: 0 });
    expect(machine.guests()).not.toEqual([]);
    expect(machine.get('routes')).toContain('default 172.24.1.1 bridge0');
    expect((await done(machine, 'vm_install', 'check')).said).toContain('tap0 is in use by the guest');
  });

  it('does not take a file that it cannot read for one that sets nothing', async () => {
    const machine = laptop();
    const before = filesOf(machine);
    machine.replace(
      'awk',
      `case "$*" in *snippets/resolvconf.conf) exit 2 ;; *) exec /usr/bin/awk "$@" ;; esac`,
    );
    const { code, said } = await machine.call('vm_install', 'apply', '--yes');
    expect(said).toContain('cannot read');
    expect(code).toBe(7);
    expect(filesOf(machine)).toEqual(before);
  });

  it('installs the whole bundle, the networks and the keys', async () => {
    const machine = laptop();
    await apply(machine);
    const current = join(machine.directory, 'current');
    expect(treeBelow(current)).toEqual(treeBelow(machine.bundle));
    expect((await done(machine, join(current, 'vm_site'), 'list')).said).toContain('Home sweet home');
    for (const key of ['admin', 'tunnel', 'guest_host'])
      expect(existsSync(join(machine.data, 'keys', key))).toBe(true);
    const data = treeBelow(machine.data);
    for (const kind of Object.values(data)) expect(kind).toMatch(/^(folder 700|file 600 )/);
    // As FreeBSD's man(1) does, which is mandoc's, in /usr/local/share/man. airhive-profile(5) is a real build's alone.
    const pages = join(machine.local, 'share/man');
    expect(run('mman', ['-M', pages, '-w', 'airhive']).toString()).toContain('man8/airhive.8');
    expect(existsSync(join(current, 'troubleshooting.md'))).toBe(true);
    // The other one is for FreeBSD 13.
    expect(readdirSync(join(machine.local, 'etc/devd'))).toEqual(['airhive.conf']);
  });

  it('changes nothing when it runs again, before and after the reboot', async () => {
    const machine = laptop();
    await apply(machine);
    const files = filesOf(machine);
    const record = treeBelow(join(machine.var, 'db'));
    expect((await apply(machine)).said).toContain('nothing to change');
    await machine.reboot();
    const ended = await apply(machine);
    expect(ended.said).toContain('nothing to change');
    expect(ended.said).toContain('no reboot is needed; the guest is running');
    expect(treeBelow(join(machine.var, 'db'))).toEqual(record);
    expect(filesOf(machine).slice(1)).toEqual(files.slice(1));
  });

  it('--dry-run shows every line and changes nothing', async () => {
    const machine = laptop();
    const leaveOut = /^(state|said-\d+$|var\/run)/;
    const before = treeBelow(machine.root, leaveOut);
    const ended = await done(machine, 'vm_install', 'apply', '--dry-run');
    expect(treeBelow(machine.root, leaveOut)).toEqual(before);
    expect(ended.said).not.toContain('  fetch ');
    for (const line of [
      '+ pptdevs="4/0/0"',
      '- wlans_iwm0="wlan0"',
      '+ defaultrouter="172.24.1.1"',
      '--dry-run',
    ])
      expect(ended.said).toContain(line);
  });

  it('without a terminal wants --yes, after it has shown what it would do', async () => {
    const machine = laptop();
    const before = filesOf(machine);
    const ended = await machine.call('vm_install', 'apply');
    expect(ended.code).toBe(2);
    expect(ended.said).toContain('Run it again with --yes');
    expect(ended.said).toContain('+ airhive_enable="YES"');
    expect(filesOf(machine)).toEqual(before);
  });

  it('stops at an error before anything is changed', async () => {
    const machine = laptop();
    machine.put('acpi-tables', 'XSDT\nFACP\n');
    const before = filesOf(machine);
    const ended = await machine.call('vm_install', 'apply', '--yes');
    expect(ended.code).toBe(4);
    expect(ended.said).toContain('there is no IOMMU');
    expect(filesOf(machine)).toEqual(before);
    expect(existsSync(machine.directory)).toBe(false);
  });

  it('does not retire the old Wi-Fi while the ISO is missing', async () => {
    const machine = laptop({ iso: false });
    const before = filesOf(machine);
    const ended = await machine.call('vm_install', 'apply', '--yes');
    expect(ended.code).toBe(5);
    expect(ended.said).toContain(`  fetch ${intel8260.iso as string}\n`);
    expect(ended.said).toContain('without the ISO the guest cannot start; nothing was changed');
    expect(filesOf(machine)).toEqual(before);
  });

  it('says so when the guest would know no network', async () => {
    const machine = laptop();
    rmSync(join(machine.etc, 'wpa_supplicant.conf'));
    const ended = await apply(machine);
    expect(ended.said).toMatch(/knows no Wi-Fi network yet\. To add one: .*\/vm_site add NAME/);
    expect((await apply(machine)).said).not.toContain('knows no Wi-Fi network');
  });

  it('takes the site disk that lies beside the bundle, and makes only what it lacks', async () => {
    const machine = laptop();
    await done(machine, 'vm_site', 'add', 'elsewhere', '--open');
    const beside = `${machine.bundle}.site.img`;
    renameSync(join(machine.data, 'site.img'), beside);
    const bytes = readFileSync(beside);
    rmSync(machine.data, { recursive: true });
    const dry = await machine.call('vm_install', 'apply', '--dry-run');
    expect(dry.said).toContain(`copy ${beside} to ${machine.data}/site.img`);
    expect(existsSync(machine.data)).toBe(false);
    const { said } = await apply(machine);
    expect(said).toContain(`copied ${beside} to ${machine.data}/site.img; it holds passphrases`);
    expect(statSync(join(machine.data, 'site.img')).mode).toBe(0o100600);
    const listed = await machine.call('vm_site', 'list');
    expect(listed.said).toContain('"elsewhere"');
    expect(listed.said).not.toContain('Home sweet home');
    expect(readFileSync(beside)).toEqual(bytes);
    // It was taken, though the keys have changed data/site.img since.
    expect(readFileSync(join(machine.data, 'site.img'))).not.toEqual(bytes);
    expect((await apply(machine)).said).not.toContain('site.img');
  });

  it('leaves a site disk as it is that is there already, and says so', async () => {
    const machine = laptop();
    await apply(machine);
    const beside = `${machine.bundle}.site.img`;
    const mine = join(machine.data, 'site.img');
    cpSync(mine, beside);
    const newer = machine.addBundle('newer', { version: '0.2.0' });
    cpSync(mine, `${newer}.site.img`);
    const same = await machine.call(join(newer, 'vm_install'), 'apply', '--yes');
    expect([same.code, same.said]).toEqual([0, expect.not.stringContaining('site.img')]);
    writeFileSync(beside, 'other networks');
    const bytes = readFileSync(mine);
    const { said } = await apply(machine);
    expect(said).toContain(`${beside} is not taken: ${mine} is there already`);
    expect(readFileSync(mine)).toEqual(bytes);
    expect(readFileSync(beside, 'utf8')).toBe('other networks');
    const again = await apply(machine);
    expect(again.said).toMatch(/is not taken: .*\n.*nothing to change/);
  });

  it('says where the data of an older airhive lies, what to do with it, and touches nothing of it', async () => {
    const machine = laptop();
    await done(machine, 'vm_site', 'add', 'elsewhere', '--open');
    const old = join(machine.bundle, 'data');
    renameSync(machine.data, old);
    const before = treeBelow(old);
    const { said } = await apply(machine);
    const [, advice = ''] =
      new RegExp(`${old} is of an older airhive and is not used.*(mkdir .*), and run`).exec(said) ?? [];
    expect(advice).toBe(`mkdir -p ${machine.data} && cp -Rp ${old}/. ${machine.data}/`);
    expect(treeBelow(old)).toEqual(before);
    // As it says.
    execFileSync('/bin/sh', ['-c', advice]);
    expect((await apply(machine)).said).toContain('nothing to change');
    expect((await machine.call('vm_site', 'list')).said).toContain('"elsewhere"');
    expect(treeBelow(old)).toEqual(before);
  });

  it('needs a reboot for what sysctl.conf sets', async () => {
    const machine = laptop();
    await apply(machine);
    await machine.reboot();
    machine.play('sysctl', 'net.route.multipath=1');
    expect((await apply(machine)).said).toContain('reboot now, to change this: net.route.multipath is 1\n');
  });

  it('is refused while another one is at work', async () => {
    const machine = laptop();
    machine.fault(150, 'hang');
    const first = machine.start('vm_install', 'apply', '--yes');
    await machine.exists('fault-met');
    const ended = await machine.call('vm_install', 'remove', '--yes');
    expect(ended).toMatchObject({ code: 4 });
    expect(ended.said).toContain('another vm_install is at work');
    process.kill(-first.pid, 'SIGKILL');
    await first.ended;
    machine.fault();
    await apply(machine);
  });

  it('refuses a second place for the same machine', async () => {
    const machine = laptop();
    await apply(machine);
    const other = newer(machine, 'other', { directory: join(machine.root, 'srv/airhive') });
    const ended = await machine.call(other, 'apply', '--yes');
    expect(ended.code).toBe(4);
    expect(ended.said).toContain(`airhive is installed in ${machine.directory}`);
  });

  it('wrong usage', async () => {
    const machine = laptop();
    for (const args of [[], ['apply', 'remove'], ['install'], ['apply', '--force'], ['--yes']])
      expect((await machine.call('vm_install', ...args)).code, args.join(' ')).toBe(2);
    expect((await machine.call('vm_install', '--help')).code).toBe(0);
  });
});
