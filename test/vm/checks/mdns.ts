import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ApSpec } from '../air-config.ts';
import { buildBundle, forwarding } from '../bundle.ts';
import { watchAir, watchCard, watchHost } from '../capture.ts';
import { check } from '../check.ts';
import type { Bench, Boot } from '../check.ts';
import { Client } from '../client.ts';
import { eventually } from '../eventually.ts';
import { wlanAddress } from '../probe.ts';
import { gateway, HOME, HOME_NETWORK } from './boots.ts';

// A printer on the Wi-Fi, and something of the bridge, each told of by a real avahi-daemon.

const HOTEL: ApSpec = {
  name: 'ap1',
  ssid: 'hotel',
  security: { kind: 'psk', passphrase: 'room 4711' },
  network: '10.99.0',
};

/** avahi is on no ISO, so it comes with the bundle. */
const mdns: Boot = {
  name: 'mdns',
  prepare: (tools) =>
    buildBundle(tools, {
      flavor: 'extended',
      complete: true,
      profile: { network: { host: '172.24.1.49/24', guest: '172.24.1.1', mdns: true } },
      networks: [HOME_NETWORK, { ssid: 'hotel', passphrase: 'room 4711', public: true }],
    }),
  started: ({ air }) => air.start(HOME),
};

/** Asks once from an address of its own, as programs do that answer too, and prints for three seconds what is answered. */
const ASK = `use strict; use Socket;
my ($own, $name, $type) = @ARGV;
my %number = (A => 1, PTR => 12, SRV => 33);
my ($group, $device) = (inet_aton('224.0.0.251'), inet_aton($own));
socket my $s, PF_INET, SOCK_DGRAM, 0 or die;
setsockopt $s, SOL_SOCKET, $_, 1 for SO_REUSEADDR, 15;
bind $s, sockaddr_in(5353, INADDR_ANY) or die "bind: $!";
setsockopt $s, 0, 32, $device or die;
setsockopt $s, 0, 33, 255;
setsockopt $s, 0, 35, $group . $device or die "join: $!";
my $labels = join '', map { pack 'C/a*', $_ } split /\\./, $name;
send $s, pack('n6', 0, 0, 1, 0, 0, 0) . $labels . "\\0" . pack('n2', $number{$type}, 1), 0, sockaddr_in(5353, $group) or die;
sub name {
    my ($data, $at) = @_;
    my (@labels, $end);
    while (my $n = ord substr $$data, $at, 1) {
        if ($n >= 192) { $end //= $at + 2; $at = 0x3fff & unpack 'n', substr $$data, $at, 2; next }
        push @labels, substr $$data, $at + 1, $n;
        $at += $n + 1;
    }
    return (join('.', @labels), $end // $at + 1);
}
my $end = time + 3;
while ((my $left = $end - time) > 0) {
    my $bits = '';
    vec($bits, fileno $s, 1) = 1;
    next if select($bits, undef, undef, $left) <= 0;
    my (undef, $sender) = sockaddr_in recv $s, my $data, 9000, 0;
    my (undef, $flags, $questions, @records) = unpack 'n6', $data;
    next unless $flags & 0x8000;
    my $at = 12;
    $at = (name(\\$data, $at))[1] + 4 for 1 .. $questions;
    for (1 .. $records[0] + $records[1] + $records[2]) {
        (my $owner, $at) = name(\\$data, $at);
        my ($kind, undef, undef, $length) = unpack 'n2Nn', substr $data, $at, 10;
        $at += 10;
        my $value = $kind == 1 ? inet_ntoa(substr $data, $at, 4)
            : $kind == 12 ? (name(\\$data, $at))[0]
            : $kind == 33 ? (name(\\$data, $at + 6))[0] : undef;
        $at += $length;
        print "$owner: $value, says ", inet_ntoa($sender), "\\n" if defined $value;
    }
}
`;

/** As many announcements as one machine can make in a second or two, from an address of its own. */
const FLOOD = `use strict; use Socket;
socket my $s, PF_INET, SOCK_DGRAM, 0 or die;
setsockopt $s, SOL_SOCKET, $_, 1 for SO_REUSEADDR, 15;
bind $s, sockaddr_in(5353, inet_aton($ARGV[0])) or die;
setsockopt $s, 0, 32, inet_aton($ARGV[0]) or die;
for my $n (1 .. $ARGV[1]) {
    my $record = pack('C/a*', "flood$n") . "\\5local\\0" . pack('n2N n/a*', 1, 1, 120, pack 'N', $n);
    send $s, pack('n6', 0, 0x8400, 0, 1, 0, 0) . $record, 0, sockaddr_in(5353, inet_aton('224.0.0.251'));
    select undef, undef, undef, 0.001;
}
`;

const AVAHI = (name: string, device: string): string =>
  `[server]\nhost-name=${name}\nuse-ipv6=no\nallow-interfaces=${device}\nenable-dbus=no\n` +
  '[publish]\npublish-workstation=no\npublish-hinfo=no\n';
const ALONE = 'avahi-daemon --no-drop-root --no-chroot';

let client: Client | undefined;
let address = '';

/** What is answered to a client of the bridge. */
async function askFromBridge(bench: Bench, name: string, type: string): Promise<string> {
  await writeFile(join(bench.folder, 'ask.pl'), ASK);
  const asked = await client!.sh(`perl ${join(bench.folder, 'ask.pl')} ${address} ${name} ${type}`);
  assert.equal(asked.code, 0, asked.stderr);
  return asked.stdout;
}

async function askFromWifi({ air }: Bench, own: string, name: string, type: string): Promise<string> {
  return (await air.ok(`perl - ${own} ${name} ${type}`, { input: ASK })).stdout;
}

const isReflecting = async (bench: Bench): Promise<boolean> =>
  (await bench.guest('pidof avahi-daemon')).code === 0;

const packets = (text: string): string[] => text.split('\n').filter(Boolean);

check(
  'mDNS: a printer of the Wi-Fi is found by a client of the bridge, which reaches it',
  mdns,
  async (bench) => {
    const { air, host } = bench;
    await forwarding(bench, 180);
    client = await Client.plugIn(bench, 'jail');
    client.ask();
    const lease = await eventually('a lease', 120, () => client!.lease());
    address = lease.address;
    await air.ok('cat >/tmp/avahi.conf', { input: AVAHI('printer', 'ap0') });
    await air.ok(`setsid ${ALONE} -f /tmp/avahi.conf >/tmp/avahi.log 2>&1 </dev/null &
      for _ in $(seq 300); do
        ! grep -q 'Server startup complete' /tmp/avahi.log || exit 0
        sleep 0.1
      done
      cat /tmp/avahi.log; exit 1`);
    await eventually('the reflector', 60, () => isReflecting(bench));
    const found = await eventually('the printer', 60, async () => {
      const answers = await askFromBridge(bench, 'printer.local', 'A');
      return answers.includes('printer.local: 10.77.0.1,') && answers;
    });
    assert.match(found, new RegExp(`^printer\\.local: 10\\.77\\.0\\.1, says ${host.addresses.guest}$`, 'm'));
    // Packets to all get lost on the air now and then, and an answer is not given twice in a second.
    await eventually('its service', 60, async () =>
      /^_ipp\._tcp\.local: Office printer\._ipp\._tcp\.local, /m.test(
        await askFromBridge(bench, '_ipp._tcp.local', 'PTR'),
      ),
    );
    assert.equal((await client.sh('ping -c 1 -W 3 10.77.0.1')).code, 0);
  },
  { limit: 400 },
);

check('mDNS: what a client of the bridge announces is found from the Wi-Fi', mdns, async (bench) => {
  const file = join(bench.folder, 'avahi.conf');
  await writeFile(file, AVAHI('jail', 'eth0'));
  client!.start(`mount -t tmpfs none /run; exec ${ALONE} -f ${file}`);
  const own = await wlanAddress(bench);
  const found = await eventually('the jail', 60, async () => {
    const answers = await askFromWifi(bench, '10.77.0.1', 'jail.local', 'A');
    return answers.includes('jail.local: ') && answers;
  });
  assert.match(found, new RegExp(`^jail\\.local: ${address.replaceAll('.', '\\.')}, says ${own}$`, 'm'));
});

check(
  'mDNS: a question goes once over the air, and the guest tells nothing of itself',
  mdns,
  async (bench) => {
    const own = await wlanAddress(bench);
    const airSide = await watchCard(bench, `udp port 5353 and src host ${own}`);
    const hostSide = await watchHost(bench, 'udp port 5353');
    await askFromBridge(bench, 'nobody-has-this.local', 'A');
    await askFromWifi(bench, '10.77.0.1', 'airhive.local', 'A');
    const asked = packets(await airSide());
    assert.equal(asked.filter((line) => line.includes('nobody-has-this')).length, 1, asked.join('\n'));
    const heard = packets(await hostSide());
    assert.equal(heard.filter((line) => line.includes('airhive.local')).length, 1, heard.join('\n'));
    for (const line of [...asked, ...heard])
      assert.doesNotMatch(line, /_ssh|A 172\.24\.1\.1\b|A 10\.77\.0\.1\d\d\b/);
  },
);

check(
  'mDNS: however much is announced on the Wi-Fi, little of it comes to the bridge, and it goes on',
  mdns,
  async (bench) => {
    const heard = await watchHost(bench, `udp port 5353 and src host ${bench.host.addresses.guest}`);
    const begin = Date.now();
    await bench.air.ok('perl - 10.77.0.1 3000', { input: FLOOD });
    const seconds = (Date.now() - begin) / 1000;
    const count = packets(await heard()).length;
    bench.report(`3000 announcements in ${seconds.toFixed(1)} s: ${count} packets to the bridge`);
    assert.ok(count > 0 && count <= 60 + 20 * (seconds + 1), `${count} packets`);
    await eventually('the printer again', 60, async () =>
      (await askFromBridge(bench, 'printer.local', 'A')).includes('10.77.0.1,'),
    );
  },
);

check(
  'mDNS: nothing in a network that is marked public',
  mdns,
  async (bench) => {
    const { air } = bench;
    await air.points.get('ap0')!.off();
    await eventually('no reflector', 60, async () => !(await isReflecting(bench)));
    const seen = await watchAir(bench, 'udp port 5353', 'any');
    await air.start(HOTEL);
    await eventually('the other network', 120, async () => (await wlanAddress(bench)).startsWith('10.99.0.'));
    await forwarding(bench, 60);
    assert.equal(await bench.guestOk('cat /run/airhive/marks'), 'public\n');
    assert.equal(await askFromBridge(bench, 'printer.local', 'A'), '');
    assert.equal(await isReflecting(bench), false);
    const own = (await wlanAddress(bench)).replaceAll('.', '\\.');
    assert.doesNotMatch(await seen(), new RegExp(` IP ${own}\\.5353 `));
  },
  { limit: 400 },
);

check('mDNS: absent by default', gateway, async (bench) => {
  const { air, host } = bench;
  await forwarding(bench, 180);
  assert.equal(await isReflecting(bench), false);
  assert.notEqual((await bench.guest('apk info -e avahi')).code, 0);
  assert.doesNotMatch(await bench.guestOk('iptables-save'), /224\.0\.0\.251/);
  const own = await wlanAddress(bench);
  const seen = await watchAir(bench, `udp port 5353 and src host ${own}`);
  const heard = await watchHost(bench, `udp port 5353 and src host ${host.addresses.guest}`);
  await host.exec('perl', ['-', host.addresses.host, 'printer.local', 'A'], { input: ASK });
  await air.ok('perl - 10.77.0.1 printer.local A', { input: ASK });
  assert.equal(await seen(), '');
  assert.equal(await heard(), '');
});
