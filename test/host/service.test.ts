import {
  appendFileSync,
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { kill, Machine, until } from './machine.ts';
import { installed, serviceLog, titleOf, tunnelSsh, withTunnel } from './service-bench.ts';

describe('service airhive', () => {
  it('start waits for the guest, stop ends everything; each is idempotent', async () => {
    const { machine, service } = installed();
    const started = await service('start');
    expect(started).toMatchObject({ code: 0, said: 'airhive: airhive answers at 172.24.1.1\n' });
    const words = `-c -f -H -P ${machine.run}/daemon.pid -o ${machine.var}/log/airhive/service.log -t airhive: vm_run`;
    expect(machine.calls('daemon')).toHaveLength(1);
    expect(machine.calls('daemon')[0]).toContain(`${words} `);
    expect(serviceLog(machine)).toContain('vm_run: starting airhive');
    expect(machine.guests().length).toBeGreaterThan(0);

    const again = await service('start');
    expect(again.code).toBe(0);
    expect(again.said).toMatch(/^airhive: airhive is running already \(vm_run is process \d+\)\n$/);
    expect(machine.calls('bhyve')).toHaveLength(1);

    expect((await service('stop')).code).toBe(0);
    expect(machine.guests()).toEqual([]);
    expect(existsSync(machine.vmm)).toBe(false);
    await until(() => !existsSync(join(machine.run, 'daemon.pid')), 'the end of daemon');
    expect(await service('stop')).toMatchObject({ code: 0, said: 'vm_kill: airhive is not running\n' });
  });

  it('restart goes through stop and start', async () => {
    const { machine, service } = installed();
    await service('start');
    const [first] = machine.guests();
    expect((await service('restart')).code).toBe(0);
    expect(machine.calls('bhyve')).toHaveLength(2);
    expect(machine.guests()).not.toContain(first);
    expect(serviceLog(machine)).toContain('stopped by vm_kill');
  });

  it('of many starts at once one starts the guest and all succeed', async () => {
    const { machine, service } = installed();
    const all = await Promise.all(Array.from({ length: 5 }, async () => service('start')));
    expect(all.map((one) => one.code)).toEqual([0, 0, 0, 0, 0]);
    expect(machine.calls('bhyve')).toHaveLength(1);
    expect(machine.guests().filter((pid) => titleOf(machine, pid) === 'bhyve: airhive')).toHaveLength(1);
  });

  it('a stop that comes while a start is under way ends what is being started', async () => {
    const { machine, service } = installed();
    for (let round = 0; round < 5; round++) {
      const start = service('start');
      await until(() => machine.calls('daemon').length > round, 'daemon');
      expect((await service('stop')).code).toBe(0);
      await start;
      await until(() => !existsSync(join(machine.run, 'vm_run')), 'the end of vm_run');
      expect(machine.guests()).toEqual([]);
    }
  });

  it('a stop that comes before daemon(8) has made its file waits for it', async () => {
    const { machine, service } = installed();
    machine.put('slow-daemon', '');
    const start = service('start');
    await until(() => machine.calls('daemon').length > 0, 'daemon');
    const stop = service('stop');
    await until(() => machine.get('sleepers').includes('lib/service stop'), 'the stop to wait');
    rmSync(join(machine.state, 'slow-daemon'));
    expect((await stop).code).toBe(0);
    await start;
    await until(() => !existsSync(join(machine.run, 'vm_run')), 'the end of vm_run');
    expect(machine.guests()).toEqual([]);
  });

  it('a stop waits for a vm_run that is slow to come, so that it does not come after it', async () => {
    const { machine, service } = installed();
    const script = join(machine.directory, 'current/vm_run');
    const text = readFileSync(script, 'utf8');
    const slow = '\nmain() {\n  for one in 1 2 3; do sleep 1; done\n';
    writeFileSync(script, text.replace('\nmain() {\n', slow));
    const start = service('start');
    await until(() => machine.get('sleepers').includes('vm_run'), 'vm_run');
    expect(await service('stop')).toMatchObject({ code: 0, said: 'vm_kill: airhive is stopped\n' });
    await start;
    await until(() => !existsSync(join(machine.run, 'daemon.pid')), 'the end of daemon');
    expect(machine.guests()).toEqual([]);
    expect(existsSync(join(machine.run, 'vm_run'))).toBe(false);
  });

  it('shows the words of a vm_run that ends, and fails at once', async () => {
    const { machine, service } = installed();
    machine.put('pciconf', machine.get('pciconf').replace('ppt0@', 'iwm0@'));
    writeFileSync(join(machine.var, 'log/airhive/service.log'), 'vm_run: of another day\n');
    const failed = await service('start');
    expect(failed.code).toBe(1);
    expect(failed.said).toContain(
      'airhive: airhive did not start:\nvm_run: the card 8086:24f3 at 4/0/0 is held by iwm0',
    );
    expect(failed.said).not.toContain('of another day');
    expect(machine.get('sleeps').split('\n').filter(Boolean).length).toBeLessThan(10);
  });

  it('keeps its logs small while it runs', async () => {
    const { machine, service } = withTunnel();
    const folder = join(machine.var, 'log/airhive');
    const long = `${'x'.repeat(99)}\n`.repeat(11_000);
    await service('start');
    await machine.exists('tunnel');
    await until(() => machine.pauses().includes(30), 'the first answer');
    for (const log of ['service.log', 'tunnel.log']) appendFileSync(join(folder, log), long);
    machine.put('look', '');
    kill(tunnelSsh(machine), 'SIGTERM');
    for (const log of ['service.log', 'tunnel.log']) {
      await until(() => statSync(join(folder, log)).size < 1000, log);
      expect(readFileSync(join(folder, `${log}.1`), 'utf8')).toContain(long);
    }
    expect((await service('stop')).code).toBe(0);
    expect(serviceLog(machine)).toContain('stopped by vm_kill');
  });

  it('says so when the guest does not answer in time, and leaves it starting', async () => {
    const { machine, service } = installed('airhive_wait="3"');
    machine.put('silent', '');
    const started = await service('start');
    expect(started.code).toBe(0);
    expect(started.said).toBe(
      'airhive: airhive does not answer yet after 3 s; it goes on starting (service airhive status)\n',
    );
  });

  it('waits for seconds and not for rounds', async () => {
    const { machine, service } = installed('airhive_wait="30"');
    machine.put('silent', '');
    machine.put('slow-ping', '12');
    const started = await service('start');
    expect(started.said).toContain('does not answer yet after 30 s');
    const rounds = machine.get('sleepers').match(/^1 .*lib\/service start/gm) ?? [];
    expect(rounds.length).toBeLessThan(5);
  });

  it('does not hold up the boot, unless airhive_boot_wait says so', async () => {
    const { machine, service } = installed('airhive_wait="30"');
    machine.put('silent', '');
    expect(await service('faststart')).toMatchObject({ code: 0, said: '' });
    await machine.exists('guest-is-up');
    const other = installed('airhive_boot_wait="3"');
    other.machine.put('silent', '');
    expect((await other.service('faststart')).said).toContain('does not answer yet after 3 s');
  });

  it('does not wait with airhive_wait=0, and refuses what is no number', async () => {
    const { machine, service } = installed('airhive_wait="0"');
    machine.put('silent', '');
    expect(await service('start')).toMatchObject({ code: 0, said: '' });
    await machine.exists('guest-is-up');
    const other = installed('airhive_wait="soon"');
    const refused = await other.service('start');
    expect(refused.code).toBe(1);
    expect(refused.said).toContain('airhive_wait="soon" in rc.conf is no number of seconds');
    expect(other.machine.calls('daemon')).toEqual([]);
  });

  it('refuses when there is no current bundle', async () => {
    const { machine, service } = installed();
    rmSync(join(machine.directory, 'current'));
    const refused = await service('start');
    expect(refused.code).toBe(1);
    expect(refused.said).toBe(
      `airhive: there is no bundle at "${machine.directory}" (airhive_dir in rc.conf): run vm_install apply\n`,
    );
  });

  it('starts nothing when it is not enabled, but stops what runs; onestart starts it', async () => {
    const { machine, service } = installed('airhive_enable="NO"');
    expect((await service('start')).said).toContain('Set airhive_enable to YES');
    expect(machine.calls('daemon')).toEqual([]);
    expect((await service('onestart')).code).toBe(0);
    expect((await service('stop')).code).toBe(0);
    expect(machine.guests()).toEqual([]);
  });

  it('stops a guest that was started by hand, and does not start a second one', async () => {
    const { machine, service } = installed();
    const byHand = machine.start(join(machine.directory, 'current/vm_run'));
    await machine.exists('guest-is-up');
    expect((await service('start')).said).toContain('is running already');
    expect((await service('faststop')).code).toBe(0);
    expect((await byHand.ended).code).toBe(0);
  });

  it('works from a bundle that is run in place', async () => {
    const machine = new Machine();
    expect((await machine.call('rc.d/airhive', 'onestart')).code).toBe(0);
    const status = await machine.call('rc.d/airhive', 'status');
    expect(status.said).toMatch(/^airhive +0\.1\.0, profile intel8260/);
    expect((await machine.call('rc.d/airhive', 'stop')).code).toBe(0);
    expect(machine.guests()).toEqual([]);
  });

  it('is sourced at boot, where $0 is another file', async () => {
    const { machine, script } = installed();
    const rc = join(machine.etc, 'rc');
    writeFileSync(rc, `#!/bin/sh\nname=before\n( set faststart; . ${script} )\necho $name $?\n`);
    const booted = await machine.call(rc);
    expect(booted.said).toBe('before 0\n');
    await machine.exists('guest-is-up');
  });

  it('names the guest as the server for names only where resolvconf.conf does', async () => {
    const { machine, service } = installed();
    const before = readFileSync(join(machine.etc, 'resolv.conf'), 'utf8');
    await service('start');
    expect(readFileSync(join(machine.etc, 'resolv.conf'), 'utf8')).toBe(before);
    await service('stop');
    writeFileSync(join(machine.etc, 'resolvconf.conf'), 'name_servers="172.24.1.1"\n');
    await service('start');
    expect(machine.calls('resolvconf')).toEqual(['-u']);
    expect(readFileSync(join(machine.etc, 'resolv.conf'), 'utf8')).toContain('nameserver 172.24.1.1\n');
  });
});

describe('rc.d/airhive', () => {
  it('has an order in which netif comes first and the network waits', () => {
    const { script } = installed();
    const header = readFileSync(script, 'utf8');
    expect(header).toMatch(/^# PROVIDE: airhive$/m);
    expect(header).toMatch(/^# REQUIRE: netif\b.*$/m);
    expect(header).toMatch(/^# BEFORE: netwait NETWORKING$/m);
    expect(header).toMatch(/^# KEYWORD: shutdown nojail suspend resume$/m);
  });

  it('moves to another bundle with the link', async () => {
    const { machine, service } = installed();
    await service('start');
    const next = join(machine.directory, 'bundles/next');
    renameSync(join(machine.directory, 'bundles/first'), next);
    rmSync(join(machine.directory, 'current'));
    symlinkSync('bundles/next', join(machine.directory, 'current'));
    expect((await service('restart')).code).toBe(0);
    expect(machine.calls('bhyve').at(-1)).toContain(`${next}/disk0.img`);
  });
});
