import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { kill, type Machine, until } from './machine.ts';
import { installed, read } from './service-bench.ts';
import { online, prints, running, statusOf } from './status-bench.ts';

describe('vm_status in trouble', () => {
  it.each([
    ['is in no network', { 'bin/status': 'wpa_state=SCANNING\n', 'bin/ip': prints('') }, 'offline'],
    ['has no address', { 'bin/ip': prints('') }, 'offline'],
    ['has no wpa_supplicant', { 'bin/status': '', 'bin/ip': prints('') }, 'offline'],
  ])('a guest that %s is offline, in its own words', async (_what, changes, state) => {
    const { machine, status } = await running();
    online(machine, {
      ...changes,
      'run/airhive/said/wifi': 'wrong passphrase for "Home": correct it on the host',
    });
    const { code, said, rows } = await status();
    expect(code).toBe(5);
    expect(rows.guest).toContain(state);
    expect(said).toMatch(/^ +wrong passphrase for "Home": correct it on the host$/m);
    expect(JSON.parse((await status('--json')).said)).toMatchObject({ state, address: null });
  });

  it('a guest that waits for its packages is closed, and says what apk has said', async () => {
    const { machine, status } = await running();
    const words =
      'dnsmasq iptables: not here yet (http://mirror: WARNING: updating: DNS: name does not exist)';
    online(machine, {
      'proc/sys/net/ipv4/ip_forward': '0\n',
      'run/airhive/said/firewall': 'no packet filter yet',
      'run/airhive/said/packages': words,
    });
    const { code, said, rows } = await status();
    expect(code).toBe(5);
    expect(rows.guest).toMatch(/^closed, /);
    expect(said).toContain(`\n          ${words}\n`);
    expect(JSON.parse((await status('--json')).said)).toMatchObject({ state: 'closed', reason: words });
  });

  it.each([
    [
      prints("limited the network's router, 10.0.0.1, does not answer\n"),
      "the network's router, 10.0.0.1, does not answer",
    ],
    [prints('limited \u001b[2Jx\n'), '[2Jx'],
    [prints(''), 'the guest does not know yet where the network leads'],
    [prints('on\nline online\n'), 'the guest does not know yet where the network leads'],
  ])('a network that leads nowhere is limited, and says what is missing: %j', async (way, reason) => {
    const { machine, status } = await running();
    online(machine, { 'usr/libexec/airhive/way': way });
    const { code, said, rows } = await status();
    expect(code).toBe(5);
    expect(rows.guest).toMatch(/^limited, /);
    expect(said).toContain(`\n          ${reason}\n`);
    expect(JSON.parse((await status('--json')).said)).toMatchObject({
      state: 'limited',
      reason,
      address: '192.168.1.23/24',
    });
  });

  it('a guest of an older bundle, which cannot say where the network leads, is online', async () => {
    const { machine, status } = await running();
    online(machine);
    rmSync(join(machine.state, 'guest-files/usr/libexec/airhive/way'));
    const { code, rows } = await status();
    expect([code, rows.guest]).toEqual([0, expect.stringMatching(/^online, /)]);
    expect(JSON.parse((await status('--json')).said)).toMatchObject({ state: 'online', reason: null });
  });

  it('a gateway of whose packages apk complains is online, and says so', async () => {
    const { machine, status } = await running();
    online(machine, { 'run/airhive/said/packages': 'in use, but apk has failed' });
    const { code, said } = await status();
    expect(code).toBe(0);
    expect(said).toContain('\n          in use, but apk has failed\n');
  });

  it('a gateway with damaged packages on its vdisk says that too', async () => {
    const { machine, status } = await running();
    online(machine, { 'run/airhive/said/vdisk': 'on the vdisk, but damaged: dnsmasq' });
    expect((await status()).said).toContain('\n          on the vdisk, but damaged: dnsmasq\n');
    online(machine, {
      'run/airhive/said/packages': 'in use, but apk has failed',
      'run/airhive/said/vdisk': 'on the vdisk, but damaged: dnsmasq',
    });
    const { code, said } = await status('--json');
    expect([code, (JSON.parse(said) as Record<string, unknown>).reason]).toEqual([
      0,
      'in use, but apk has failed; on the vdisk, but damaged: dnsmasq',
    ]);
  });

  it('a country that closes what is used here', async () => {
    const { machine, status } = await running();
    const country =
      'the access points here say that this is DE, the profile says US: channels 12, 13 may not be used';
    online(machine, { 'run/airhive/said/country': country });
    const { code, rows } = await status();
    expect([code, rows.country]).toEqual([0, country]);
    expect(JSON.parse((await status('--json')).said)).toMatchObject({
      country_conflict: country,
      reason: null,
    });
  });

  it('a guest without its card', async () => {
    const { machine, status } = await running();
    online(machine, { 'bin/status': '', 'bin/signal': '', 'bin/ip': prints('') });
    rmSync(join(machine.state, 'guest-files/sys/class/net/wlan0'));
    rmSync(join(machine.state, 'guest-files/run/airhive/said/wifi'));
    writeFileSync(join(machine.state, 'guest-files/run/airhive/said/card'), 'no card: there is none');
    const { code, said, rows } = await status();
    expect(code).toBe(5);
    expect(rows.guest).toContain('no-card');
    expect(said).toContain('no card: there is none');
  });

  it.each([
    ['no sshd yet', (machine: Machine) => machine.put('sshd-is-down', ''), 'Operation timed out'],
    [
      'another host key',
      (machine: Machine) =>
        writeFileSync(join(machine.data, 'keys/known_hosts'), '172.24.1.1 ssh-ed25519 AAAA\n'),
      'Host key verification failed.',
    ],
    [
      'no keys',
      (machine: Machine) => rmSync(join(machine.data, 'keys/admin')),
      'data/keys/admin is missing (vm_install apply makes it)',
    ],
  ])('a guest that cannot be asked, %s: what is known and why', async (_why, hinder, words) => {
    const { machine, status } = await running();
    hinder(machine);
    const { code, said, rows } = await status();
    expect(code).toBe(5);
    expect(rows.guest).toMatch(/^silent, up for 16 min/);
    expect(said).toContain(words);
    expect(rows.route).toContain('default through the guest');
    expect(rows.tunnel).toMatch(/^unknown \(vm_tunnel \d+\)/);
    expect(rows.network).toBeUndefined();
  });

  it('a guest that does not run, a card that is elsewhere, a route that goes elsewhere', async () => {
    const { machine } = installed();
    machine.put('pciconf', machine.get('pciconf').replace('ppt0@', 'iwm0@'));
    machine.put('routes', 'default 10.20.0.1 em0\n');
    await machine.call(join(machine.local, 'etc/rc.d/airhive'), 'start');
    const { code, said, rows } = await statusOf(machine);
    expect(code).toBe(4);
    expect(rows.guest).toBe('stopped');
    expect(said).toContain('vm_run: the card 8086:24f3 at 4/0/0 is held by iwm0, not by ppt');
    expect(rows.card).toBe(
      'Intel Wireless-AC 8260 (8086:24f3 at 4/0/0) is held by iwm0 and not by ppt: run vm_install check',
    );
    expect(rows.route).toBe('default NOT through the guest, but 10.20.0.1 on em0');
    expect(rows.tunnel).toBe('off in this profile');
    machine.put('interfaces/em0', 'up\nstatus no carrier\ninet 10.20.0.5/16\n');
    expect((await statusOf(machine)).rows.route).toBe(
      'default NOT through the guest, but 10.20.0.1 on em0, which has no cable (service routing restart)',
    );
    machine.put('routes', 'default 172.24.1.1 bridge0\n');
    expect((await statusOf(machine)).rows.route).toBe(
      'default through the guest, 172.24.1.1 on bridge0, which does not run',
    );
    machine.put('pciconf', '');
    machine.put('routes', '');
    const gone = await statusOf(machine);
    expect(gone.rows.card).toBe('8086:24f3 is not at 4/0/0: run vm_install check');
    expect(gone.rows.route).toBe('no default route: run "service routing restart"');
    expect(JSON.parse((await statusOf(machine, '--json')).said)).toMatchObject({
      state: 'stopped',
      up_seconds: null,
      gateway: null,
      cards: ['4/0/0=8086:24f3=missing'],
      tunnel: 'off',
    });
  });

  it.each([
    'default 10.20.0.1 em0\ndefault 172.24.1.1 bridge0\n',
    'default 172.24.1.1 bridge0\ndefault 10.20.0.1 em0\n',
  ])('two default routes: %j', async (routes) => {
    const { machine } = installed();
    machine.put('routes', routes);
    const { said } = await statusOf(machine);
    expect(said).toContain(
      'default through the guest, 172.24.1.1 on bridge0, which does not run, and also through 10.20.0.1 on em0:\n',
    );
    expect(said).toContain('sysctl net.route.multipath=0, then "service routing restart"');
    expect(JSON.parse((await statusOf(machine, '--json')).said)).toMatchObject({
      gateway: '172.24.1.1',
      gateway_interface: 'bridge0',
      default_routes: expect.arrayContaining(['10.20.0.1=em0', '172.24.1.1=bridge0']) as string[],
    });
  });

  it('a guest whose vm_run was killed, a VM without a guest, a start under way', async () => {
    const { machine, status } = await running();
    online(machine);
    kill(Number(read(machine, 'vm_run')), 'SIGKILL');
    await until(() => machine.guests().length > 0, 'bhyve');
    expect((await status()).rows.guest).toContain('but its vm_run was killed: service airhive restart');
    const { machine: other } = installed();
    writeFileSync(other.vmm, '');
    const left = await statusOf(other);
    expect(left.code).toBe(4);
    expect(left.said).toContain('its VM was left behind');
    const { machine: third, service } = installed('airhive_wait="0"');
    third.put('loader-plan', 'hang\n');
    await service('start');
    await third.exists('loader-hangs');
    const starting = await statusOf(third);
    expect(starting.code).toBe(5);
    expect(starting.rows.guest).toMatch(/^starting \(vm_run \d+\)$/);
  });

  it('a tunnel that is down or not running', async () => {
    const { machine, status } = await running();
    online(machine, { 'bin/netstat': prints('') });
    expect((await status()).rows.tunnel).toMatch(/^down \(vm_tunnel \d+\): /);
    kill(Number(read(machine, 'vm_tunnel')), 'SIGKILL');
    expect((await status()).rows.tunnel).toBe('not running (service airhive start)');
  });
});
