import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { kill, Machine } from './machine.ts';

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

  it('does so when the time is over, however long a look takes', async () => {
    const machine = new Machine();
    machine.put('plan', 'deaf\n');
    const started = await machine.up();
    const pause = 'echo $(($(/bin/cat "$STATE/clock") + 10)) >"$STATE/clock"; exec REAL "$@"';
    machine.replace('sleep', `[ "$1" != 1 ] || ${pause}; exec REAL "$@"`);
    machine.put('sleepers', '');
    const ended = await machine.call('vm_kill');
    expect(ended.said).toContain('did not shut down within 30 s: switching it off');
    expect((await started.ended).code).toBe(0);
    const looks = machine.get('sleepers').match(/^1 .*\/vm_kill/gm) ?? [];
    expect(looks.length).toBeGreaterThan(1);
    expect(looks.length).toBeLessThan(10);
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

  it('never destroys the VM under a bhyve that cannot be killed', async () => {
    const machine = new Machine();
    machine.edit('vm.conf', 'VM_GRACE=30', 'VM_GRACE=1');
    writeFileSync(machine.vmm, '');
    machine.replace('pgrep', 'echo 999999999');
    const ended = await machine.call('vm_kill');
    expect(ended.code).toBe(4);
    expect(existsSync(machine.vmm)).toBe(true);
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

  it('does not stop a vm_run that it was not meant for', async () => {
    const machine = new Machine();
    machine.put('plan', 'exit 3 5\nexit 1 700\n');
    machine.put('hold-sleep', 'yes');
    const started = machine.start('vm_run');
    await machine.exists('sleeping');
    writeFileSync(join(machine.run, 'stop'), `${process.pid}\n`);
    kill(started.pid, 'SIGUSR1');
    kill(Number(machine.get('sleeping')), 'SIGTERM');
    expect((await started.ended).said).toContain('the guest powered off');
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
