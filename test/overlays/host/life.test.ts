import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isAlive, kill, Machine, until } from './machine.ts';

describe('one vm_run at a time', () => {
  it('a second one is refused and changes nothing', async () => {
    const machine = new Machine();
    const first = await machine.up();
    const second = await machine.call('vm_run');
    expect(second.code).toBe(4);
    expect(second.said).toBe(
      `vm_run: airhive is looked after by another vm_run already (process ${first.pid}); vm_kill stops it\n`,
    );
    expect(machine.guests()).toHaveLength(1);
    expect(machine.calls('bhyvectl')).toEqual([]);
    kill(first.pid, 'SIGTERM');
    expect((await first.ended).code).toBe(130);
  });

  it('of many started at once exactly one runs', async () => {
    const machine = new Machine();
    const all = Array.from({ length: 6 }, () => machine.start('vm_run'));
    await machine.exists('guest-is-up');
    const ended = new Set<number>();
    for (const one of all) void one.ended.then(() => ended.add(one.pid));
    await until(() => ended.size === 5, 'five refusals');
    expect(machine.calls('bhyve')).toHaveLength(1);
    const owner = all.find((one) => !ended.has(one.pid))!;
    kill(owner.pid, 'SIGTERM');
    const codes = await Promise.all(all.map(async (one) => (await one.ended).code));
    expect(codes.toSorted()).toEqual([130, 4, 4, 4, 4, 4]);
  });

  it('a process id that belongs to another program now does not count', async () => {
    const machine = new Machine();
    machine.put('plan', 'exit 1 700\nexit 1 700\n');
    await machine.call('vm_run');
    writeFileSync(join(machine.run, 'vm_run'), `${process.pid}\n`);
    expect((await machine.call('vm_run')).code).toBe(0);
  });
});

describe('after kill -9 of vm_run', () => {
  it('the living guest is left alone, and after vm_kill a new start works', async () => {
    const machine = new Machine();
    const first = await machine.up();
    const [guest] = machine.guests();
    kill(first.pid, 'SIGKILL');
    await first.ended;
    const refused = await machine.call('vm_run');
    expect(refused.code).toBe(4);
    expect(refused.said).toContain(`airhive is running (bhyve is process ${guest}) but its vm_run is gone`);
    expect(machine.guests()).toEqual([guest]);
    expect(machine.calls('bhyvectl')).toEqual([]);

    expect((await machine.call('vm_kill')).code).toBe(0);
    expect(machine.guests()).toEqual([]);
    expect(existsSync(machine.vmm)).toBe(false);
    machine.put('plan', 'exit 1 700\n');
    expect((await machine.call('vm_run')).code).toBe(0);
  });

  it('a VM without its bhyve is stale and goes first', async () => {
    const machine = new Machine();
    const first = await machine.up();
    const [guest = 0] = machine.guests();
    kill(first.pid, 'SIGKILL');
    kill(guest, 'SIGKILL');
    await until(() => !isAlive(guest), 'the end of bhyve');
    expect(existsSync(machine.vmm)).toBe(true);
    machine.put('plan', 'exit 1 700\n');
    machine.put('calls', '');
    expect((await machine.call('vm_run')).code).toBe(0);
    expect(machine.get('calls').match(/^(bhyvectl|grub-bhyve)/gm)).toEqual([
      'bhyvectl',
      'grub-bhyve',
      'bhyvectl',
    ]);
  });
});

describe('a signal to vm_run', () => {
  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    '%s shuts the guest down and is waited for',
    async (signal) => {
      const machine = new Machine();
      const started = await machine.up();
      kill(started.pid, signal);
      const ended = await started.ended;
      expect(ended.code).toBe(130);
      expect(ended.said).toContain(`${signal}: asked the guest to shut down`);
      expect(machine.guests()).toEqual([]);
      expect(existsSync(machine.vmm)).toBe(false);
      expect(existsSync(join(machine.run, 'vm_run'))).toBe(false);
    },
  );

  it.each(['SIGINT', 'SIGHUP'] as const)('%s from the terminal reaches all, yet bhyve is only asked', async (signal) => {
    const machine = new Machine();
    const started = await machine.up();
    kill(-started.pid, signal);
    expect((await started.ended).code).toBe(130);
    // Only a guest that shut down by itself sets the tap down in an orderly way.
    expect(machine.get('interfaces/tap0')).toBe('');
    expect(machine.guests()).toEqual([]);
  });

  it('a guest is asked once, however often and by whomever', async () => {
    const machine = new Machine();
    machine.put('plan', 'deaf\n');
    machine.edit('vm.conf', 'VM_GRACE=30', 'VM_GRACE=3');
    const started = await machine.up();
    kill(started.pid, 'SIGTERM');
    await machine.exists('deaf-ears');
    kill(started.pid, 'SIGTERM');
    kill(started.pid, 'SIGINT');
    expect((await machine.call('vm_kill')).code).toBe(0);
    expect((await started.ended).code).toBe(130);
    expect(machine.get('deaf-ears')).toBe('asked\n');
  });

  it('ends a pause', async () => {
    const machine = new Machine();
    machine.put('plan', 'exit 3 5\n');
    machine.put('hold-sleep', 'yes');
    const started = machine.start('vm_run');
    await machine.exists('sleeping');
    kill(started.pid, 'SIGTERM');
    expect((await started.ended).code).toBe(130);
    expect(machine.calls('bhyve')).toHaveLength(1);
    const sleeper = Number(machine.get('sleeping'));
    await until(() => !isAlive(sleeper), 'the end of the pause');
  });

  it('ends a loader', async () => {
    const machine = new Machine();
    machine.put('loader-plan', 'hang\n');
    const started = machine.start('vm_run');
    await machine.exists('loader-hangs');
    kill(started.pid, 'SIGTERM');
    expect((await started.ended).code).toBe(130);
    expect(machine.calls('bhyve')).toEqual([]);
    expect(isAlive(Number(machine.get('loader-hangs')))).toBe(false);
    expect(existsSync(machine.vmm)).toBe(false);
  });

  it('SIGTERM before the guest knows ACPI ends it too', async () => {
    const machine = new Machine();
    machine.put('plan', 'early\n');
    const started = await machine.up();
    kill(started.pid, 'SIGTERM');
    expect((await started.ended).code).toBe(130);
    expect(machine.guests()).toEqual([]);
  });
});

describe('vm_kill', () => {
  it('has nothing to do when nothing runs', async () => {
    const machine = new Machine();
    expect(await machine.call('vm_kill')).toEqual({
      code: 0,
      signal: null,
      said: 'vm_kill: airhive is not running\n',
    });
    expect(machine.calls('bhyvectl')).toEqual([]);
  });

  it('shuts the guest down; vm_run ends with 0 and releases it; a second call finds nothing', async () => {
    const machine = new Machine();
    const started = await machine.up();
    expect((await machine.call('vm_kill')).code).toBe(0);
    const ended = await started.ended;
    expect(ended.code).toBe(0);
    expect(ended.said).toContain('vm_run: stopped by vm_kill');
    expect(machine.calls('bhyvectl')).toEqual(['--vm=airhive --destroy']);
    expect((await machine.call('vm_kill')).said).toBe('vm_kill: airhive is not running\n');
  });

  it('is not undone by a guest that reboots instead of powering off', async () => {
    const machine = new Machine();
    machine.put('plan', 'early\n');
    const started = await machine.up();
    expect((await machine.call('vm_kill')).code).toBe(0);
    expect((await started.ended).code).toBe(0);
    expect(machine.calls('bhyve')).toHaveLength(1);
  });

  it('switches off a guest that does not react', async () => {
    const machine = new Machine();
    machine.put('plan', 'deaf\n');
    machine.edit('vm.conf', 'VM_GRACE=30', 'VM_GRACE=3');
    const started = await machine.up();
    const ended = await machine.call('vm_kill');
    expect(ended.code).toBe(0);
    expect(ended.said).toContain('did not shut down within 3 s: switching it off');
    expect((await started.ended).code).toBe(0);
    expect(machine.calls('bhyvectl')).toEqual(['--vm=airhive --force-poweroff', '--vm=airhive --destroy']);
  });

  it('kills a bhyve that does not even end then', async () => {
    const machine = new Machine();
    machine.put('plan', 'stuck\n');
    machine.edit('vm.conf', 'VM_GRACE=30', 'VM_GRACE=3');
    const started = await machine.up();
    expect((await machine.call('vm_kill')).code).toBe(0);
    expect((await started.ended).code).toBe(0);
    expect(machine.guests()).toEqual([]);
    expect(existsSync(machine.vmm)).toBe(false);
  });

  it('ends a vm_run that is pausing', async () => {
    const machine = new Machine();
    machine.put('plan', 'exit 3 5\n');
    machine.put('hold-sleep', 'yes');
    const started = machine.start('vm_run');
    await machine.exists('sleeping');
    expect((await machine.call('vm_kill')).code).toBe(0);
    expect((await started.ended).code).toBe(0);
    expect(machine.calls('bhyve')).toHaveLength(1);
  });

  it('ends a vm_run whose loader hangs', async () => {
    const machine = new Machine();
    machine.put('loader-plan', 'hang\n');
    const started = machine.start('vm_run');
    await machine.exists('loader-hangs');
    expect((await machine.call('vm_kill')).code).toBe(0);
    expect((await started.ended).code).toBe(0);
    expect(machine.calls('bhyve')).toEqual([]);
    expect(existsSync(machine.vmm)).toBe(false);
  });

  it('kills a vm_run that is stopped, and releases the VM in its place', async () => {
    const machine = new Machine();
    machine.edit('vm.conf', 'VM_GRACE=30', 'VM_GRACE=3');
    const started = await machine.up();
    kill(started.pid, 'SIGSTOP');
    const ended = await machine.call('vm_kill');
    expect(ended.code).toBe(0);
    expect(ended.said).toContain(`vm_run (process ${started.pid}) does not end: killing it`);
    expect((await started.ended).signal).toBe('SIGKILL');
    expect(machine.guests()).toEqual([]);
    expect(existsSync(machine.vmm)).toBe(false);
  });

  it('releases what a vm_run and a bhyve that were killed have left', async () => {
    const machine = new Machine();
    writeFileSync(machine.vmm, '');
    expect((await machine.call('vm_kill')).said).toBe('vm_kill: airhive is stopped\n');
    expect(existsSync(machine.vmm)).toBe(false);
  });

  it('leaves another VM alone whose name begins with this one', async () => {
    const machine = new Machine();
    writeFileSync(join(machine.state, 'processes', String(process.pid)), 'bhyve: airhive2\n');
    writeFileSync(`${machine.vmm}2`, '');
    expect((await machine.call('vm_kill')).said).toBe('vm_kill: airhive is not running\n');
    expect(readFileSync(`${machine.vmm}2`, 'utf8')).toBe('');
  });

  it('does not stop the vm_run that is started after it', async () => {
    const machine = new Machine();
    const first = await machine.up();
    await machine.call('vm_kill');
    await first.ended;
    writeFileSync(join(machine.run, 'stop'), `${first.pid}\n`);
    machine.put('plan', 'exit 0 700\nexit 1 700\n');
    const next = await machine.call('vm_run');
    expect(next.said).toContain('the guest powered off');
  });
});
