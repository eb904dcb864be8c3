import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { apply, done, filesOf, laptop, read, remove, settings } from './installing.ts';
import { treeBelow } from './tree.ts';

describe('vm_install remove', () => {
  it('brings every file back, byte for byte and with its mode, with the guest running', async () => {
    const machine = laptop();
    chmodSync(join(machine.etc, 'sysctl.conf'), 0o640);
    // As editors without manners leave it.
    writeFileSync(join(machine.etc, 'rc.conf'), read(machine.etc, 'rc.conf').trimEnd());
    const before = filesOf(machine);
    await apply(machine);
    await machine.reboot();
    expect(read(machine.etc, 'resolv.conf')).toContain('nameserver 172.24.1.1');
    const ended = await remove(machine);
    expect(ended.said).toContain('reboot now');
    expect(machine.guests()).toEqual([]);
    expect(filesOf(machine)).toEqual(before);
    expect(readdirSync(machine.directory)).toEqual(['data']);
    expect(readdirSync(join(machine.var, 'db'))).toEqual([]);
    await machine.reboot();
    expect(machine.get('pciconf')).toContain('iwm0@pci0:4:0:0');
    expect((await remove(machine)).said).toContain('nothing to remove');
  });

  it('needs no reboot when there was none since apply', async () => {
    const machine = laptop();
    await apply(machine);
    expect((await remove(machine)).said).toContain('no reboot is needed');
  });

  it('keeps networks and keys, which the next apply uses', async () => {
    const machine = laptop();
    await apply(machine);
    const data = treeBelow(join(machine.directory, 'data'));
    // Its own folder goes while it runs.
    await done(machine, join(machine.directory, 'current/vm_install'), 'remove', '--yes');
    expect(treeBelow(join(machine.directory, 'data'))).toEqual(data);
    await apply(machine);
    expect(treeBelow(join(machine.directory, 'data'))).toEqual(data);
  });

  it('--dry-run changes nothing', async () => {
    const machine = laptop();
    await apply(machine);
    const before = filesOf(machine);
    expect((await done(machine, 'vm_install', 'remove', '--dry-run')).said).toContain('+ wlans_iwm0="wlan0"');
    expect(filesOf(machine)).toEqual(before);
    expect(existsSync(join(machine.directory, 'current/vm_run'))).toBe(true);
  });
});

describe('what the user changes meanwhile', () => {
  it('stays, and remove takes out only what is ours', async () => {
    const machine = laptop();
    const rc = join(machine.etc, 'rc.conf');
    await apply(machine);
    writeFileSync(
      rc,
      read(rc)
        .replace('tap0:sticky"', 'tap0:sticky epair3"')
        .replace('defaultrouter="172.24.1.1"', 'defaultrouter="192.168.7.1"') + 'postfix_enable="YES"\n',
    );
    writeFileSync(join(machine.etc, 'sysctl.conf'), read(machine.etc, 'sysctl.conf') + 'kern.maxfiles=9\n');
    const ended = await remove(machine);
    expect(ended.said).toContain('defaultrouter in rc.conf stays as it is');
    const lines = read(rc).split('\n');
    for (const line of [
      'cloned_interfaces="lo1 epair3"',
      'defaultrouter="192.168.7.1"',
      'postfix_enable="YES"',
      'wlans_iwm0="wlan0"',
      'ifconfig_wlan0="WPA SYNCDHCP"\t# roams between home and office',
      'kld_list="i915kms if_iwm acpi_ibm"',
    ])
      expect(lines).toContain(line);
    expect(read(rc)).not.toMatch(/airhive|bridge0|tap0/);
    expect(settings(read(machine.etc, 'sysctl.conf'))).toEqual([
      'vfs.zfs.min_auto_ashift=12',
      'kern.coredump=0',
      'kern.maxfiles=9',
    ]);
  });

  it('is kept by the next apply, and remove then goes back to that', async () => {
    const machine = laptop();
    const rc = join(machine.etc, 'rc.conf');
    await apply(machine);
    writeFileSync(rc, `${read(rc)}postfix_enable="YES"\n`);
    await apply(machine);
    expect((await apply(machine)).said).toContain('nothing to change');
    expect(read(rc)).toContain('postfix_enable="YES"\n');
    expect(read(rc)).toContain('airhive_enable="YES"\n');
    await remove(machine);
    expect(read(rc)).toContain('postfix_enable="YES"\n');
    expect(read(rc)).toContain('wlans_iwm0="wlan0"\n');
    expect(read(rc)).not.toContain('airhive');
  });

  it('in a file that is wholly ours is put aside', async () => {
    const machine = laptop();
    await apply(machine);
    const file = join(machine.boot, 'loader.conf.d/airhive.conf');
    writeFileSync(file, `${read(file)}hw.vmm.mine="1"\n`);
    const ended = await remove(machine);
    expect(ended.said).toContain('your version is kept in');
    expect(existsSync(file)).toBe(false);
    expect(read(machine.directory, 'data/edited/loader.d')).toContain('hw.vmm.mine="1"');
  });

  it('a link in place of a file is followed', async () => {
    const machine = laptop();
    const real = join(machine.etc, 'config/rc.conf');
    mkdirSync(join(machine.etc, 'config'));
    writeFileSync(real, read(machine.etc, 'rc.conf'));
    rmSync(join(machine.etc, 'rc.conf'));
    symlinkSync('config/rc.conf', join(machine.etc, 'rc.conf'));
    const before = filesOf(machine);
    await apply(machine);
    expect(readlinkSync(join(machine.etc, 'rc.conf'))).toBe('config/rc.conf');
    expect(read(real)).toContain('airhive_enable="YES"');
    await remove(machine);
    expect(filesOf(machine)).toEqual(before);
  });
});
