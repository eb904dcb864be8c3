import { existsSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { run } from '../fixtures/scratch.ts';
import { intel8260, render } from './bundle.ts';
import { apply, done, filesOf, laptop, newer, read, remove, settings } from './installing.ts';
import { treeBelow } from './tree.ts';

describe('vm_install apply', () => {
  it('makes a laptop ready, and the reboot brings the guest', async () => {
    const machine = laptop();
    const ended = await apply(machine);
    expect(ended.said).toMatch(/reboot now, to change this: .*held by iwm0/);
    expect((await machine.reboot())?.said).toContain('airhive answers at 172.24.1.1');
    expect(machine.guests()).not.toEqual([]);
    expect(machine.get('routes')).toContain('default 172.24.1.1 bridge0');
    expect((await done(machine, 'vm_install', 'check')).said).toContain('tap0 is in use by the guest');
  });

  it('writes what the snippets say, and leaves the rest of every file alone', async () => {
    const machine = laptop();
    // As editors without manners leave it.
    writeFileSync(join(machine.etc, 'rc.conf'), read(machine.etc, 'rc.conf').trimEnd());
    const before = read(machine.etc, 'rc.conf').split('\n');
    await apply(machine);
    const snippet = (name: string): string[] =>
      settings(render(`snippets/${name}`, { ...intel8260, directory: machine.directory }));
    const rc = read(machine.etc, 'rc.conf').split('\n');
    const lists = /^(cloned_interfaces|devmatch_blocklist|kld_list)=/;
    for (const line of snippet('rc.conf').filter((line) => !lists.test(line))) expect(rc).toContain(line);
    expect(rc.filter((line) => lists.test(line))).toEqual([
      'cloned_interfaces="lo1 bridge0:sticky tap0:sticky"',
      'kld_list="i915kms acpi_ibm"',
      'devmatch_blocklist="if_rtwn_pci if_iwm if_iwlwifi"',
    ]);
    const retired = /^(wlans_iwm0|create_args_wlan0|ifconfig_wlan0)=/;
    const kept = before.filter((line) => line !== '' && !lists.test(line) && !retired.test(line));
    expect(rc.filter((line) => kept.includes(line))).toEqual(kept);
    expect(rc.filter((line) => retired.test(line))).toEqual([]);
    expect(settings(read(machine.boot, 'loader.conf.d/airhive.conf')).toSorted()).toEqual(
      [...snippet('loader.conf'), 'if_iwm_load="NO"'].toSorted(),
    );
    expect(settings(read(machine.etc, 'sysctl.conf'))).toEqual([
      'vfs.zfs.min_auto_ashift=12',
      'kern.coredump=0',
      ...snippet('sysctl.conf'),
    ]);
    expect(settings(read(machine.etc, 'resolvconf.conf'))).toEqual(snippet('resolvconf.conf'));
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
    for (const at of ['1', '8'])
      expect(run('mman', ['-M', pages, '-w', at, 'airhive']).toString()).toContain(`man${at}/airhive.${at}`);
    expect(existsSync(join(current, 'troubleshooting.md'))).toBe(true);
    // Only FreeBSD 13 needs it.
    expect(existsSync(join(machine.local, 'etc/devd'))).toBe(false);
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

  it('shows no secret of rc.conf', async () => {
    const machine = laptop();
    const file = join(machine.etc, 'rc.conf');
    writeFileSync(
      file,
      read(file).replace('"WPA SYNCDHCP"', `"ssid home wepmode on wepkey planted-secret DHCP"`),
    );
    const ended = await apply(machine);
    expect(ended.said).toContain('- ifconfig_wlan0=(not shown)');
    expect(ended.said).not.toContain('planted-secret');
    expect((await remove(machine)).said).not.toContain('planted-secret');
    expect(read(file)).toContain('planted-secret');
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

  it('on FreeBSD 13 lets devd stop the guest before the machine sleeps', async () => {
    const machine = laptop();
    machine.put('release', '13.4-RELEASE\n');
    const before = filesOf(machine);
    await apply(machine);
    expect(read(machine.local, 'etc/devd/airhive.conf')).toBe(read(machine.bundle, 'devd/airhive.conf'));
    await remove(machine);
    expect(filesOf(machine)).toEqual(before);
  });

  it('without a folder for loader files writes a block into loader.conf', async () => {
    const machine = laptop();
    writeFileSync(join(machine.boot, 'defaults/loader.conf'), 'loader_conf_files="/boot/loader.conf"\n');
    writeFileSync(join(machine.boot, 'loader.conf'), 'autoboot_delay="3"\nif_iwm_load="YES"');
    const before = filesOf(machine);
    await apply(machine);
    expect(settings(read(machine.boot, 'loader.conf')).slice(0, 3)).toEqual([
      'autoboot_delay="3"',
      'if_iwm_load="YES"',
      'vmm_load="YES"',
    ]);
    expect((await machine.reboot())?.code).toBe(0);
    await remove(machine);
    expect(filesOf(machine)[1]).toEqual(before[1]);
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
    writeFileSync(join(machine.root, 'tmp/ln'), '#!/bin/sh\n[ "$1" = -s ] || exit 1\nexec /bin/ln "$@"\n', {
      mode: 0o755,
    });
    machine.environment.LN = join(machine.root, 'tmp/ln');
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

  it('takes values that go over several lines, and brings them back', async () => {
    const machine = laptop();
    const rc = join(machine.etc, 'rc.conf');
    const text = read(rc)
      .replace('kld_list="i915kms if_iwm acpi_ibm"', 'kld_list="i915kms\n\tif_iwm\n\tacpi_ibm"\t# drivers')
      .replace('cloned_interfaces="lo1"', "cloned_interfaces='lo1\nlo2'")
      .replace('"WPA SYNCDHCP"', '"WPA \\\n\tSYNCDHCP"')
      .replace('dumpdev="AUTO"', 'dumpdev="AUTO"\nmotto="one\n two"');
    writeFileSync(rc, text);
    await apply(machine);
    expect(read(rc)).toContain('kld_list="i915kms acpi_ibm"\t# drivers\n');
    expect(read(rc)).toContain("cloned_interfaces='lo1 lo2 bridge0:sticky tap0:sticky'\n");
    expect(read(rc)).toContain('motto="one\n two"\n');
    expect(read(rc)).not.toContain('SYNCDHCP');
    expect((await apply(machine)).said).toContain('nothing to change');
    await remove(machine);
    expect(read(rc)).toBe(text);

    await apply(machine);
    writeFileSync(rc, `${read(rc)}dbus_enable="YES"\n`);
    await remove(machine);
    expect(read(rc)).toContain('kld_list="i915kms \tif_iwm \tacpi_ibm"\t# drivers\n');
    expect(read(rc)).toContain("cloned_interfaces='lo1 lo2'\n");
    expect(read(rc)).toMatch(/^ifconfig_wlan0="WPA \tSYNCDHCP"/m);
    expect(read(rc)).toContain('dbus_enable="YES"\n');
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
