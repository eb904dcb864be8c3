import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { intel8260, render } from './bundle.ts';
import { apply, filesOf, laptop, read, remove, settings } from './installing.ts';

describe("vm_install apply, in FreeBSD's files,", () => {
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
    const retired = /^(wlans_iwm0|create_args_wlan0|ifconfig_wlan0|ifconfig_wlan0_ipv6)=/;
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

  it("does not show a user's line as one that goes and comes", async () => {
    const machine = laptop();
    const file = join(machine.etc, 'sysctl.conf');
    writeFileSync(file, 'kern.coredump=0\nvfs.usermount=1');
    const { said } = await machine.call('vm_install', 'apply', '--dry-run');
    expect(said).toContain('+ net.route.multipath=0');
    expect(said).not.toContain('vfs.usermount');
  });

  it('on FreeBSD 13 lets devd stop the guest before the machine sleeps', async () => {
    const machine = laptop();
    machine.put('release', '13.4-RELEASE\n');
    const before = filesOf(machine);
    await apply(machine);
    for (const file of ['devd/airhive.conf', 'devd/airhive-suspend.conf'])
      expect(read(machine.local, 'etc', file)).toBe(read(machine.bundle, file));
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
});
