import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { kill, until } from './machine.ts';
import { installed, read, serviceLog, sleptByStop, withTunnel } from './service-bench.ts';

const marker = 'suspended';

describe('suspend and resume', () => {
  it('three times in a row: the guest is down before the sleep and up after it', async () => {
    const { machine, service } = withTunnel();
    await service('start');
    for (let cycle = 1; cycle <= 3; cycle++) {
      await machine.exists('tunnel');
      expect((await service('suspend')).code).toBe(0);
      expect(machine.guests()).toEqual([]);
      expect(existsSync(machine.vmm)).toBe(false);
      await until(() => machine.get('tunnel') === '', 'the end of the tunnel');
      expect(machine.get('guest/commands').split('\n')).toHaveLength(cycle + 1);
      expect((await service('resume')).code).toBe(0);
      await until(() => machine.calls('bhyve').length === cycle + 1, 'the guest');
    }
    expect(machine.get('guest/commands')).toContain('rc-service airhive-release start; sync\n');
    expect(read(machine, marker)).toBe('');
    expect(serviceLog(machine).match(/stopped by vm_kill/g)).toHaveLength(3);
  });

  it('leaves a guest alone that did not run, also when a stop came in between', async () => {
    const { machine, service } = installed();
    expect(await service('suspend')).toMatchObject({ code: 0, said: '' });
    expect(await service('resume')).toMatchObject({ code: 0, said: '' });
    await service('start');
    await service('suspend');
    await service('stop');
    await service('resume');
    expect(machine.calls('bhyve')).toHaveLength(1);
    expect(machine.calls('daemon')).toHaveLength(1);
  });

  it('told twice, as by devd and rc.suspend, still remembers', async () => {
    const { machine, service } = installed();
    await service('start');
    await service('suspend');
    await service('suspend');
    await service('resume');
    await service('resume');
    await until(() => machine.calls('bhyve').length === 2, 'the guest');
    expect(existsSync(join(machine.run, marker))).toBe(false);
  });

  it('works for a guest that was started by hand, and when the service is not enabled', async () => {
    const { machine, service } = installed('airhive_enable="NO"');
    const byHand = machine.start(join(machine.directory, 'current/vm_run'));
    await machine.exists('guest-is-up');
    expect((await service('suspend')).code).toBe(0);
    expect((await byHand.ended).code).toBe(0);
    await service('resume');
    await until(() => machine.calls('bhyve').length === 2, 'the guest');
  });

  it.each(['deaf', 'stuck'])(
    'a guest that is %s is off in the few seconds that the kernel leaves',
    async (plan) => {
      const { machine, service } = withTunnel();
      machine.put('plan', `${plan}\n`);
      await service('start');
      await machine.exists('tunnel');
      machine.put('sleepers', '');
      expect((await service('suspend')).code).toBe(0);
      expect(machine.guests()).toEqual([]);
      // 10 s until the kernel sleeps whether or not we are ready, less 3 s of rc.suspend and 2 s for the card.
      expect(sleptByStop(machine)).toBeLessThanOrEqual(5);
    },
  );

  it('a VM that the sleep has caught is destroyed before the new start', async () => {
    const { machine, service } = installed();
    await service('start');
    machine.put('slow-destroy', '20\n');
    await service('suspend');
    for (const name of ['vm_run', 'daemon.pid']) kill(Number(read(machine, name)) || 999_999_999, 'SIGKILL');
    machine.put('slow-destroy', '1\n');
    expect((await service('resume')).code).toBe(0);
    await until(() => machine.calls('bhyve').length === 2, 'the guest');
  });

  it('a card that did not come back is said to the system log', async () => {
    const { machine, service } = installed();
    await service('start');
    await service('suspend');
    machine.put('pciconf', machine.get('pciconf').replace(/^ppt0.*\n/m, ''));
    await service('resume');
    await until(() => existsSync(join(machine.var, 'log/messages')), 'the system log');
    expect(serviceLog(machine)).toContain('there is no card 8086:24f3 at 4/0/0');
    expect(readFileSync(join(machine.var, 'log/messages'), 'utf8')).toContain(
      'airhive: vm_run has ended (exit status 4), airhive does not run',
    );
  });

  it('a machine that lost its power while it slept starts as at every boot', async () => {
    const { machine, service } = installed();
    await service('start');
    await service('suspend');
    await machine.reboot();
    expect(existsSync(join(machine.run, marker))).toBe(false);
  });
});

/** The one entry of a file for devd. */
function entryOf(file: string): { priority: number; lines: string[] } {
  const text = readFileSync(new URL(`../../overlays/host/devd/${file}`, import.meta.url), 'utf8');
  const [, priority = '', body = ''] = /^notify (\d+) \{\n([^}]*)\};$/m.exec(text) ?? [];
  const lines = body.trim().split('\n');
  return { priority: Number(priority), lines: lines.map((line) => line.trim().replaceAll(/\s+/g, ' ')) };
}

describe('what devd is told', () => {
  it('of sleep comes before the one entry of the base system that it has to replace, and does its work last', () => {
    const { priority, lines } = entryOf('airhive-suspend.conf');
    expect(priority).toBeGreaterThan(10);
    expect(lines).toEqual([
      'match "system" "ACPI";',
      'match "subsystem" "Suspend";',
      'action "/usr/sbin/service airhive suspend";',
      'action "/etc/rc.suspend acpi $notify";',
    ]);
  });

  it('of cables comes after every other entry for them', () => {
    const { priority, lines } = entryOf('airhive.conf');
    expect(priority).toBe(0);
    expect(lines).toEqual([
      'match "system" "IFNET";',
      'match "type" "LINK_DOWN";',
      'media-type "ethernet";',
      'action "/usr/sbin/service airhive cable";',
    ]);
  });
});
