import assert from 'node:assert/strict';
import type { ApSpec } from '../air-config.ts';
import { buildBundle, keysFor } from '../bundle.ts';
import { watchAir } from '../capture.ts';
import { check } from '../check.ts';
import type { Bench, Boot } from '../check.ts';
import { eventually } from '../eventually.ts';
import { sshArguments } from '../keys.ts';
import { listeners, SILENCE, tryPorts, wlanAddress } from '../probe.ts';

// What the profile opens is open in marked networks only, and the card's own address is for those that may see it.

const passphrase = 'correct horse';
const psk = { kind: 'psk', passphrase } as const;
const CAFE: ApSpec = { name: 'cafe', ssid: 'cafe', security: psk, network: '10.91.0' };
const HOME: ApSpec = { name: 'home', ssid: 'home', security: psk, network: '10.92.0' };
const PORTS = [2210, 8007];

const trusted: Boot = {
  name: 'trusted',
  prepare: (tools) =>
    buildBundle(tools, {
      flavor: 'extended',
      networks: [
        { ssid: 'cafe', passphrase, mac: 'random' },
        { ssid: 'home', passphrase, trusted: true },
      ],
      profile: { firewall: { forwards: [{ protocol: 'tcp', port: 8007, to: 7 }], only: 'trusted' } },
    }),
  started: ({ air }) => air.start(CAFE),
};

/** Waits until the guest is in a network and has an address there; returns the address. */
async function inNetwork(bench: Bench, { ssid, network = '' }: ApSpec): Promise<string> {
  return eventually(`an address in ${String(ssid)}`, 420, async () => {
    const address = await wlanAddress(bench);
    return address.startsWith(`${network}.`) ? address : undefined;
  });
}

/** A server on port 7 of the host that sends back what it gets. */
async function echoing({ host }: Bench): Promise<void> {
  const program = `use Socket; socket my $s, PF_INET, SOCK_STREAM, 0; bind $s, sockaddr_in(7, INADDR_ANY) or die; listen $s, 9;
    $SIG{CHLD} = 'IGNORE';
    while (accept my $c, $s) { next if fork; while (sysread $c, my $data, 999) { syswrite $c, $data } exit }`;
  host.start('perl', ['-e', program]);
  await eventually('the server', 5, async () => (await host.sh('ss -lnt')).stdout.includes(':7 '));
}

const permanent = async (bench: Bench): Promise<string> =>
  (
    await bench.guestOk(
      'cat /sys/class/ieee80211/$(iw dev wlan0 info | sed -n "s/.*wiphy /phy/p")/macaddress',
    )
  ).trim();

check(
  'trusted: all is closed in a network without the mark, from the start',
  trusted,
  async (bench) => {
    const address = await inNetwork(bench, CAFE);
    const { tunnel } = await keysFor(bench);
    const options = ['-o', 'ExitOnForwardFailure=yes', '-N', '-R', '2210:localhost:22'];
    await eventually('the port of the tunnel', 60, async () => {
      if ((await listeners(bench, 'tcp')).includes(2210)) return true;
      bench.host.start('ssh', [
        ...sshArguments(tunnel.path),
        ...options,
        `tunnel@${bench.host.addresses.guest}`,
      ]);
      await new Promise((resolve) => setTimeout(resolve, 4000));
      return (await listeners(bench, 'tcp')).includes(2210);
    });
    await echoing(bench);
    assert.equal(await bench.guestOk('cat /run/airhive/marks'), '\n');
    assert.deepEqual(await tryPorts(bench, address, PORTS), SILENCE);
  },
  { limit: 600 },
);

check('MAC policy: a network with random ones never sees the address of the card', trusted, async (bench) => {
  const own = await permanent(bench);
  const point = bench.air.points.get('cafe')!;
  await inNetwork(bench, CAFE);
  const [before = 'none'] = await point.stations();
  await bench.air.ok('iw phy cafe interface add watch0 type monitor && ip link set watch0 up');
  const heard = await watchAir(bench, `type mgt and wlan addr2 ${own}`, 'watch0', '-e');
  const all = await watchAir(bench, 'type mgt subtype probe-req', 'watch0', '-e');
  // Long enough away that it looks for networks.
  await bench.guestOk(
    'wpa_cli -i wlan0 disconnect && sleep 1 && wpa_cli -i wlan0 scan && sleep 5 && wpa_cli -i wlan0 reconnect',
  );
  const after = await eventually('another address', 60, async () => {
    const [station] = await point.stations();
    return station !== undefined && station;
  });
  const probes = await all();
  assert.equal(await heard(), '', 'frames from the address of the card');
  assert.match(probes, /Probe Request/);
  for (const address of [before, after]) {
    assert.notEqual(address, own);
    assert.equal(Number.parseInt(address.slice(0, 2), 16) % 4, 2, `${address} is one that no maker gave`);
  }
  bench.report(`card ${own}, cafe has seen ${before} and ${after}`);
});

check('trusted: open where the mark is, and closed at once for who is in already', trusted, async (bench) => {
  const home = await bench.air.start(HOME);
  await bench.guestOk('wpa_cli -i wlan0 scan >/dev/null; sleep 4; wpa_cli -i wlan0 select_network 1');
  const address = await inNetwork(bench, HOME);
  assert.equal(await bench.guestOk('cat /run/airhive/marks'), 'trusted\n');
  assert.deepEqual(await home.stations(), [await permanent(bench)], 'the address of the card');
  await eventually('both ports', 20, async () => (await tryPorts(bench, address, PORTS)).open.length === 2);
  // A connection that is there when the trust ends.
  await bench.air.ok(
    `rm -f /tmp/talk /tmp/heard; mkfifo /tmp/talk; (sleep 600 >/tmp/talk 2>/dev/null &); (nc ${address} 8007 </tmp/talk >/tmp/heard 2>/dev/null &)
    echo first >/tmp/talk`,
  );
  const heard = async () => (await bench.air.exec('cat /tmp/heard')).stdout;
  await eventually('an echo', 15, async () => (await heard()).includes('first'));
  await bench.guestOk('rm /run/airhive/marks; /usr/libexec/airhive/firewall trust');
  await bench.air.ok('echo second >/tmp/talk; sleep 3');
  assert.doesNotMatch(await heard(), /second/);
  assert.deepEqual(await tryPorts(bench, address, PORTS), SILENCE);
  await bench.guestOk('wpa_cli -i wlan0 select_network 0');
  const there = await inNetwork(bench, CAFE);
  assert.deepEqual(await tryPorts(bench, there, PORTS), SILENCE);
});
