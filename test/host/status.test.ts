import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { installed, provideKeys, read } from './service-bench.ts';
import { online, prints, running, statusOf, WPA } from './status-bench.ts';

/** Whole days, as the machine's clock has them. */
const daysSince = (date: string): number =>
  Math.floor(Date.now() / 86_400_000) - Math.floor(Date.parse(date) / 86_400_000);

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
      card: 'Intel Wireless-AC 8260 (8086:24f3 at 4/0/0), kept for the guest (ppt0)',
      network: String.raw`"Caf\xc3\xa9 \x1b[31m\"x\"", WPA2-PSK, 5180 MHz`,
      signal: '-61 dBm  [###.]',
      address: '192.168.1.23/24',
      route: 'default through the guest, 172.24.1.1 on bridge0',
      dns: '172.24.1.1 9.9.9.9',
      search: 'lan',
      tunnel: 'up: port 2210 on the Wi-Fi side reaches port 22 of this host',
      software: `Linux 6.18.56-0-virt, ${daysSince('2026-10-12')} days old`,
    });
    expect(said).toContain(
      ` days old\n          wpa_supplicant 2.11-r3, ${daysSince('2026-09-21')} days old\n` +
        `          openssh-server 10.2_p1-r0, ${daysSince('2026-11-18')} days old\n`,
    );
    expect(said.split('\n').filter((line) => line.length > 80)).toEqual([]);
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
      country_conflict: null,
      card_state: 'ok',
      card_detail: null,
      up_seconds: 1000,
      vm_run: Number(read(machine, 'vm_run')),
      bhyve: expect.any(Number) as unknown,
      cards: ['4/0/0=8086:24f3=ppt0'],
      card: 'Intel Wireless-AC 8260',
      ssid: 'Café \u001b[31m"x"',
      ssid_hex: '436166c3a9201b5b33316d227822',
      key_mgmt: 'WPA2-PSK',
      frequency_mhz: 5180,
      signal_dbm: -61,
      address: '192.168.1.23/24',
      gateway: '172.24.1.1',
      gateway_interface: 'bridge0',
      default_routes: ['172.24.1.1=bridge0'],
      dns: expect.any(Array) as unknown,
      search: expect.any(Array) as unknown,
      refused: null,
      login_url: null,
      free_host: null,
      free_guest: null,
      packages_missing: [],
      firmware_missing: [],
      ended: null,
      tunnel: 'up',
      tunnel_port: 2210,
      wifi_mode: 'station',
      clients: null,
      software: [
        { name: 'Linux', version: '6.18.56-0-virt', age_days: daysSince('2026-10-12') },
        { name: 'wpa_supplicant', version: '2.11-r3', age_days: daysSince('2026-09-21') },
        { name: 'openssh-server', version: '10.2_p1-r0', age_days: daysSince('2026-11-18') },
      ],
    });
  });

  it('has no age for software whose day is not known, lies ahead, or is none', async () => {
    const { machine, status } = await running();
    const softwareOf = async (kernel: string, database: string): Promise<unknown> => {
      online(machine, { 'bin/uname': prints(kernel), 'lib/apk/db/installed': database });
      return (JSON.parse((await status('--json')).said) as { software: unknown }).software;
    };
    expect(await softwareOf('Linux 6.1.0 #1 SMP 10 Oct 2025\n', '')).toEqual([
      { name: 'Linux', version: '6.1.0', age_days: null },
    ]);
    const ahead = 'P:hostapd\nV:2.11-r3\nt:99999999999\n\nP:wpa_supplicant\nV:"$(x)\nt:1\n';
    expect(await softwareOf('Linux 6.1.0 #1 SMP 2099-01-01\n', ahead)).toEqual([
      { name: 'Linux', version: '6.1.0', age_days: null },
      { name: 'hostapd', version: '2.11-r3', age_days: null },
    ]);
    expect(await softwareOf('Linux 6.1.0 #1 SMP 2024-02-29 00:00:01\n', '')).toEqual([
      { name: 'Linux', version: '6.1.0', age_days: daysSince('2024-02-29') },
    ]);
  });

  it('says that the tunnel is closed where the network is not trusted, and the profile asks for that', async () => {
    const { machine, status } = await running();
    const conf = "WLAN='wlan0'\nREVERSE_PORT='2210'\nFIREWALL_ONLY='trusted'\n";
    const tunnelWith = async (marks: string): Promise<string | undefined> => {
      online(machine, { 'etc/airhive/airhive.conf': conf, 'run/airhive/marks': marks });
      return (await status()).rows.tunnel;
    };
    const closed =
      'up, but closed in this network, which is not trusted (vm_site mark NAME --trusted opens it)';
    expect(await tunnelWith('\n')).toBe(closed);
    expect(await tunnelWith('public\n')).toBe(closed);
    expect(JSON.parse((await status('--json')).said)).toMatchObject({ tunnel: 'closed' });
    expect(await tunnelWith('trusted\n')).toMatch(/^up: port 2210/);
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

  it('--help tells the exit statuses; other words are refused', async () => {
    const { machine } = installed();
    const help = await statusOf(machine, '--help');
    expect(help.code).toBe(0);
    for (const state of ['online', 'login', 'closed', 'offline', 'no-card', 'silent', 'starting', 'stopped'])
      expect(help.said).toContain(state);
    expect((await statusOf(machine, '--xml')).code).toBe(2);
    machine.put('uid', '1001\n');
    expect((await statusOf(machine)).said).toContain('must be run by root');
  });

  it('of a bundle that is run in place names the same digest', async () => {
    const { machine } = installed();
    provideKeys(machine.data);
    const { rows } = await statusOf(machine);
    const sums = readFileSync(join(machine.directory, 'current/SHA256SUMS'));
    const { sha256 } = await import('./bundle.ts');
    expect(rows.airhive).toContain(`bundle ${sha256(sums).slice(0, 16)}`);
  });
});
