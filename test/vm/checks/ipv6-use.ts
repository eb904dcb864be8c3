import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bigDigest } from '../air.ts';
import { SERVER } from '../air-config.ts';
import { forwarding } from '../bundle.ts';
import { watchAir } from '../capture.ts';
import { check } from '../check.ts';
import type { Bench } from '../check.ts';
import { eventually } from '../eventually.ts';
import { hostCommand } from '../host-commands.ts';
import { guarded, LAN6 } from './guarded.ts';

// IPv6 as programs on the host use it. After the checks of ipv6.ts, whose machine this is: the host has its address and
// its default route.

/** A name with an address of either kind. */
const DUAL = 'dual.example';

/** More lines for the access point's DNS and router advertisements, without touching the radio. */
async function moreLines({ air }: Bench, lines: readonly string[]): Promise<void> {
  await air.ok('cat >>/tmp/ap0.dnsmasq.conf', { input: lines.map((line) => `${line}\n`).join('') });
  await air.ok('kill -9 $(cat /tmp/ap0.dnsmasq.pid); dnsmasq --conf-file=/tmp/ap0.dnsmasq.conf');
}

/** The table of the bundle for FreeBSD's ip6addrctl(8), as glibc reads the same (gai.conf(5), RFC 6724). */
async function useTable(bench: Bench): Promise<void> {
  const text = await readFile(join(bench.folder, 'dist/bench/snippets/ip6addrctl.conf'), 'utf8');
  const rows = [...text.matchAll(/^([0-9a-f:.]+\/\d+)\t(\d+)\t(\d+)$/gm)];
  assert.ok(rows.length > 9, text);
  const lines = rows.map(
    ([, prefix = '', precedence = '', label = '']) =>
      `label ${prefix} ${label}\nprecedence ${prefix} ${precedence}\n`,
  );
  await writeFile(join('/etc/netns', bench.host.name, 'gai.conf'), lines.join(''));
}

/** The address that a program on the host takes first for a name. */
async function chosen({ host }: Bench, name: string): Promise<string | undefined> {
  const { stdout } = await host.exec('getent', ['ahosts', name]);
  return /^(\S+) +STREAM/m.exec(stdout)?.[1];
}

check('IPv6: names, asked over either', guarded, async (bench) => {
  const { host, air } = bench;
  // An access point that forwards nothing says as a neighbour that it is no router, and is taken for none.
  await air.ok('echo 1 >/proc/sys/net/ipv6/conf/all/forwarding');
  await moreLines(bench, [`address=/${DUAL}/${SERVER.address}`, `address=/${DUAL}/${SERVER.address6}`]);
  await eventually('a router', 120, async () =>
    (await bench.guestOk('ip -6 route show default')).includes('via fe80:'),
  );
  for (const server of [host.addresses.guest, LAN6.guest])
    for (const how of ['+notcp', '+tcp']) {
      const { stdout } = await host.exec('dig', ['+short', '+tries=2', how, `@${server}`, DUAL, 'AAAA']);
      assert.equal(stdout, `${SERVER.address6}\n`, `${server} ${how}`);
    }
});

check("IPv6: programs use it with the bundle's table, and not without it", guarded, async (bench) => {
  assert.equal(await chosen(bench, DUAL), SERVER.address);
  await useTable(bench);
  assert.equal(await chosen(bench, DUAL), SERVER.address6);
  const page = await bench.host.exec('curl', [
    ...['-s', '-m', '5', '--happy-eyeballs-timeout-ms', '4000'],
    `http://${DUAL}/ip`,
  ]);
  assert.match(page.stdout, /^2001:db8:1:1:/);
});

const NARROW = { near: '2001:db8:eeee::1', server: '2001:db8:eeee::2', mtu: 1280 } as const;

/**
 * A server whose link takes no packet of more than 1280 bytes: what is too long is refused towards it with a notice, and
 * vanishes without one on the way back. Returns how to end that.
 */
async function narrowLink({ air }: Bench): Promise<() => Promise<unknown>> {
  const { near, server, mtu } = NARROW;
  await air.ok(`unshare -n setsid sleep 1000 >/dev/null 2>&1 & place=$!
    echo $place >/tmp/narrow6.pid
    until [ "$(readlink /proc/$place/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.1; done
    inside="nsenter -n -t $place" ip="nsenter -n -t $place /usr/sbin/ip"
    ip link add far0 type veth peer name far1 netns $place
    ip addr add ${near}/64 dev far0 nodad; ip link set far0 mtu ${mtu} up
    $ip link set lo up; $ip addr add ${server}/64 dev far1 nodad
    # Whole trains of packets would pass whatever the size of each.
    $ip link set far1 gso_max_segs 1; $ip link set far1 up; $ip route add default via ${near}
    $inside setsid perl /server.pl >/tmp/narrow6.log 2>&1 </dev/null & echo $! >/tmp/narrow6-server.pid
    until $inside netstat -lnt | grep -q ':80 '; do sleep 0.1; done
    until ping -6 -c 1 -W 1 ${server} >/dev/null; do sleep 0.1; done`);
  return () =>
    air.ok(`ip link del far0
      kill -- -$(cat /tmp/narrow6-server.pid); kill $(cat /tmp/narrow6.pid)`);
}

check('IPv6: "packet too big" reaches the host', guarded, async (bench) => {
  const end = await narrowLink(bench);
  const ping = ['-6', '-M', 'do', '-c', '1', '-W', '5', '-s', '1400', NARROW.server];
  const { stdout } = await bench.host.exec('ping', ping);
  await end();
  assert.match(stdout, /Packet too big: mtu=1280/);
});

check('IPv6: a large download over a narrow path that nothing tells of', guarded, async (bench) => {
  const { host } = bench;
  // The Wi-Fi's router names its size; what is larger vanishes behind it.
  await moreLines(bench, ['ra-param=ap0,mtu:1280,10']);
  const size = '/proc/sys/net/ipv6/conf/wlan0/mtu';
  await eventually('1280', 120, async () => (await bench.guestOk(`cat ${size}`)) === '1280\n');
  const end = await narrowLink(bench);
  try {
    const seen = await watchAir(bench, 'ip6[6] == 6 and ip6[53] & 2 != 0', 'any');
    const bytes = 1_500_000;
    const sum = await host.sh(`curl -s -g -m 25 'http://[${NARROW.server}]/big/${bytes}' | sha256sum`);
    const sizes = [...(await seen()).matchAll(/mss (\d+)/g)].map(([, mss]) => mss);
    assert.equal(sum.stdout.split(' ')[0], bigDigest(bytes), `the download, mss ${sizes.join()}`);
    assert.ok(sizes.includes('1220'), sizes.join());
  } finally {
    await end();
  }
});

/** A general query of MLD version 2 (RFC 3810, section 5.1), as an access point sends it that looks into multicast. */
const QUERY = `use strict; use Socket;
socket my $s, PF_INET6, SOCK_RAW, 58 or die;
open my $f, '<', '/sys/class/net/ap0/ifindex' or die;
my $index = <$f>;
# Router alert, in a header of options for every hop; the numbers are Linux's IPV6_MULTICAST_IF, _HOPS and IPV6_HOPOPTS.
setsockopt $s, 41, 17, pack 'i', $index;
setsockopt $s, 41, 18, pack 'i', 1;
setsockopt $s, 41, 54, pack('C8', 0, 0, 5, 2, 0, 0, 1, 0) or die "hop-by-hop: $!";
my $query = pack 'C C n n n a16 C C n', 130, 0, 0, 1000, 0, '', 2, 125, 0;
send $s, $query, 0, Socket::pack_sockaddr_in6(0, Socket::inet_pton(AF_INET6, 'ff02::1'), $index) or die "send: $!";
`;

check('IPv6: tells an access point that asks which groups it is in', guarded, async (bench) => {
  const { air } = bench;
  const shown = await bench.guestOk('ip -6 addr show dev wlan0 scope global');
  const [, upper = '', lower = ''] = /inet6 2001:db8:1:1:\S+:([0-9a-f]+):([0-9a-f]+)\/64/.exec(shown) ?? [];
  assert.ok(lower, shown);
  // RFC 4291, section 2.7.1: the last 24 bits of the address.
  const group = `ff02::1:ff${upper.slice(-2).padStart(2, '0')}:${lower}`;
  const seen = await watchAir(bench, 'ip6[6] == 0 and ip6[40] == 58 and ip6[48] == 143', 'ap0', '-vv');
  await air.ok('perl -', { input: QUERY });
  await air.ok('sleep 2');
  const reports = await seen();
  assert.ok(reports.includes(group), `${group} in: ${reports}`);
});

check(
  'IPv6: a network without it says so at once',
  guarded,
  async (bench) => {
    const { host, air } = bench;
    await air.start({ name: 'ap1', ssid: 'plain', security: { kind: 'open' }, network: '10.99.0' });
    const joined = await hostCommand(bench, ['vm_wifi', 'join', '--open', 'plain']);
    assert.equal(joined.code, 0, joined.stderr);
    await forwarding(bench, 20);
    assert.doesNotMatch(await bench.guestOk('ip -6 addr show dev wlan0'), /scope global/);
    const { stdout, stderr } = await host.exec('ping', ['-6', '-c', '1', '-W', '3', SERVER.address6]);
    assert.match(stdout + stderr, /No route|unreachable/i);
    const page = await host.exec('curl', ['-s', '-m', '3', '-g', `http://[${SERVER.address6}]/ip`]);
    assert.equal(page.code, 7, 'refused, and not timed out (28)');
  },
  { limit: 400 },
);
