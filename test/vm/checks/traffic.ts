import assert from 'node:assert/strict';
import { SERVER } from '../air-config.ts';
import type { Bench } from '../check.ts';
import { check } from '../check.ts';
import { sizeTold } from '../path.ts';
import { gateway } from './boots.ts';

// What a gateway has to carry: very many connections, datagrams that come in pieces, paths that are narrow.

/** Opens all connections, only then sends on each what no other one sends, and counts those that hear just that. */
const CONNECTIONS = `use strict; use Socket; use Fcntl;
my ($address, $count, $seconds) = @ARGV;
my $end = time + $seconds;
my @sockets;
sub data { join ' ', $_[0], map { ($_[0] * 7919 + $_ * 104729) % 65521 } 1 .. 60 }
sub ready {
    my ($writing, @numbers) = @_;
    my $bits = '';
    vec($bits, fileno $sockets[$_], 1) = 1 for @numbers;
    my ($in, $out) = $writing ? (undef, $bits) : ($bits, undef);
    return () if select($in, $out, undef, 1) <= 0;
    return grep { vec $writing ? $out : $in, fileno $sockets[$_], 1 } @numbers;
}
for my $i (0 .. $count - 1) {
    socket $sockets[$i], PF_INET, SOCK_STREAM, 0 or die "socket $i: $!";
    fcntl $sockets[$i], F_SETFL, O_NONBLOCK;
    connect $sockets[$i], sockaddr_in(7, inet_aton($address));
}
my (%open, %echoed);
my %waiting = map { $_ => 1 } 0 .. $count - 1;
while (%waiting && time < $end) {
    for my $i (ready(1, keys %waiting)) {
        delete $waiting{$i};
        $open{$i} = 1 if unpack('i', getsockopt $sockets[$i], SOL_SOCKET, SO_ERROR) == 0;
    }
}
print "open ", scalar(keys %open), "\\n";
syswrite $sockets[$_], data($_) for keys %open;
my %heard = map { $_ => '' } keys %open;
while (%heard && time < $end) {
    for my $i (ready(0, keys %heard)) {
        my $n = sysread $sockets[$i], $heard{$i}, 4096, length $heard{$i};
        if (!$n) { delete $heard{$i} }
        elsif (length $heard{$i} >= length data($i)) { $echoed{$i} = delete($heard{$i}) eq data($i) }
    }
}
print "echoed ", scalar(grep { $_ } values %echoed), "\\n";
`;

check('traffic: 1,000 connections at once, and again', gateway, async (bench) => {
  const begin = Date.now();
  // Those that have ended are remembered for two minutes.
  for (let round = 1; round <= 4; round++) {
    const { stdout, stderr } = await bench.host.sh(`ulimit -n 4096; perl - ${SERVER.address} 1000 15`, {
      input: CONNECTIONS,
    });
    assert.equal(stdout, 'open 1000\nechoed 1000\n', `round ${round} ${stderr}`);
  }
  const counted = await bench.guestOk('cd /proc/sys/net/netfilter; cat nf_conntrack_count nf_conntrack_max');
  const [tracked = '', most = ''] = counted.split('\n');
  const seconds = ((Date.now() - begin) / 1000).toFixed(1);
  bench.report(`4 times 1,000 in ${seconds} s; the guest then tracks ${tracked} of at most ${most}`);
});

/**
 * Datagrams of every size from many sockets, four under way at a time; prints how many of each size came back whole. One
 * that is lost is sent again, twice at most: that may happen on a radio, but not always.
 */
const DATAGRAMS = `use strict; use Socket;
my ($address, $rounds, @sizes) = @ARGV;
my $number = 0;
sub heard {
    my ($s, $data) = @_;
    for (1 .. 3) {
        vec(my $bits = '', fileno $s, 1) = 1;
        if (select($bits, undef, undef, 2) > 0) { recv $s, my $heard, 65535, 0; return $heard eq $data }
        send $s, $data, 0;
    }
    return 0;
}
for my $size (@sizes) {
    my $whole = 0;
    for (1 .. $rounds) {
        my @asked;
        for (1 .. 4) {
            socket my $s, PF_INET, SOCK_DGRAM, 0 or die;
            connect $s, sockaddr_in(7, inet_aton($address)) or die;
            my $seed = ++$number;
            my $data = substr join(' ', map { ($seed * 7919 + $_ * 104729) % 65521 } 0 .. $size / 2), 0, $size;
            send $s, $data, 0;
            push @asked, [$s, $data];
        }
        for (@asked) { heard(@$_) or do { print "$size: no\\n"; exit }; $whole++ }
    }
    print "$size: $whole\\n";
}
`;

check('traffic: UDP of many sizes, also in fragments', gateway, async (bench) => {
  // The largest that fits into one packet is 1472; the largest that there is comes in 45 fragments.
  const sizes = [1, 100, 512, 1400, 1472, 1473, 4000, 9000, 65507];
  const { stdout, stderr } = await bench.host.sh(`perl - ${SERVER.address} 8 ${sizes.join(' ')}`, {
    input: DATAGRAMS,
    timeout: 80,
  });
  assert.equal(stdout, sizes.map((size) => `${size}: 32\n`).join(''), stderr);
});

const NARROW = { near: '198.51.100.1', server: '198.51.100.2', other: '198.51.100.3', mtu: 1280 } as const;

/**
 * A second server, whose link takes no packet of more than 1280 bytes: what is too long is refused towards it with
 * a notice, and vanishes without one on the way back. Returns how to end that.
 */
async function narrowLink({ air }: Bench): Promise<() => Promise<unknown>> {
  const { near, server, other, mtu } = NARROW;
  await air.ok(`unshare -n setsid sleep 1000 >/dev/null 2>&1 & place=$!
    echo $place >/tmp/narrow.pid
    until [ "$(readlink /proc/$place/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.1; done
    inside="nsenter -n -t $place"
    ip link add far0 type veth peer name far1 netns $place
    ip addr add ${near}/24 dev far0; ip link set far0 mtu ${mtu} up
    $inside ip addr add ${server}/24 dev far1; $inside ip addr add ${other}/24 dev far1
    $inside ip link set far1 up; $inside ip route add default via ${near}
    $inside setsid perl /server.pl >/tmp/narrow.log 2>&1 </dev/null & echo $! >/tmp/narrow-server.pid
    until $inside netstat -lnt | grep -q ':7 '; do sleep 0.1; done
    echo 1 >/proc/sys/net/ipv4/ip_forward`);
  return () =>
    air.ok(`echo 0 >/proc/sys/net/ipv4/ip_forward; ip link del far0
      kill -- -$(cat /tmp/narrow-server.pid); kill $(cat /tmp/narrow.pid)`);
}

/** Drops "fragmentation needed" on its way out of an interface; tc's syntax for ICMP type 3, code 4. */
const noNotice = (
  device: string,
): string => `tc qdisc add dev ${device} clsact && tc filter add dev ${device} \
  egress protocol ip u32 match ip protocol 1 0xff match u8 3 0xff at 20 match u8 4 0xff at 21 action drop`;

check('traffic: a narrow path is noticed', gateway, async (bench) => {
  const end = await narrowLink(bench);
  const told = await sizeTold(bench, NARROW.other, 1400);
  await end();
  assert.equal(told, '1280');
});

check('traffic: a narrow path that nothing tells of', gateway, async (bench) => {
  const { air, agent, host } = bench;
  const end = await narrowLink(bench);
  await air.ok(noNotice('ap0'));
  await agent.run('bench', noNotice('eth0'));
  await bench.guestOk(`ip link set wlan0 mtu ${NARROW.mtu}`);
  try {
    const size = 1_500_000;
    const sent = await host.sh(
      `head -c ${size} /dev/urandom >up; sha256sum <up; timeout 25 nc -N ${NARROW.server} 7 <up | sha256sum; rm up`,
      { cwd: bench.folder, timeout: 40 },
    );
    const [up, back] = sent.stdout.split('\n');
    assert.equal(back, up, 'what was echoed');
  } finally {
    await bench.guestOk('ip link set wlan0 mtu 1500');
    await agent.run('bench', 'tc qdisc del dev eth0 clsact');
    await air.ok('tc qdisc del dev ap0 clsact');
    await end();
  }
});
