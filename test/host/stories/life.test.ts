import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { kill, Machine, until } from '../machine.ts';
import { installed, lacks, leftovers, service } from './laptop.ts';

const TIME = 120_000;

/** Another VM of this machine, with a tap of its own. */
function otherVm(machine: Machine): void {
  machine.play('ifconfig', 'tap1', 'create');
  writeFileSync(join(machine.dev, 'vmm/other'), '');
  machine.put('processes/1', 'bhyve: other\n');
}

const serviceLog = (machine: Machine): string =>
  readFileSync(join(machine.var, 'log/airhive/service.log'), 'utf8');

/** Starts the service of an installed, online machine anew, with what its guests are to do. */
async function withPlan(machine: Machine, plan: string): Promise<void> {
  expect((await service(machine, 'stop')).code).toBe(0);
  machine.put('plan', plan);
  machine.put('calls', '');
  await service(machine, 'start');
}

describe('an installed laptop', { timeout: TIME }, () => {
  let machine: Machine;
  beforeEach(async () => {
    machine = await installed();
  });

  it('survives a guest that reboots, and one that crashes once and three times', async () => {
    await withPlan(machine, 'exit 0 700\nexit 3 5\nexit 0 900\nexit 3 5\nexit 4 5\nexit 100 5\n');
    await until(
      () => machine.guests().length === 1 && machine.calls('bhyve').length === 7,
      'the seventh guest',
    );
    expect(lacks(machine)).toEqual([]);
    expect(machine.pauses().filter((seconds) => seconds < 100)).toEqual(expect.arrayContaining([5, 10, 20]));
  });

  it('gives up on a guest that crashes 100 times, says so, and starts again when told to', async () => {
    await withPlan(machine, 'exit 3 5\n'.repeat(100));
    await until(() => !existsSync(join(machine.run, 'vm_run')), 'the end of vm_run');
    expect(machine.calls('bhyve').length).toBeLessThan(100);
    expect(serviceLog(machine)).toContain('gave up after 6 faults in a row');
    // vm_run says so when its file is gone already.
    const messages = join(machine.var, 'log/messages');
    const told = (): string => (existsSync(messages) ? readFileSync(messages, 'utf8') : '');
    await until(() => told().includes('vm_run has ended (exit status 4)'), 'the system log');
    expect(existsSync(machine.vmm)).toBe(false);
    machine.put('plan', '');
    expect((await service(machine, 'start')).code).toBe(0);
    expect(lacks(machine)).toEqual([]);
  });

  it('lets a guest that powers off stay off until the next start', async () => {
    await withPlan(machine, 'exit 1 700\n');
    await until(() => !existsSync(join(machine.run, 'vm_run')), 'the end of vm_run');
    expect(machine.calls('bhyve')).toHaveLength(1);
    expect((await service(machine, 'start')).code).toBe(0);
    expect(lacks(machine)).toEqual([]);
  });

  it('shares vmm with another VM, and leaves that one alone', async () => {
    otherVm(machine);
    machine.put('calls', '');
    for (const words of [['restart'], ['suspend'], ['resume']])
      expect((await service(machine, ...words)).code, words[0]).toBe(0);
    await until(() => machine.guests().length > 0, 'the guest');
    expect((await machine.call('vm_install', 'remove', '--yes')).code).toBe(0);
    expect(existsSync(join(machine.dev, 'vmm/other'))).toBe(true);
    expect(machine.calls('bhyvectl').filter((call) => call.includes('other'))).toEqual([]);
    expect(machine.calls('kldunload')).toEqual([]);
  });

  it('goes to sleep and wakes three times', async () => {
    for (let night = 1; night <= 3; night++) {
      expect((await service(machine, 'suspend')).code).toBe(0);
      expect(machine.guests()).toEqual([]);
      expect(existsSync(machine.vmm)).toBe(false);
      expect((await service(machine, 'resume')).code).toBe(0);
      await until(() => machine.guests().length === 1, 'the guest');
    }
    await until(() => lacks(machine).length === 0, 'being online');
  });

  it('whose card moved with a firmware update names the place and starts nothing', async () => {
    machine.put('pciconf', machine.get('pciconf').replace('ppt0@pci0:4:0:0:', 'none0@pci0:5:0:0:'));
    machine.put('native', machine.get('native').replaceAll('pci0:4:0:0', 'pci0:5:0:0'));
    const booted = await machine.reboot();
    expect(booted?.code).toBe(0);
    expect(serviceLog(machine)).toContain('8086:24f3 is at 5/0/0 now');
    const messages = readFileSync(join(machine.var, 'log/messages'), 'utf8');
    expect(messages).toContain('vm_run has ended (exit status 4)');
    expect(machine.guests()).toEqual([]);
    const checked = await machine.call('vm_install', 'check');
    expect(checked.code).toBe(4);
    expect(checked.said).toMatch(/^error .*8086:24f3 is at 5\/0\/0 now/m);
    expect(leftovers(machine)).toEqual([]);
  });

  it('clears a stale VM away, and refuses beside a living one', async () => {
    const [guest = 0] = machine.guests();
    const runner = Number(readFileSync(join(machine.run, 'vm_run'), 'utf8'));
    kill(runner, 'SIGKILL');
    await until(() => machine.guests().length === 1, 'the orphan');
    const refused = await service(machine, 'start');
    expect(refused.code).not.toBe(0);
    expect(refused.said).toContain(`bhyve is process ${guest}`);
    expect(machine.guests()).toEqual([guest]);
    kill(guest, 'SIGKILL');
    await until(() => machine.guests().length === 0, 'the end of the orphan');
    expect(existsSync(machine.vmm)).toBe(true);
    expect((await service(machine, 'start')).code).toBe(0);
    expect(lacks(machine)).toEqual([]);
  });

  // dhclient comes after the guest's route, and then sets none of its own.
  it('has a cable beside the guest for its own network alone', async () => {
    machine.put('cable', 'plugged in');
    expect((await machine.reboot())?.code).toBe(0);
    expect(machine.play('ifconfig', 'em0')).toContain('inet 10.20.0.5');
    expect(lacks(machine)).toEqual([]);
    const names = readFileSync(join(machine.etc, 'resolv.conf'), 'utf8').match(/^nameserver .*/gm);
    expect(names).toEqual(['nameserver 172.24.1.1']);
  });

  it('uses a cable that was waited for at boot, alone, and asks the guest for names all the same', async () => {
    const file = join(machine.etc, 'rc.conf');
    writeFileSync(file, readFileSync(file, 'utf8').replace('"DHCP"', '"SYNCDHCP"'));
    machine.put('cable', 'plugged in');
    expect((await machine.reboot())?.code).toBe(0);
    expect(machine.get('routes')).toBe('default 10.20.0.1 em0\n');
    expect((await machine.call('vm_status')).said).toContain(
      'default NOT through the guest, but 10.20.0.1 on em0\n',
    );
    const names = readFileSync(join(machine.etc, 'resolv.conf'), 'utf8').match(/^nameserver .*/gm);
    expect(names).toEqual(['nameserver 172.24.1.1', 'nameserver 10.20.0.1']);
    machine.play('service', 'routing', 'restart');
    expect(machine.get('routes')).toBe('default 172.24.1.1 bridge0\n');
  });

  it('whose cable was the way out and is pulled out goes through the guest, and stays there', async () => {
    const file = join(machine.etc, 'rc.conf');
    writeFileSync(file, readFileSync(file, 'utf8').replace('"DHCP"', '"SYNCDHCP"'));
    machine.put('cable', 'plugged in');
    machine.put('sleeps', '');
    expect((await machine.reboot())?.code).toBe(0);
    await until(() => machine.pauses().includes(30), 'the guest');
    expect(machine.get('routes')).toBe('default 10.20.0.1 em0\n');
    machine.put('interfaces/em0', machine.get('interfaces/em0').replace('active', 'no carrier'));
    // As devd has it run.
    expect((await service(machine, 'cable')).code).toBe(0);
    await until(() => machine.get('routes') === 'default 172.24.1.1 bridge0\n', "the guest's route");
    // Said after it is done.
    await until(
      () => serviceLog(machine).includes('the default route was over em0, which has no cable'),
      'the line about the route',
    );
    machine.put('interfaces/em0', machine.get('interfaces/em0').replace('no carrier', 'active'));
    machine.play('netif', 'background');
    expect(machine.get('routes')).toBe('default 172.24.1.1 bridge0\n');
  });

  it.each(['13.2-RELEASE', '14.3-RELEASE', '15.0-RELEASE'])(
    '%s: "service netif restart" leaves the guest running and the bridge with its address',
    async (release) => {
      machine.put('release', `${release}\n`);
      expect((await machine.reboot())?.code).toBe(0);
      const guests = machine.guests();
      machine.play('service', 'netif', 'restart');
      expect(machine.guests()).toEqual(guests);
      const bridge = machine.play('ifconfig', 'bridge0');
      expect(bridge).toContain('<UP,');
      expect(bridge).toContain('inet 172.24.1.49 ');
      expect(bridge).toContain('member: tap0 ');
      expect(lacks(machine)).toEqual(['the default route']);
      machine.put('look', '');
      await until(() => lacks(machine).length === 0, 'the default route');
    },
  );

  it('takes a tap that was made anew into the bridge', async () => {
    expect((await service(machine, 'stop')).code).toBe(0);
    machine.play('ifconfig', 'tap0', 'destroy');
    machine.play('service', 'netif', 'start', 'tap0');
    expect((await service(machine, 'start')).code).toBe(0);
    expect(lacks(machine)).toEqual([]);
  });

  it('is shut down by rc.shutdown in time', async () => {
    machine.put('sleeps', '');
    expect((await service(machine, 'faststop')).code).toBe(0);
    expect(machine.guests()).toEqual([]);
    const slept = machine
      .get('sleeps')
      .split('\n')
      .reduce((sum, line) => sum + Number(line), 0);
    expect(slept).toBeLessThan(90);
  });
});

describe('a bundle run in place', { timeout: TIME }, () => {
  it.each(['SIGHUP', 'SIGINT', 'SIGTERM'] as const)(
    '%s ends vm_run and releases everything',
    async (signal) => {
      const machine = new Machine();
      const started = await machine.up();
      kill(started.pid, signal);
      expect((await started.ended).code).toBe(130);
      expect(machine.guests()).toEqual([]);
      expect(existsSync(machine.vmm)).toBe(false);
    },
  );

  it('becomes an installation with the networks and keys that it has', async () => {
    const machine = new Machine({ host: 'laptop' });
    mkdirSync(join(machine.root, 'tmp/work'));
    writeFileSync(join(machine.root, 'tmp/passphrase'), 'planted passphrase\n');
    const added = await machine.call('vm_site', 'init');
    expect(added.code, added.said).toBe(0);
    const key = readFileSync(join(machine.data, 'keys/admin'), 'utf8');
    const applied = await machine.call('vm_install', 'apply', '--yes');
    expect(applied.code, applied.said).toBe(0);
    expect(readFileSync(join(machine.data, 'keys/admin'), 'utf8')).toBe(key);
    expect((await machine.reboot())?.code).toBe(0);
    expect(lacks(machine)).toEqual([]);
  });
});
