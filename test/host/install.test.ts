import { existsSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { run } from '../fixtures/scratch.ts';
import { intel8260 } from './bundle.ts';
import { apply, done, filesOf, laptop, newer, read, settings } from './installing.ts';
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

  it('installs the whole bundle, the networks and the keys', async () => {
    const machine = laptop();
    await apply(machine);
    const current = join(machine.directory, 'current');
    expect(treeBelow(current)).toEqual(treeBelow(machine.bundle));
    expect((await done(machine, join(current, 'vm_site'), 'list')).said).toContain('Home sweet home');
    for (const key of ['admin', 'tunnel', 'guest_host'])
      expect(existsSync(join(machine.directory, 'data/keys', key))).toBe(true);
    const data = treeBelow(join(machine.directory, 'data'));
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
    expect(ended.said).toMatch(/knows no Wi-Fi network yet: .*\/vm_site add NAME/);
    expect((await apply(machine)).said).not.toContain('knows no Wi-Fi network');
  });

  it('takes over what a bundle that was run in place has gathered', async () => {
    const machine = laptop();
    await done(machine, 'vm_site', 'init');
    const key = read(machine.bundle, 'data/keys/admin');
    expect((await apply(machine)).said).toContain('data/site.img to');
    expect(read(machine.directory, 'data/keys/admin')).toBe(key);
    expect(existsSync(join(machine.bundle, 'data/keys'))).toBe(false);
    expect(existsSync(join(machine.bundle, 'data/site.img'))).toBe(false);
  });

  it('takes over what a bundle on another file system has gathered, and leaves no hole filled', async () => {
    const machine = laptop();
    await done(machine, 'vm_site', 'init');
    const from = join(machine.bundle, 'data/state.img');
    writeFileSync(from, 'networks that the guest has learnt');
    truncateSync(from, 64 << 20);
    machine.replace('ln', '[ "$1" = -s ] || exit 1\nexec /bin/ln "$@"');
    // FreeBSD's cmp maps both files, which fills holes in the RAM disk that the bench may lie on.
    machine.replace('cmp', 'exec /usr/bin/cmp "$@"');
    // While the guest runs on it, it cannot be copied.
    machine.put(`processes/${process.pid}`, 'bhyve: airhive\n');
    const refused = await machine.call('vm_install', 'apply', '--yes');
    expect(refused).toMatchObject({
      code: 4,
      said: expect.stringContaining('stop it first (vm_kill)') as string,
    });
    expect(settings(read(machine.etc, 'rc.conf')).join()).not.toContain('airhive');
    rmSync(join(machine.state, `processes/${process.pid}`));
    expect((await apply(machine)).said).toContain('data/state.img to');
    const to = join(machine.directory, 'data/state.img');
    expect(read(to).slice(0, 8)).toBe('networks');
    expect(statSync(to)).toMatchObject({ size: 64 << 20, mode: 0o100600 });
    expect(statSync(to).blocks * 512).toBeLessThan(1 << 20);
    expect(existsSync(from)).toBe(false);
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
