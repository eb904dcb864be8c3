import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
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

  it('nobody becomes the owner while the lock is held', async () => {
    const machine = new Machine();
    mkdirSync(machine.run, { recursive: true });
    const holder = spawn('flock', [join(machine.run, 'vm_run.lock'), 'sleep', '60'], { detached: true });
    onTestFinished(() => void kill(-holder.pid!, 'SIGKILL'));
    await until(() => existsSync(join(machine.run, 'vm_run.lock')), 'the lock');
    const started = machine.start('vm_run');
    await until(() => machine.calls('lockf').length === 1, 'the attempt');
    expect(machine.calls('lockf')[0]).toMatch(`-k -s -t 10 ${machine.run}/vm_run.lock `);
    expect(existsSync(join(machine.run, 'vm_run'))).toBe(false);
    kill(-holder.pid!, 'SIGKILL');
    await machine.exists('guest-is-up');
    kill(started.pid, 'SIGTERM');
    expect((await started.ended).code).toBe(130);
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

  it.each(['SIGINT', 'SIGHUP'] as const)(
    '%s from the terminal reaches all, yet bhyve is only asked',
    async (signal) => {
      const machine = new Machine();
      const started = await machine.up();
      kill(-started.pid, signal);
      expect((await started.ended).code).toBe(130);
      // Only a guest that shut down by itself sets the tap down in an orderly way.
      expect(machine.get('interfaces/tap0')).toBe('');
      expect(machine.guests()).toEqual([]);
    },
  );

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
