import assert from 'node:assert/strict';
import { once } from 'node:events';
import { join } from 'node:path';
import { SERVER } from '../air-config.ts';
import { buildBundle } from '../bundle.ts';
import { check } from '../check.ts';
import type { Bench, Boot } from '../check.ts';
import { runCommand } from '../command.ts';
import { writeBlank } from '../disks.ts';
import { eventually } from '../eventually.ts';
import { hostCommand } from '../host-commands.ts';
import { listening } from '../probe.ts';
import { Station } from '../station.ts';

// The guest is the access point, its clients have radios of their own, and what they reach is behind the host.

const SSID = 'Käse ☕';
const HEX = Buffer.from(SSID).toString('hex');
const PASSPHRASE = 'correct horse "#1"';
const GATE = '172.24.2.1';
const BEHIND = '198.51.100.2';
const WPA2 = [`ssid=${HEX}`, 'psk=KEY', 'key_mgmt=WPA-PSK WPA-PSK-SHA256', 'ieee80211w=1', 'scan_freq=2412'];
const WPA3 = [
  `ssid=${HEX}`,
  `sae_password=${Buffer.from(PASSPHRASE).toString('hex')}`,
  'key_mgmt=SAE',
  'ieee80211w=2',
  'scan_freq=2412',
];

/** A network behind the host, with a web and a DNS server: the host forwards to it and translates its bridge's range. */
async function wayOut({ host, folder }: Bench): Promise<void> {
  const place = host.start('unshare', ['-n', '/bin/sh', '-c', 'echo made; exec sleep 3600']);
  await once(place.stdout ?? place, 'data');
  const pid = String(place.pid);
  const made = await host.sh(`set -e
    ip link add out0 type veth peer name eth0 netns ${pid}
    ip addr add 198.51.100.1/24 dev out0; ip link set out0 up
    ip route replace default via ${BEHIND}
    echo 1 >/proc/sys/net/ipv4/ip_forward
    iptables -t nat -A POSTROUTING -s 172.24.1.0/24 -o out0 -j MASQUERADE
    nsenter -t ${pid} -n sh -c 'ip link set lo up; ip link set eth0 up; ip addr add ${BEHIND}/24 dev eth0
      ip addr add ${SERVER.address}/32 dev lo'
    mkdir ${folder}/www; echo behind the host >${folder}/www/index.html`);
  assert.equal(made.code, 0, made.stderr);
  const inside = (...words: string[]) => host.start('nsenter', ['-t', pid, '-n', ...words]);
  inside('busybox', 'httpd', '-f', '-p', `${SERVER.address}:80`, '-h', `${folder}/www`);
  inside(
    'dnsmasq',
    '--keep-in-foreground',
    '--conf-file=/dev/null',
    '--no-resolv',
    '--no-hosts',
    '--user=root',
    `--pid-file=${folder}/behind.pid`,
    `--address=/${SERVER.name}/${SERVER.address}`,
  );
}

const accessPoint: Boot = {
  name: 'access point',
  prepare: async (tools) => {
    const state = join(tools.folder, 'state.img');
    await writeBlank(state, 64);
    const bundle = await buildBundle(tools, {
      flavor: 'standard',
      complete: true,
      networks: [{ ssid: SSID, passphrase: PASSPHRASE }],
      profile: {
        wifi: { mode: 'access-point', accessPoint: { ssid: SSID, channel: 1, dns: [BEHIND] } },
        firewall: { forwards: [{ protocol: 'tcp', port: 8022, to: 22 }] },
        ssh: { reverse: false },
      },
    });
    return { ...bundle, state };
  },
  started: wayOut,
};

const stations = new Map<Bench, Station>();

/** The raw key, so that any passphrase can be written. */
async function wpa2(bench: Bench): Promise<string[]> {
  const { stdout } = await bench.host.exec('wpa_passphrase', [SSID, PASSPHRASE]);
  const key = /^\tpsk=([0-9a-f]{64})$/m.exec(stdout)?.[1] ?? '';
  return WPA2.map((line) => line.replace('=KEY', `=${key}`));
}

async function firstStation(bench: Bench): Promise<Station> {
  const known = stations.get(bench);
  if (known) return known;
  await eventually('the guest is an access point', 180, async () =>
    (await bench.guestOk('cat /run/airhive/said/wifi')).startsWith('access point '),
  );
  const station = await Station.start(bench, 'phone');
  stations.set(bench, station);
  return station;
}

async function reachesOut(station: Station): Promise<void> {
  const { address, router, dns } = await station.lease('my-phone');
  assert.match(address, /^172\.24\.2\.\d+$/);
  assert.deepEqual([router, dns], [GATE, GATE]);
  const name = await station.ok(`nslookup -type=a ${SERVER.name} ${dns}`);
  assert.match(name.stdout, new RegExp(`Address: *${SERVER.address.replaceAll('.', '\\.')}`));
  const page = await station.ok(`printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 10 ${SERVER.address} 80`);
  assert.match(page.stdout, /^HTTP\/1\.\d 200[^]*\r\n\r\nbehind the host\n$/);
}

check(
  'access point: a client joins with WPA2, gets address, route and DNS, and reaches a server behind the host',
  accessPoint,
  async (bench) => {
    const station = await firstStation(bench);
    await station.join(await wpa2(bench));
    await station.joined();
    assert.match(await station.status(), /^key_mgmt=WPA2-PSK/m);
    await reachesOut(station);
    bench.report(`${(await bench.guestOk('cat /proc/uptime')).split(' ')[0] ?? ''} s after the start`);
  },
  { limit: 400 },
);

check('access point: a client joins with WPA3, and reaches the server too', accessPoint, async (bench) => {
  const station = await firstStation(bench);
  await station.leave();
  await station.join(WPA3);
  await station.joined();
  assert.match(await station.status(), /^key_mgmt=SAE$/m);
  assert.match(await station.status(), /^pmf=/m);
  await reachesOut(station);
});

check('access point: a wrong passphrase does not join, by WPA2 and by WPA3', accessPoint, async (bench) => {
  const station = await firstStation(bench);
  const others = [
    WPA2.map((line) => line.replace('=KEY', `=${'5a'.repeat(32)}`)),
    WPA3.map((line) => line.replace(/^sae_password=.*/, 'sae_password="wrong horse"')),
  ];
  for (const lines of others) {
    await station.leave();
    await station.join(lines);
    await eventually('wpa_supplicant gives up for a while', 60, async () =>
      (await station.log()).includes('SSID-TEMP-DISABLED'),
    );
    assert.doesNotMatch(await station.log(), /CTRL-EVENT-CONNECTED/);
    assert.equal(await bench.guestOk('/usr/libexec/airhive/wifi-control clients'), '');
  }
});

/** What a connection to a port of an address brings; undefined when there is none. */
async function answer(station: Station, address: string, port: number): Promise<string | undefined> {
  const { code, stdout } = await station.sh(`nc -w 3 ${address} ${port} </dev/null`);
  return code === 0 ? stdout : undefined;
}

check(
  'access point: from the Wi-Fi side port 22 of guest and host are closed, and a forward leads to the host',
  accessPoint,
  async (bench) => {
    const station = await firstStation(bench);
    await station.leave();
    await station.join(WPA3);
    await station.joined();
    await station.lease('my-phone');
    const end = await listening(bench, 'tcp', 22, 'the host');
    try {
      const { host, guest } = bench.host.addresses;
      for (const address of [host, guest, GATE])
        assert.equal(await answer(station, address, 22), undefined, `port 22 of ${address}`);
      assert.equal(await answer(station, GATE, 8022), 'the host');
      // Not the forward's port of somebody else.
      assert.equal(await answer(station, SERVER.address, 8022), undefined);
    } finally {
      end();
    }
  },
);

check(
  'access point: two clients do not reach each other, and vm_status lists both',
  accessPoint,
  async (bench) => {
    const phone = await firstStation(bench);
    const tablet = await Station.start(bench, 'tablet');
    await tablet.join(await wpa2(bench));
    await tablet.joined();
    const { address } = await tablet.lease('');
    const known = await phone.ok('ip -4 addr show dev phone');
    assert.equal((await tablet.sh(`ping -c 1 -W 3 ${GATE}`)).code, 0);
    const other = /inet (\S+)\//.exec(known.stdout)?.[1] ?? '';
    assert.notEqual((await tablet.sh(`ping -c 2 -W 2 ${other}`)).code, 0);

    const text = await hostCommand(bench, ['vm_status']);
    assert.equal(text.code, 0, text.stdout + text.stderr);
    assert.match(text.stdout, /^network +access point "K.*se .*", channel 1$/m);
    assert.match(text.stdout, /^clients +[0-9a-f:]{17} {2}172\.24\.2\.\d+/m);
    const { clients } = JSON.parse((await hostCommand(bench, ['vm_status', '--json'])).stdout) as {
      clients: { address: string; name: string | null }[];
    };
    const names = clients.map((client) => [client.address, client.name]);
    assert.deepEqual(
      new Map(names as [string, string | null][]),
      new Map([
        [other, 'my-phone'],
        [address, null],
      ]),
    );
    assert.match((await hostCommand(bench, ['vm_wifi', 'scan'])).stderr, /the guest is an access point/);
  },
);

/** From now on the guest has the settings of a bundle with these of `wifi`, as after vm_install apply and a restart. */
async function becomes(bench: Bench, wifi: Readonly<Record<string, unknown>>): Promise<void> {
  const folder = join(bench.folder, 'other');
  await buildBundle({ ...bench, folder }, { flavor: 'standard', profile: { wifi, ssh: { reverse: false } } });
  const overlay = join(folder, 'dist/bench/airhive.apkovl.tar.gz');
  for (const name of ['hostapd.conf', 'access-point.conf']) {
    const text = await runCommand('tar', ['-xzOf', overlay, `etc/airhive/${name}`]);
    await bench.guestOk(`cat >/etc/airhive/${name}`, { input: text });
  }
  await bench.guestOk('rm -f /run/airhive/said/wifi; rc-service airhive-wifi restart');
}

const onFive = (country: string, channel: number) => ({
  country,
  mode: 'access-point',
  accessPoint: { ssid: SSID, channel, dns: [BEHIND] },
});

check(
  'access point: on 5 GHz, where the country allows it, and in words where it does not',
  accessPoint,
  async (bench) => {
    const station = await firstStation(bench);
    await station.leave();
    await becomes(bench, onFive('JP', 149));
    await eventually('vm_status says why', 120, async () =>
      (await hostCommand(bench, ['vm_status'])).stdout.includes(
        'no access point: channel 149 is not allowed in country JP: take another one',
      ),
    );
    // What hostapd itself says of it, for its words in airhive-wifi.
    const own = await bench.guest(
      `sed 's/^wpa_passphrase=.*//' /etc/airhive/hostapd.conf >/run/own.conf; echo wpa_passphrase=12345678 >>/run/own.conf
      timeout 20 hostapd /run/own.conf`,
    );
    assert.match(own.stdout, /not allowed for AP mode|not found from the channel list|does not support/);
    await becomes(bench, onFive('DE', 36));
    await eventually('it is an access point on 5 GHz', 120, async () =>
      (await bench.guestOk('cat /run/airhive/said/wifi 2>/dev/null; true')).endsWith('on channel 36'),
    );
    await station.join((await wpa2(bench)).map((line) => line.replace('scan_freq=2412', 'scan_freq=5180')));
    await station.joined();
    assert.match(await station.status(), /^freq=5180$/m);
    await reachesOut(station);
  },
  { limit: 400 },
);
