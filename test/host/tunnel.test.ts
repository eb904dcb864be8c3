import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isAlive, kill, Machine, until } from './machine.ts';
import { provideKeys, read, tunnelSsh, withTunnel } from './service-bench.ts';

/** A machine in place with keys, and with a guest that is up. */
async function up(): Promise<Machine> {
  const machine = new Machine();
  provideKeys(machine.data);
  await machine.up();
  return machine;
}

const seconds = (machine: Machine): number[] => machine.get('sleeps').split('\n').filter(Boolean).map(Number);

describe('vm_tunnel', () => {
  it('asks for the port of the profile, with everything pinned and nothing asked', async () => {
    const machine = await up();
    const tunnel = machine.start('vm_tunnel');
    await machine.exists('tunnel');
    const keys = join(machine.data, 'keys');
    // The guest is also asked for its search domains, all the time.
    expect(machine.calls('ssh').filter((line) => !line.endsWith(' search'))).toEqual([
      [
        '-F /dev/null -o BatchMode=yes -o IdentitiesOnly=yes -o StrictHostKeyChecking=yes -o UpdateHostKeys=no',
        `-o UserKnownHostsFile=${keys}/known_hosts -o GlobalKnownHostsFile=/dev/null -o LogLevel=ERROR -N -T`,
        '-o ConnectTimeout=10 -o ServerAliveInterval=15 -o ServerAliveCountMax=3 -o ExitOnForwardFailure=yes',
        `-i ${keys}/tunnel -R 2210:127.0.0.1:22 tunnel@172.24.1.1`,
      ].join(' '),
    ]);
    kill(tunnel.pid, 'SIGTERM');
    expect(await tunnel.ended).toMatchObject({ code: 130, said: 'vm_tunnel: stopped by SIGTERM\n' });
    expect(machine.get('tunnel')).toBe('');
    expect(existsSync(join(machine.run, 'vm_tunnel'))).toBe(false);
  });

  it('is refused when the profile has none, without keys, with words, and twice', async () => {
    const none = new Machine({ view: { reversePort: '', reverseTo: '' } });
    const off = await none.call('vm_tunnel');
    expect(off.code).toBe(3);
    expect(off.said).toBe(
      'vm_tunnel: the profile "intel8260" has no reverse tunnel: switch it on there and build again\n',
    );
    const machine = await up();
    expect((await machine.call('vm_tunnel', 'now')).code).toBe(2);
    const first = machine.start('vm_tunnel');
    await machine.exists('tunnel');
    const second = await machine.call('vm_tunnel');
    expect(second).toMatchObject({
      code: 4,
      said: 'vm_tunnel: another vm_tunnel keeps the tunnel open already\n',
    });
    expect(isAlive(first.pid)).toBe(true);
    rmSync(join(machine.data, 'keys/tunnel'));
    const keyless = await machine.call('vm_tunnel');
    expect(keyless.code).toBe(4);
    expect(keyless.said).toContain('data/keys/tunnel is missing (vm_install apply makes it)');
  });

  it('waits for the guest without filling its log', async () => {
    const machine = await up();
    machine.put('silent', '');
    machine.put('sleeps', '');
    const tunnel = machine.start('vm_tunnel');
    await until(() => seconds(machine).filter((one) => one === 5).length >= 4, 'four pauses');
    expect(machine.calls('ssh')).toEqual([]);
    rmSync(join(machine.state, 'silent'));
    await machine.exists('tunnel');
    kill(tunnel.pid, 'SIGTERM');
    expect((await tunnel.ended).said).toBe(
      'vm_tunnel: waiting for the guest at 172.24.1.1\nvm_tunnel: stopped by SIGTERM\n',
    );
  });

  it('tries again later and later, and soon again after a tunnel that lasted', async () => {
    const machine = await up();
    const failure = 'fail Error: remote port forwarding failed for listen port 2210\n';
    machine.put('ssh-plan', `${failure.repeat(6)}last 59\nlast 60\nlast 3600\n${failure}`);
    machine.put('sleeps', '');
    const tunnel = machine.start('vm_tunnel');
    await machine.exists('tunnel');
    // Half a minute is answer-watch's.
    const pauses = machine.pauses().filter((one) => one !== 30);
    expect(pauses).toEqual([5, 10, 20, 40, 60, 60, 60, 5, 5, 10]);
    kill(tunnel.pid, 'SIGTERM');
    const { said } = await tunnel.ended;
    expect(said.split('\n').slice(0, 3)).toEqual([
      'vm_tunnel: ssh: Error: remote port forwarding failed for listen port 2210; trying again',
      'vm_tunnel: the tunnel was closed; trying again',
      'vm_tunnel: the tunnel was closed; trying again',
    ]);
  });

  it('shows nothing that a terminal obeys', async () => {
    const machine = await up();
    machine.put('ssh-plan', 'fail \u001b]0;owned\u0007hm\u001b[31m\n');
    const tunnel = machine.start('vm_tunnel');
    await machine.exists('tunnel');
    kill(tunnel.pid, 'SIGINT');
    expect((await tunnel.ended).said).toContain('vm_tunnel: ssh: ]0;ownedhm[31m; trying again\n');
  });

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('%s ends a pause at once', async (signal) => {
    const machine = await up();
    machine.put('ssh-plan', 'fail no\n');
    machine.put('hold-sleep', 'yes');
    const tunnel = machine.start('vm_tunnel');
    await machine.exists('sleeping');
    const sleeper = Number(machine.get('sleeping'));
    kill(tunnel.pid, signal);
    expect((await tunnel.ended).code).toBe(130);
    await until(() => !isAlive(sleeper), 'the end of the pause');
  });

  it('ends the ssh that a killed vm_tunnel has left, which keeps the port', async () => {
    const machine = await up();
    const first = machine.start('vm_tunnel');
    await machine.exists('tunnel');
    const left = tunnelSsh(machine);
    kill(first.pid, 'SIGKILL');
    await first.ended;
    expect(isAlive(left)).toBe(true);
    machine.start('vm_tunnel');
    await until(() => !isAlive(left), 'the end of the old ssh');
    await machine.exists('tunnel');
  });
});

describe('the service with a tunnel', () => {
  it('starts and stops it with the guest', async () => {
    const { machine, service } = withTunnel();
    expect((await service('start')).code).toBe(0);
    await machine.exists('tunnel');
    const ssh = tunnelSsh(machine);
    expect((await service('stop')).code).toBe(0);
    expect(isAlive(ssh)).toBe(false);
    await until(() => !existsSync(join(machine.run, 'tunnel.pid')), 'the end of daemon');
    expect(readFileSync(join(machine.var, 'log/airhive/tunnel.log'), 'utf8')).toContain('stopped by SIGTERM');
  });

  it('stops an ssh whose vm_tunnel was killed', async () => {
    const { machine, service } = withTunnel();
    await service('start');
    await machine.exists('tunnel');
    const ssh = tunnelSsh(machine);
    kill(Number(read(machine, 'vm_tunnel')), 'SIGKILL');
    expect((await service('stop')).code).toBe(0);
    expect(isAlive(ssh)).toBe(false);
  });

  it('starts the guest all the same when there are no keys, and says so', async () => {
    const { machine, service } = withTunnel();
    rmSync(join(machine.data, 'keys/tunnel'));
    const started = await service('start');
    expect(started.code).toBe(0);
    expect(started.said).toContain('airhive: no reverse tunnel: ');
    expect(machine.calls('daemon')).toHaveLength(1);
  });

  it('ends it again when the guest does not start', async () => {
    const { machine, service } = withTunnel();
    writeFileSync(join(machine.state, 'pciconf'), '');
    expect((await service('start')).code).toBe(1);
    expect(existsSync(join(machine.run, 'vm_tunnel'))).toBe(false);
  });
});
