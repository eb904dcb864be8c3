import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { kill, type Machine, until } from './machine.ts';
import { online, prints, WPA } from './status-bench.ts';
import { installed, provideKeys, read, withTunnel } from './service-bench.ts';

async function running(): Promise<{ machine: Machine; status: (...words: string[]) => Promise<Result> }> {
  const { machine, service } = withTunnel();
  await service('start');
  await machine.exists('tunnel');
  return { machine, status: async (...words) => statusOf(machine, ...words) };
}

interface Result {
  readonly code: number | null;
  readonly said: string;
  readonly rows: Record<string, string>;
}

async function statusOf(machine: Machine, ...words: string[]): Promise<Result> {
  const { code, said } = await machine.call(join(machine.directory, 'current/vm_status'), ...words);
  const rows = said
    .split('\n')
    .map((line) => /^(\S+) +(.*)$/.exec(line))
    .filter((row) => row !== null);
  return { code, said, rows: Object.fromEntries(rows.map(([, name = '', text = '']) => [name, text])) };
}

describe('vm_status', () => {
  it('shows all of an online guest on one screen', async () => {
    const { machine, status } = await running();
    online(machine);
    machine.put('clock', '12345\n');
    writeFileSync(
      join(machine.etc, 'resolv.conf'),
      'search lan\nnameserver 172.24.1.1\nnameserver 9.9.9.9\n',
    );
    const { code, said, rows } = await status();
    expect(code, said).toBe(0);
    const runner = read(machine, 'vm_run').trim();
    expect(rows).toEqual({
      airhive: expect.stringMatching(/^0\.1\.0, profile intel8260, bundle [0-9a-f]{16}$/) as unknown,
      guest: expect.stringMatching(
        RegExp(`^online, up for 3 h 25 min \\(vm_run ${runner}, bhyve \\d+\\)$`),
      ) as unknown,
      card: '8086:24f3 at 4/0/0, kept for the guest (ppt0)',
      network: String.raw`"Caf\xc3\xa9 \x1b[31m\"x\"", WPA2-PSK, 5180 MHz`,
      signal: '-61 dBm  [###.]',
      address: '192.168.1.23/24',
      route: 'default through the guest, 172.24.1.1 on bridge0',
      dns: '172.24.1.1 9.9.9.9',
      search: 'lan',
      tunnel: 'up: port 2210 on the Wi-Fi side reaches port 22 of this host',
    });
    expect(said).toMatch(/^[\n -~]*$/);
    expect(said.split('\n').length).toBeLessThan(24);
    const service = await machine.call(join(machine.local, 'etc/rc.d/airhive'), 'status');
    expect(service).toMatchObject({ code: 0, said });
  });

  it('as JSON, which any reader understands', async () => {
    const { machine, status } = await running();
    online(machine);
    const { code, said } = await status('--json');
    expect(code).toBe(0);
    expect(said).toMatch(/^[\n -~]*$/);
    expect(JSON.parse(said)).toEqual({
      format: 1,
      name: 'airhive',
      version: '0.1.0',
      profile: 'intel8260',
      bundle: expect.stringMatching(/^[0-9a-f]{16}$/) as unknown,
      state: 'online',
      reason: null,
      up_seconds: 1000,
      vm_run: Number(read(machine, 'vm_run')),
      bhyve: expect.any(Number) as unknown,
      cards: ['4/0/0=8086:24f3=ppt0'],
      ssid: 'Café \u001b[31m"x"',
      ssid_hex: '436166c3a9201b5b33316d227822',
      key_mgmt: 'WPA2-PSK',
      frequency_mhz: 5180,
      signal_dbm: -61,
      address: '192.168.1.23/24',
      gateway: '172.24.1.1',
      gateway_interface: 'bridge0',
      dns: expect.any(Array) as unknown,
      search: expect.any(Array) as unknown,
      refused: null,
      free_host: null,
      free_guest: null,
      tunnel: 'up',
      tunnel_port: 2210,
    });
  });

  it('shows the names of networks as such where the terminal takes UTF-8, in what the guest says too', async () => {
    const { machine, status } = await running();
    online(machine, {
      'bin/ip': prints(''),
      'run/airhive/said/wifi': String.raw`wrong passphrase for "Caf\xc3\xa9 \\x41 \xe2\x80\xae\xff": try again`,
    });
    machine.environment = { LC_CTYPE: 'C.UTF-8' };
    const { said, rows } = await status();
    expect(rows.network).toBe(String.raw`"Café \x1b[31m\"x\"", WPA2-PSK, 5180 MHz`);
    expect(said).toContain(String.raw`  wrong passphrase for "Café \\x41 \xe2\x80\xae\xff": try again`);
    expect((await status('--json')).said).toMatch(/^[\n -~]*$/);
  });

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

  it('a guest without its card', async () => {
    const { machine, status } = await running();
    online(machine, { 'bin/status': '', 'bin/signal': '', 'bin/ip': prints('') });
    rmSync(join(machine.state, 'guest-files/sys/class/net/wlan0'));
    rmSync(join(machine.state, 'guest-files/run/airhive/said/wifi'));
    writeFileSync(join(machine.state, 'guest-files/run/airhive/said/card'), 'no Wi-Fi interface wlan0 yet');
    const { code, said, rows } = await status();
    expect(code).toBe(5);
    expect(rows.guest).toContain('no-card');
    expect(said).toContain('no Wi-Fi interface wlan0 yet');
  });

  it('a guest that says what would break a terminal or JSON', async () => {
    const { machine, status } = await running();
    online(machine, {
      'bin/status': WPA.replace('freq=5180', 'freq=1, "a": 2').replace(
        /^ssid=.*$/m,
        'ssid=\u001b]0;x\u0007\\"\u009b',
      ),
      'bin/signal': 'RSSI=-5; reboot\n',
    });
    const { said } = await status();
    expect(said).toMatch(/^[\n -~]*$/);
    const parsed = JSON.parse((await status('--json')).said) as Record<string, unknown>;
    expect(parsed).toMatchObject({ ssid: ']0;x"', frequency_mhz: null, signal_dbm: null });
  });

  it.each([
    ['no sshd yet', (machine: Machine) => machine.put('sshd-is-down', ''), 'Operation timed out'],
    [
      'another host key',
      (machine: Machine) =>
        writeFileSync(join(machine.directory, 'data/keys/known_hosts'), '172.24.1.1 ssh-ed25519 AAAA\n'),
      'Host key verification failed.',
    ],
    [
      'no keys',
      (machine: Machine) => rmSync(join(machine.directory, 'data/keys/admin')),
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
    expect(rows.card).toBe('8086:24f3 at 4/0/0 is held by iwm0 and not by ppt: run vm_install check');
    expect(rows.route).toBe('default NOT through the guest, but 10.20.0.1 on em0');
    expect(rows.tunnel).toBe('off in this profile');
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

  it('--help tells the exit statuses; other words are refused', async () => {
    const { machine } = installed();
    const help = await statusOf(machine, '--help');
    expect(help.code).toBe(0);
    for (const state of ['online', 'offline', 'no-card', 'silent', 'starting', 'stopped'])
      expect(help.said).toContain(state);
    expect((await statusOf(machine, '--xml')).code).toBe(2);
    machine.put('uid', '1001\n');
    expect((await statusOf(machine)).said).toContain('must be run by root');
  });

  it('of a bundle that is run in place names the same digest', async () => {
    const { machine } = installed();
    provideKeys(join(machine.directory, 'data'));
    const { rows } = await statusOf(machine);
    const sums = readFileSync(join(machine.directory, 'current/SHA256SUMS'));
    const { sha256 } = await import('./bundle.ts');
    expect(rows.airhive).toContain(`bundle ${sha256(sums).slice(0, 16)}`);
  });
});
