import { appendFileSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startMirror } from '../../mirror/mirror.ts';
import { ISO_BYTES } from '../bundle.ts';
import { kill, Machine } from '../machine.ts';
import { treeBelow } from '../tree.ts';
import {
  install,
  installed,
  keyMaterial,
  lacks,
  lacksNative,
  leaks,
  leftovers,
  linked,
  PLANTED,
  service,
  systemOf,
} from './laptop.ts';

const TIME = 120_000;

describe('a laptop', { timeout: TIME }, () => {
  it('gets online with one command and a reboot, and stays so', async () => {
    const machine = new Machine({ host: 'laptop' });
    expect(lacksNative(machine)).toEqual([]);
    const checked = await machine.call('vm_install', 'check');
    expect(checked.code, checked.said).toBe(0);
    await install(machine);
    expect(lacks(machine)).toEqual([]);
    const system = systemOf(machine);
    const again = await machine.call('vm_install', 'apply', '--yes');
    expect(again.code).toBe(0);
    expect(again.said).toContain('nothing to change');
    expect(systemOf(machine)).toEqual(system);
    expect((await machine.reboot())?.code).toBe(0);
    expect(lacks(machine)).toEqual([]);
    expect(leftovers(machine)).toEqual([]);
    expect(leaks(machine, [...PLANTED, ...keyMaterial(machine)])).toEqual([]);
  });

  it('is after the removal what it was before, byte for byte', async () => {
    const machine = new Machine({ host: 'laptop' });
    const before = systemOf(machine);
    await install(machine);
    const removed = await machine.call(join(machine.directory, 'current/vm_install'), 'remove', '--yes');
    expect(removed.code, removed.said).toBe(0);
    expect(systemOf(machine)).toEqual(before);
    expect(leftovers(machine)).toEqual([]);
    expect(existsSync(join(machine.directory, 'bundles'))).toBe(false);
    expect(existsSync(join(machine.var, 'db/airhive'))).toBe(false);
    await machine.reboot();
    expect(lacksNative(machine)).toEqual([]);
    const again = await machine.call('vm_install', 'remove', '--yes');
    expect(again).toMatchObject({
      code: 0,
      said: 'vm_install: airhive is not installed: nothing to remove\n',
    });
    await install(machine);
    expect(lacks(machine)).toEqual([]);
  });

  it('keeps what the user wrote meanwhile', async () => {
    const machine = await installed();
    const rc = join(machine.etc, 'rc.conf');
    appendFileSync(rc, 'dbus_enable="YES"\n');
    machine.play('sysrc', 'cloned_interfaces+=lo2');
    appendFileSync(join(machine.etc, 'sysctl.conf'), 'kern.coredump=1\n');
    const removed = await machine.call('vm_install', 'remove', '--yes');
    expect(removed.code, removed.said).toBe(0);
    const text = readFileSync(rc, 'utf8');
    expect(text).toContain('dbus_enable="YES"\n');
    expect(text).toContain('cloned_interfaces="lo1 lo2"\n');
    expect(text).toContain('ifconfig_wlan0="WPA SYNCDHCP"\t# roams between home and office\n');
    expect(text).not.toMatch(/airhive|172\.24|bridge0|tap0/);
    expect(readFileSync(join(machine.etc, 'sysctl.conf'), 'utf8')).toMatch(
      /kern.coredump=0\nkern.coredump=1\n$/,
    );
    await machine.reboot();
    expect(lacksNative(machine)).toEqual([]);
  });

  it('whose loader knows no folder gets a block in loader.conf', async () => {
    const machine = new Machine({ host: 'laptop' });
    machine.put('release', '13.2-RELEASE\n');
    const defaults = join(machine.boot, 'defaults/loader.conf');
    writeFileSync(defaults, readFileSync(defaults, 'utf8').replace(/^loader_conf_dirs=.*\n/m, ''));
    const before = systemOf(machine);
    await install(machine);
    expect(lacks(machine)).toEqual([]);
    expect(existsSync(join(machine.local, 'etc/devd/airhive-suspend.conf'))).toBe(true);
    expect((await machine.call('vm_install', 'remove', '--yes')).code).toBe(0);
    expect(systemOf(machine)).toEqual(before);
  });
});

describe('a kernel without ROUTE_MPATH', { timeout: TIME }, () => {
  it('has one default route by itself, and is not to be rebooted for what it does not know', async () => {
    const machine = new Machine({ host: 'laptop' });
    machine.put('sysctl', machine.get('sysctl').replace('net.route.multipath=1\n', ''));
    await install(machine);
    expect(lacks(machine)).toEqual([]);
    const again = await machine.call('vm_install', 'apply', '--yes');
    expect(again.said).toContain('no reboot is needed');
  });
});

describe('upgrade and rollback', { timeout: TIME }, () => {
  it('change the bundle and nothing else', async () => {
    const machine = await installed();
    const first = linked(machine, 'current');
    const data = treeBelow(machine.data);
    const newer = machine.addBundle('newer', { version: '0.2.0', memory: 512 });
    const upgraded = await machine.call(join(newer, 'vm_install'), 'apply', '--yes');
    expect(upgraded.code, upgraded.said).toBe(0);
    expect(upgraded.said).toContain('service airhive restart');
    const second = linked(machine, 'current');
    expect(second).not.toBe(first);
    expect(linked(machine, 'previous')).toBe(first);
    expect(treeBelow(machine.data)).toEqual(data);
    expect((await service(machine, 'restart')).code).toBe(0);
    expect(machine.calls('bhyve').at(-1)).toContain('-m 512M');
    expect(lacks(machine)).toEqual([]);

    const back = await machine.call(join(machine.directory, 'current/vm_install'), 'rollback', '--yes');
    expect(back.code, back.said).toBe(0);
    expect(linked(machine, 'current')).toBe(first);
    expect(linked(machine, 'previous')).toBe(second);
    expect((await service(machine, 'restart')).code).toBe(0);
    expect(machine.calls('bhyve').at(-1)).toContain('-m 384M');
    expect(treeBelow(machine.data)).toEqual(data);
    expect(lacks(machine)).toEqual([]);
    expect(leftovers(machine)).toEqual([]);
  });

  it('and a removal after both leaves nothing', async () => {
    const machine = new Machine({ host: 'laptop' });
    const before = systemOf(machine);
    await install(machine);
    const newer = machine.addBundle('newer', { version: '0.2.0', tap: 'tap7' });
    await install(machine, newer);
    expect(machine.play('ifconfig', 'bridge0')).toContain('member: tap7');
    expect((await machine.call('vm_install', 'rollback', '--yes')).code).toBe(0);
    expect((await machine.reboot())?.code).toBe(0);
    expect(lacks(machine)).toEqual([]);
    expect((await machine.call('vm_install', 'remove', '--yes')).code).toBe(0);
    expect(systemOf(machine)).toEqual(before);
  });
});

describe('two at once', { timeout: TIME }, () => {
  it('one installs, the other says so', async () => {
    const machine = new Machine({ host: 'laptop' });
    const both = [
      machine.start('vm_install', 'apply', '--yes'),
      machine.start('vm_install', 'apply', '--yes'),
    ];
    const ended = await Promise.all(both.map(async (one) => one.ended));
    expect(ended.map((one) => one.code).toSorted()).toEqual([0, 4]);
    expect(ended.find((one) => one.code === 4)?.said).toContain('another vm_install is at work');
    expect((await machine.reboot())?.code).toBe(0);
    expect(lacks(machine)).toEqual([]);
  });

  it('one that was killed is no obstacle', async () => {
    const machine = new Machine({ host: 'laptop' });
    machine.fault(200, 'hang');
    const first = machine.start('vm_install', 'apply', '--yes');
    await machine.exists('fault-met');
    expect((await machine.call('vm_install', 'apply', '--yes')).code).toBe(4);
    // With what it had started: a vm_site that lives on would rightly be waited for.
    kill(-first.pid, 'SIGKILL');
    machine.fault();
    await install(machine);
    expect(lacks(machine)).toEqual([]);
  });
});

describe('what an installation needs', { timeout: TIME }, () => {
  it('no loader: said, and nothing is changed', async () => {
    const machine = new Machine({ host: 'laptop' });
    const before = systemOf(machine);
    rmSync(join(machine.root, 'bin/grub-bhyve'));
    const ended = await machine.call('vm_install', 'apply', '--yes');
    expect(ended.code).toBe(4);
    expect(ended.said).toContain('pkg install grub2-bhyve');
    expect(systemOf(machine)).toEqual(before);
    expect(existsSync(machine.directory)).toBe(false);
  });

  it('no ISO and no mirror: the native Wi-Fi stays; with a mirror it is fetched first', async () => {
    const path = 'v3.24/releases/x86_64/alpine.iso';
    const mirror = await startMirror({ files: { [path]: ISO_BYTES } });
    onTestFinished(() => mirror.close());
    const machine = new Machine({
      host: 'laptop',
      iso: false,
      view: { isoUrlList: `${mirror.url}/${path}` },
    });
    const before = systemOf(machine);
    mirror.script({ kind: 'status', code: 404 }, { kind: 'serve' });
    const failed = await machine.call('vm_install', 'apply', '--yes');
    expect(failed.code, failed.said).toBe(5);
    expect(systemOf(machine)).toEqual(before);
    await install(machine);
    expect(lacks(machine)).toEqual([]);
  });

  it('a wrong ISO is never used', async () => {
    const machine = new Machine({ host: 'laptop' });
    const before = systemOf(machine);
    rmSync(machine.iso);
    writeFileSync(machine.iso, Buffer.from(ISO_BYTES).fill(65, 100, 200));
    expect((await machine.call('vm_install', 'check')).code).toBe(6);
    const ended = await machine.call('vm_install', 'apply', '--yes');
    expect([5, 6]).toContain(ended.code);
    expect(systemOf(machine)).toEqual(before);
  });

  it('a full disk: said, and nothing is changed', async () => {
    const machine = new Machine({ host: 'laptop' });
    const before = systemOf(machine);
    machine.put('free-kilobytes', '900\n');
    const ended = await machine.call('vm_install', 'apply', '--yes');
    expect(ended.code).toBe(7);
    expect(ended.said).toContain('too little space');
    expect(systemOf(machine)).toEqual(before);
    expect(statSync(machine.bundle).isDirectory()).toBe(true);
  });
});
