import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isAlive, kill, type Machine, until } from './machine.ts';
import { installed, read, SLOW, sleptByStop, titleOf, withTunnel } from './service-bench.ts';

const daemonOf = (machine: Machine): number => Number(read(machine, 'daemon.pid'));

describe('service airhive after a kill -9', () => {
  it('of daemon: the guest goes on, and stop ends it', async () => {
    const { machine, service } = installed();
    await service('start');
    const daemon = daemonOf(machine);
    kill(daemon, 'SIGKILL');
    await until(() => !isAlive(daemon), 'the end of daemon');
    expect((await service('start')).said).toContain('is running already');
    expect((await service('stop')).code).toBe(0);
    expect(machine.guests().filter((pid) => titleOf(machine, pid) === 'bhyve: airhive')).toEqual([]);
    expect((await service('start')).code).toBe(0);
  });

  it('of vm_run: start refuses with its words, restart cures it', async () => {
    const { machine, service } = installed();
    await service('start');
    kill(Number(read(machine, 'vm_run')), 'SIGKILL');
    const refused = await service('start');
    expect(refused.code).toBe(1);
    expect(refused.said).toContain('is running (bhyve is process');
    expect(machine.calls('bhyve')).toHaveLength(1);
    expect((await service('restart')).code).toBe(0);
    expect(machine.calls('bhyve')).toHaveLength(2);
  });

  it.each(['', '999999999', '1'])('a pid file with "%s" in it keeps nothing from starting', async (text) => {
    const { machine, service } = installed();
    mkdirSync(machine.run, { recursive: true });
    for (const name of ['daemon.pid', 'tunnel.pid', 'vm_run', 'vm_tunnel'])
      writeFileSync(join(machine.run, name), text);
    expect((await service('start')).said).toContain('airhive answers');
    expect((await service('stop')).code).toBe(0);
    expect(machine.guests()).toEqual([]);
  });
});

describe('the time that a stop takes', () => {
  it.each([
    ['goes in the end', '8', 0],
    ['cannot be released', '1000', 1],
  ])(
    'fits into rc.shutdown when nothing reacts, guest, vm_run and tunnel, and the VM %s',
    async (_what, destroys, code) => {
      const { machine, service } = withTunnel();
      machine.put('plan', 'stuck\n');
      await service('start');
      await machine.exists('tunnel');
      const ours = ['vm_run', 'vm_tunnel', 'daemon.pid'].map((name) => Number(read(machine, name)));
      for (const pid of ours) kill(pid, 'SIGSTOP');
      machine.put('slow-destroy', `${destroys}\n`);
      machine.put('sleepers', '');
      expect((await service('faststop')).code).toBe(code);
      const seconds = sleptByStop(machine);
      expect(seconds).toBeGreaterThan(40);
      // 90 s of rc.shutdown, less the 10 s that vm_kill may wait for the lock, and some for the other services.
      expect(seconds).toBeLessThanOrEqual(65);
      expect(machine.guests().filter((pid) => titleOf(machine, pid) === 'bhyve: airhive')).toEqual([]);
      for (const pid of ours) await until(() => !isAlive(pid), `the end of ${pid}`);
      expect(existsSync(machine.vmm)).toBe(code === 1);
    },
    SLOW,
  );
});
