import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fetchedPackages, worldPackages } from '../../generators/plan/guest.ts';
import { guestTree, hostTree, textAt } from '../fixtures/machines.ts';
import { canUnshare } from '../fixtures/namespaces.ts';
import { variant, VARIANTS, type Groups } from '../fixtures/profiles.ts';
import { freshFile, freshFolder, run, writeTree } from '../fixtures/scratch.ts';
import { hasTool } from '../tools.ts';

// wifi.mode: access-point. What the guest is made of then, in one place; the VM checks "access point" run it.

const SSID = `Käse 'x' $y`;
const accessPoint = (own: object = {}, wifi: object = {}, groups: Groups = {}) =>
  variant({
    wifi: {
      country: 'DE',
      mode: 'access-point',
      accessPoint: { ssid: SSID, channel: 6, dns: ['192.168.7.1', '9.9.9.9'], ...own },
      ...wifi,
    },
    ssh: { reverse: false },
    firewall: { forwards: [{ protocol: 'tcp', port: 8022, to: 22 }] },
    ...groups,
  });
const profile = accessPoint();
const guest = guestTree(profile);
const paths = (tree: readonly { path: string }[]) => tree.map(({ path }) => path);

describe('a guest that joins networks', () => {
  it.each(Object.entries(VARIANTS))('has nothing of an access point: %s', (_, station) => {
    expect(paths(guestTree(station)).filter((path) => /access-point|hostapd|passphrase/.test(path))).toEqual(
      [],
    );
    expect(paths(hostTree(station)).filter((path) => path.includes('access-point'))).toEqual([]);
    expect([...worldPackages(station), ...fetchedPackages(station)]).not.toContain('hostapd');
    expect(textAt(hostTree(station), 'snippets/rc.conf')).toMatch(/^defaultrouter=/m);
    expect(textAt(hostTree(station), 'snippets/rc.conf')).not.toContain('gateway_enable');
  });
});

describe('a guest that is an access point', () => {
  it('fetches hostapd and has no program to join networks with', () => {
    expect(fetchedPackages(profile)).toEqual(['dnsmasq', 'hostapd', 'iptables']);
    expect(worldPackages(profile)).not.toContain('wpa_supplicant');
    const extended = accessPoint({}, {}, { alpine: { release: '3.24.1', flavor: 'extended' } });
    expect(fetchedPackages(extended)).toEqual(['hostapd']);
  });

  it('starts no service of a guest that joins networks, and every link leads somewhere', () => {
    const links = guest.flatMap((entry) => (entry.type === 'symlink' ? [entry.target.slice(1)] : []));
    expect(links).toContain('etc/init.d/airhive-wifi');
    expect(links.filter((link) => /dhcp|roam|watch/.test(link))).toEqual([]);
    const own = links.filter((link) => link.includes('airhive-'));
    expect(paths(guest)).toEqual(expect.arrayContaining(own));
    const programs = paths(guest).filter((path) => path.startsWith('usr/libexec/airhive/'));
    expect(programs.filter((path) => /\/(lease|name-servers|portal|roam|way)$/.test(path))).toEqual([]);
  });

  it('is its own network, which needs no mark, on both sides and whatever the profile says', () => {
    const trusted = accessPoint({}, {}, { ssh: { reverse: true }, firewall: { only: 'trusted' } });
    expect(textAt(guestTree(trusted), 'etc/airhive/airhive.conf')).toMatch(/^FIREWALL_ONLY='any'$/m);
    expect(textAt(hostTree(trusted), 'vm.conf')).toMatch(/^FIREWALL_ONLY='any'$/m);
    const readme = textAt(hostTree(trusted), 'README.txt').replaceAll('\n', ' ');
    expect(readme).toContain(' host, for all clients of the access point. ');
    expect(readme).not.toMatch(/Wi-Fi that the guest joins|as trusted/);
  });

  it('has scripts that are clean under shellcheck (needs shellcheck)', () => {
    if (!hasTool('shellcheck')) return;
    const root = writeTree(guest);
    const scripts = ['wifi', 'wifi-control'].map((name) => join(root, 'usr/libexec/airhive', name));
    run('shellcheck', ['-s', 'sh', '-x', '-P', join(root, 'usr/libexec/airhive'), ...scripts]);
    run('shellcheck', ['-s', 'sh', join(root, 'etc/airhive/access-point.conf')]);
    run('shellcheck', ['-s', 'sh', '-x', '-e', 'SC2034', join(root, 'etc/init.d/airhive-wifi')]);
  });

  it('goes out through the host', () => {
    expect(textAt(guest, 'etc/network/interfaces')).toMatch(/^\tgateway 172\.24\.1\.49$/m);
    expect(textAt(guest, 'etc/resolv.conf')).toBe('nameserver 192.168.7.1\nnameserver 9.9.9.9\n');
  });

  const isReady = hasTool('iptables-restore') && canUnshare('-n');
  it.skipIf(!isReady)('has rules that load (needs root, unshare and iptables-restore)', () => {
    run('unshare', ['-n', 'iptables-restore', '--test'], {
      input: textAt(guest, 'etc/airhive/firewall.rules'),
    });
  });

  it('lets clients to nothing of the guest but DHCP, DNS and ping, and to the bridge by a forward only', () => {
    const rules = textAt(guest, 'etc/airhive/firewall.rules').split('\n');
    const input = rules.filter((line) => line.startsWith('-A INPUT -') && line.includes('-i wlan0'));
    expect(input.map((line) => /--dport (\d+)|icmp-type 8/.exec(line)?.[1] ?? 'ping')).toEqual([
      '67',
      'ping',
      '53',
      '53',
    ]);
    // A forward's port of somebody else on the Internet is none of ours.
    expect(rules.filter((line) => line.includes('DNAT --to'))).toEqual([
      '-A PREROUTING -d 172.24.2.1 -i wlan0 -p tcp -m tcp --dport 8022 -j DNAT --to-destination 172.24.1.49:22',
    ]);
    const forward = rules.filter((line) => line.startsWith('-A FORWARD') && line.includes(' -j '));
    const bridge = forward.indexOf('-A FORWARD -d 172.24.1.0/24 -j DROP');
    expect(bridge).toBe(forward.length - 2);
    expect(forward.at(-1)).toBe('-A FORWARD -s 172.24.2.0/24 -i wlan0 -o eth0 -j ACCEPT');
  });

  it.skipIf(!hasTool('dnsmasq'))('has settings that dnsmasq takes (needs dnsmasq)', () => {
    run('dnsmasq', ['--test', '-C', freshFile(textAt(guest, 'etc/airhive/dnsmasq.conf'), 'dnsmasq.conf')]);
  });

  it.skipIf(!hasTool('hostapd')).each([
    ['both', 6, 1],
    ['wpa2', 13, 1],
    ['wpa3', 36, 2],
  ])('has settings that hostapd takes: %s, channel %s (needs hostapd)', (security, channel, protection) => {
    const text = textAt(
      guestTree(accessPoint({ security, channel, isolate: false })),
      'etc/airhive/hostapd.conf',
    );
    expect(text).toContain(`\nieee80211w=${protection}\n`);
    expect(text).toContain(`\nhw_mode=${channel > 14 ? 'a' : 'g'}\n`);
    expect(text).not.toContain('ap_isolate');
    const folder = freshFolder();
    const file = join(folder, 'hostapd.conf');
    mkdirSync(join(folder, 'control'));
    writeFileSync(file, `${text.replace('/run/hostapd', `${folder}/control`)}wpa_passphrase=correct horse\n`);
    // There is no such card, so it ends as soon as it has read the file.
    const { stdout } = spawnSync('hostapd', [file], { encoding: 'utf8' });
    expect(stdout).toContain('nl80211');
    expect(stdout).not.toMatch(/Line \d+|errors? found in configuration/);
  });

  it('keeps clients from each other unless told otherwise, and names the country only where there is one', () => {
    const text = textAt(guest, 'etc/airhive/hostapd.conf');
    expect(text).toMatch(/^ap_isolate=1$/m);
    expect(text).toMatch(/^country_code=DE$/m);
    expect(text).toContain(`\nssid2=${Buffer.from(SSID).toString('hex')}\n`);
    expect(textAt(guestTree(accessPoint({}, { country: '00' })), 'etc/airhive/hostapd.conf')).not.toContain(
      'country',
    );
  });

  it('has a range of its own, wherever the bridge is', () => {
    expect(profile.wifi.accessPoint).toMatchObject({ address: '172.24.2.1', range: '172.24.2.0/24' });
    const network = { host: '172.24.2.49/24', guest: '172.24.2.1' };
    expect(accessPoint({}, {}, { network }).wifi.accessPoint).toMatchObject({ range: '172.24.3.0/24' });
    const wide = { host: '172.16.0.2/12', guest: '172.16.0.1' };
    expect(accessPoint({}, {}, { network: wide }).wifi.accessPoint).toMatchObject({ range: '10.77.2.0/24' });
  });
});

describe('the host of an access point', () => {
  const host = hostTree(profile);

  it('keeps its own way out and its names, and forwards', () => {
    const rc = textAt(host, 'snippets/rc.conf');
    expect(rc).not.toMatch(/^defaultrouter=/m);
    expect(rc).toMatch(/^gateway_enable="YES"$/m);
    expect(textAt(host, 'snippets/resolvconf.conf')).not.toMatch(/^[^#\n]/m);
  });

  it('has lines for both packet filters, which close its ports to the clients but for the forwards', () => {
    const pf = textAt(host, 'snippets/access-point.pf.conf').split('\n');
    const open = pf.findIndex((line) => line.includes('port 22 '));
    // Without the parentheses pf puts the addresses of this moment in its place, and a lease that comes later stays open.
    const block = pf.indexOf('block in quick on bridge0 inet from 172.24.1.1 to (self)');
    expect(open).toBeGreaterThan(0);
    expect(block).toBeGreaterThan(open);
    expect(pf.join('\n')).not.toContain('port 53');
    expect(
      textAt(hostTree(accessPoint({ dns: ['172.24.1.49'] })), 'snippets/access-point.pf.conf'),
    ).toContain('port 53');
    run('sh', ['-n', freshFile(textAt(host, 'snippets/access-point.ipfw'))]);
  });
});

describe('the passphrase', () => {
  const want = Buffer.from('Käse').toString('hex');
  const root = writeTree(guest);
  const awk = (text: string, security = 'both') => {
    const at = (name: string) => join(root, 'usr/libexec/airhive', name);
    const result = spawnSync(
      'awk',
      [
        '-v',
        `want=${want}`,
        '-v',
        `security=${security}`,
        '-f',
        at('ssid.awk'),
        '-f',
        at('passphrase.awk'),
        freshFile(text),
      ],
      { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } },
    );
    return [result.status, result.stdout.trimEnd()];
  };
  const block = (...lines: string[]) =>
    `network={\n\tssid=${want}\n${lines.map((line) => `\t${line}\n`).join('')}}\n`;
  const raw = '0123456789abcdef'.repeat(4);

  it.each([
    ['in quotes', block('psk="correct horse"', 'key_mgmt=SAE'), 'both', 0, 'wpa_passphrase=correct horse'],
    ['with quotes and # inside', block('psk="a "b" c # d"'), 'both', 0, 'wpa_passphrase=a "b" c # d'],
    [
      'as bytes for WPA3',
      block(`psk=${raw}`, `sae_password=${Buffer.from('x" # yzzz').toString('hex')}`),
      'both',
      0,
      'wpa_passphrase=x" # yzzz',
    ],
    ['raw key, WPA2', block(`psk=${raw}`), 'wpa2', 0, `wpa_psk=${raw}`],
    ['raw key, WPA3', block(`psk=${raw}`), 'wpa3', 5, ''],
    ['raw key, both', block(`psk=${raw}`), 'both', 5, ''],
    ['an open network', block('key_mgmt=NONE'), 'both', 4, ''],
    ['too short', block('psk="short"'), 'both', 6, ''],
    ['another network', `network={\nssid="other"\npsk="correct horse"\n}\n`, 'both', 3, ''],
    ['nothing', '', 'both', 3, ''],
    [
      'a line break in it',
      block(`sae_password=${Buffer.from('correct\nwpa=0').toString('hex')}`),
      'both',
      4,
      '',
    ],
  ])('%s', (_, text, security, status, line) => expect(awk(text, security)).toEqual([status, line]));
});
