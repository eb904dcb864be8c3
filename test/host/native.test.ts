import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { type Machine, until } from './machine.ts';
import { native, ready, traces, works } from './native-bench.ts';
import { installed, lacks, lacksNative, leftovers, service, systemOf } from './stories/laptop.ts';

const TIME = 120_000;

const lines = (machine: Machine): string => readFileSync(join(machine.etc, 'rc.conf.d/network'), 'utf8');

const names = (machine: Machine): string => readFileSync(join(machine.etc, 'resolv.conf'), 'utf8');

describe('vm_native', { timeout: TIME }, () => {
  let machine: Machine;
  let before: Record<string, string>;
  let resolver: string;
  async function start(set: () => Promise<Machine>): Promise<void> {
    machine = await set();
    before = systemOf(machine);
    resolver = names(machine);
  }
  beforeEach(async () => start(ready));

  function expectGuest(): void {
    expect(lacks(machine)).toEqual([]);
    expect(traces(machine)).toEqual([]);
    expect(leftovers(machine)).toEqual([]);
    expect(names(machine)).toBe(resolver);
    expect(systemOf(machine)).toEqual(before);
  }

  it('on: the native Wi-Fi works, and off: the guest does again, three times', async () => {
    await start(installed);
    for (let time = 0; time < 3; time++) {
      const on = await works(machine, 'on');
      expect(lacksNative(machine)).toEqual([]);
      expect(names(machine)).not.toContain('172.24.1.1');
      expect(on).toContain(
        'this is cut off:\n  the guest airhive, and every connection of this host through it\n',
      );
      expect(on).toContain('the reverse tunnel on port 2210');
      expect(on).toContain('then this host is in the Wi-Fi itself');
      expect(on).toMatch(
        /has the card: iwm0, the network is wlan0, its gateway 192\.168\.1\.1, names from 192\.168\.1\.1\n/,
      );
      expect(on).toContain('the next boot gives it to the guest again');
      expect(machine.guests()).toEqual([]);
      expect(existsSync(machine.vmm)).toBe(false);
      expect(await works(machine, 'off')).toContain('the guest has the card again\n');
      expectGuest();
    }
  });

  it('puts the retired lines of rc.conf in force, and leaves rc.conf itself alone', async () => {
    const rc = readFileSync(join(machine.etc, 'rc.conf'), 'utf8');
    await works(machine, 'on');
    expect(lines(machine).split('\n').slice(2)).toEqual([
      "wlans_iwm0='wlan0'",
      "ifconfig_wlan0='WPA SYNCDHCP'",
      "create_args_wlan0='country DE regdomain ETSI'",
      '',
    ]);
    expect(readFileSync(join(machine.etc, 'rc.conf'), 'utf8')).toBe(rc);
    expect((await native(machine, 'on', '--yes')).said).toContain('FreeBSD');
    await works(machine, 'off');
    expectGuest();
  });

  it('is known to status, start, restart and apply', async () => {
    await start(installed);
    await works(machine, 'on');
    const status = await service(machine, 'status');
    expect(status.said).toMatch(/^guest +native$/m);
    expect(status.said).toContain('"vm_native off" gives it back to the guest');
    const json = await machine.call(join(machine.directory, 'current/vm_status'), '--json');
    expect(json.code).toBe(4);
    expect(JSON.parse(json.said)).toMatchObject({ state: 'native', cards: ['4/0/0=8086:24f3=iwm0'] });
    for (const verb of ['start', 'restart']) {
      const refused = await service(machine, verb);
      expect(refused.code).not.toBe(0);
      expect(refused.said).toContain(
        'FreeBSD\'s own driver has the card (vm_native on): "vm_native off" gives',
      );
    }
    const applied = await machine.call('vm_install', 'apply', '--yes');
    expect(applied.code, applied.said).toBe(4);
    expect(lacksNative(machine)).toEqual([]);
    await works(machine, 'off');
    expectGuest();
  });

  it('lasts until the next boot', async () => {
    await start(installed);
    await works(machine, 'on');
    const booted = await machine.reboot();
    expect(booted?.code, booted?.said).toBe(0);
    expect(existsSync(join(machine.etc, 'rc.conf.d/network'))).toBe(false);
    expectGuest();
  });

  it('is for ever after vm_install remove', async () => {
    await start(installed);
    await works(machine, 'on');
    const ended = await machine.call(join(machine.directory, 'current/vm_install'), 'remove', '--yes');
    expect(ended.code, ended.said).toBe(0);
    expect(ended.said).toContain('no reboot is needed');
    expect(traces(machine)).toEqual([]);
    expect(lacksNative(machine)).toEqual([]);
    await machine.reboot();
    expect(lacksNative(machine)).toEqual([]);
  });

  it('sleeps and wakes natively: nothing of the guest is started', async () => {
    await works(machine, 'on');
    for (const verb of ['suspend', 'resume']) expect((await service(machine, verb)).code).toBe(0);
    expect(machine.guests()).toEqual([]);
    expect(lacksNative(machine)).toEqual([]);
  });

  it('leaves a guest that did not run before stopped', async () => {
    await service(machine, 'stop');
    await works(machine, 'on');
    await works(machine, 'off');
    expect(machine.guests()).toEqual([]);
    expect(traces(machine)).toEqual([]);
    expect((await service(machine, 'start')).code).toBe(0);
    expectGuest();
  });

  it('says so when there is nothing to do', async () => {
    expect(await works(machine, 'off')).toContain('the guest has the card already\n');
    expectGuest();
  });

  it('reads the networks of the file that rc.conf names', async () => {
    rmSync(join(machine.etc, 'wpa_supplicant.conf'));
    expect(await works(machine, 'on')).toContain(`there is no ${join(machine.etc, 'wpa_supplicant.conf')}: `);
    await works(machine, 'off');
    writeFileSync(join(machine.etc, 'own.conf'), 'network={\n\tssid="own"\n\tkey_mgmt=NONE\n}\n');
    machine.play('sysrc', 'wpa_supplicant_conf_file=/etc/own.conf');
    expect(await works(machine, 'on')).not.toContain("FreeBSD's own Wi-Fi knows no network");
    await works(machine, 'off');
    expect(traces(machine)).toEqual([]);
  });

  it('takes the second driver when the first does not want the card, and uses the lines of the first', async () => {
    machine.put('unfit', 'iwm\n');
    await works(machine, 'on');
    expect(machine.get('pciconf')).toContain('iwlwifi0@pci0:4:0:0:');
    expect(lines(machine)).toContain("wlans_iwlwifi0='wlan0'\n");
    expect(machine.get('routes')).toBe('default 192.168.1.1 wlan0\n');
    await works(machine, 'off');
    expectGuest();
  });

  it('finds a place beside files of the user, and makes lines when there never were any', async () => {
    mkdirSync(join(machine.etc, 'rc.conf.d/network'), { recursive: true });
    writeFileSync(join(machine.etc, 'rc.conf.d/network/mine'), 'ifconfig_em0="DHCP"\n');
    rmSync(join(machine.var, 'db/airhive/files/rc.conf/original'));
    before = systemOf(machine);
    await works(machine, 'on');
    const text = readFileSync(join(machine.etc, 'rc.conf.d/network/airhive'), 'utf8');
    expect(text.split('\n').slice(1)).toEqual(["wlans_iwm0='wlan0'", "ifconfig_wlan0='WPA SYNCDHCP'", '']);
    await works(machine, 'off');
    expect(systemOf(machine)).toEqual(before);
    rmSync(join(machine.etc, 'rc.conf.d/network'), { recursive: true });
    writeFileSync(join(machine.etc, 'rc.conf.d/network'), 'ifconfig_em0="DHCP"\n');
    await works(machine, 'on');
    expect(existsSync(join(machine.local, 'etc/rc.conf.d/network'))).toBe(true);
    await works(machine, 'off');
    expect(existsSync(join(machine.local, 'etc/rc.conf.d'))).toBe(false);
    expect(lacks(machine)).toEqual([]);
  });

  it('refuses beside another vm_native and beside vm_install', async () => {
    for (const other of ['vm_native', 'vm_install'])
      writeFileSync(join(machine.var, 'run/airhive', other), `${process.pid}\n`);
    // The numbers of those that were killed count for nothing.
    await works(machine, 'on');
    machine.fault(30, 'hang');
    const hanging = machine.start(join(machine.directory, 'current/vm_native'), 'off', '--yes');
    await machine.exists('fault-met');
    const second = await native(machine, 'off', '--yes');
    expect(second).toMatchObject({ code: 4, said: 'vm_native: another vm_native is at work\n' });
    expect((await service(machine, 'start')).said).toContain('vm_native is at work');
    process.kill(-hanging.pid, 'SIGKILL');
    machine.fault();
    await hanging.ended;
    await works(machine, 'off');
    expectGuest();
  });

  it('goes on when the terminal hangs up', async () => {
    const started = machine.start(join(machine.directory, 'current/vm_native'), 'on', '--yes');
    await until(() => machine.calls('devctl').length > 0, 'the first step');
    process.kill(-started.pid, 'SIGHUP');
    expect(await started.ended).toMatchObject({ code: 0, signal: null });
    expect(lacksNative(machine)).toEqual([]);
  });

  it('asks only on a terminal, and knows its words', async () => {
    expect((await native(machine, 'on')).said).toContain('no terminal to ask on; nothing was changed');
    for (const words of [[], ['up'], ['on', 'off'], ['--yes']])
      expect((await native(machine, ...words)).code).toBe(2);
    machine.put('uid', '1001\n');
    expect((await native(machine, 'on')).said).toContain('must be run by root');
    machine.put('uid', '0\n');
    expectGuest();
  });
});
