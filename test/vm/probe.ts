import type { Bench } from './check.ts';
import { eventually } from './eventually.ts';

/** The guest's address on the Wi-Fi side. Throws when it has none. */
export async function wlanAddress(bench: Bench): Promise<string> {
  const address = /inet (\S+)\//.exec(await bench.guestOk('ip -4 addr show wlan0'))?.[1];
  if (address === undefined) throw new Error('wlan0 has no address');
  return address;
}

/** For Perl: a socket address of an IPv4 or IPv6 address, which may name its interface (`fe80::1%ap0`). */
const PLACE = `use Socket qw(:DEFAULT inet_pton pack_sockaddr_in6);
sub family { $_[0] =~ /:/ ? PF_INET6 : PF_INET }
sub place {
    my ($text, $port) = @_;
    my ($address, $device) = split /%/, $text;
    my $bytes = inet_pton(family($address), $address) // die "$address?";
    return sockaddr_in($port, $bytes) if family($address) == PF_INET;
    return pack_sockaddr_in6($port, $bytes) unless $device;
    open my $f, '<', "/sys/class/net/$device/ifindex" or die "$device: $!";
    return pack_sockaddr_in6($port, $bytes, <$f> + 0);
}
`;

/**
 * Connects to every port at once and reads what came of it within three seconds. Silence tells the most; anything else is
 * an answer: a connection, a refusal, or word that somebody does not let it pass.
 */
const SCAN = `use strict; use Fcntl; use Errno;
${PLACE}my ($address, @ports) = @ARGV;
my %open;
for my $port (@ports) {
    socket my $s, family($address), SOCK_STREAM, 0 or die;
    fcntl $s, F_SETFL, O_NONBLOCK;
    connect $s, place($address, $port);
    $open{$port} = $s;
}
my $end = time + 3;
while (%open && time < $end) {
    my $bits = '';
    vec($bits, fileno $_, 1) = 1 for values %open;
    next if select(undef, my $ready = $bits, undef, 0.5) <= 0;
    for my $port (sort { $a <=> $b } keys %open) {
        next unless vec $ready, fileno $open{$port}, 1;
        my $error = unpack 'i', getsockopt $open{$port}, SOL_SOCKET, SO_ERROR;
        print $error == 0 ? "open $port\n" : $error == Errno::ECONNREFUSED() ? "refused $port\n" : "error $port $error\n";
        close delete $open{$port};
    }
}
`;

interface Answers {
  readonly open: readonly number[];
  readonly refused: readonly number[];
  /** Ports for which a router or the target said that nothing may pass. */
  readonly filtered: readonly number[];
}

/** No answer to anything. */
export const SILENCE: Answers = { open: [], refused: [], filtered: [] };

const portsWith = (stdout: string, word: string): number[] =>
  [...stdout.matchAll(new RegExp(`^${word} (\\d+)`, 'gm'))].map(([, port]) => Number(port));

/** TCP ports of an IPv4 or IPv6 address that answer the Wi-Fi side, and how. */
export async function tryPorts({ air }: Bench, address: string, ports: readonly number[]): Promise<Answers> {
  const { stdout } = await air.ok(`ulimit -n 4096; perl - ${address} ${ports.join(' ')}`, { input: SCAN });
  return {
    open: portsWith(stdout, 'open'),
    refused: portsWith(stdout, 'refused'),
    filtered: portsWith(stdout, 'error'),
  };
}

/**
 * Sends each port a question that a server there would answer: DNS to 53, a DHCP discovery to 67, else a word. A source
 * port is taken at the server's address: the access point's own has servers of its own.
 */
const SCAN_UDP = `use strict; use Errno;
${PLACE}my ($address, $from, @ports) = @ARGV;
my %question = (
    53 => pack('n6', 4711, 256, 1, 0, 0, 0) . "\\6server\\7example\\0" . pack('n2', 1, 1),
    67 => pack('C4 N n2 a16 a16 a64 a128 N a*', 1, 1, 6, 0, 4711, 0, 0, '', "\\2\\0\\0\\0\\1\\1", '', '', 0x63825363, "\\65\\1\\1\\377"),
);
my %asked;
for my $port (@ports) {
    socket my $s, family($address), SOCK_DGRAM, 0 or die;
    setsockopt $s, SOL_SOCKET, SO_REUSEADDR, 1;
    if ($from) { bind $s, sockaddr_in($from, inet_aton('203.0.113.10')) or die "bind $from: $!" }
    connect $s, place($address, $port);
    send $s, $question{$port} // 'hello', 0;
    $asked{$port} = $s;
}
my $end = time + 3;
while (%asked && time < $end) {
    my $bits = '';
    vec($bits, fileno $_, 1) = 1 for values %asked;
    next if select(my $ready = $bits, undef, undef, 0.5) <= 0;
    for my $port (sort { $a <=> $b } keys %asked) {
        next unless vec $ready, fileno $asked{$port}, 1;
        my $heard = defined recv $asked{$port}, my $data, 65535, 0;
        print $heard ? "open $port\\n" : $!{ECONNREFUSED} ? "refused $port\\n" : "error $port $!\\n";
        close delete $asked{$port};
    }
}
`;

/** UDP ports of an address that answer the Wi-Fi side; `from` is the port it asks from, any by default. */
export async function tryUdp(
  { air }: Bench,
  address: string,
  ports: readonly number[],
  from = 0,
): Promise<Answers> {
  const { stdout } = await air.ok(`perl - ${address} ${from} ${ports.join(' ')}`, { input: SCAN_UDP });
  return {
    open: portsWith(stdout, 'open'),
    refused: portsWith(stdout, 'refused'),
    filtered: portsWith(stdout, 'error'),
  };
}

/** Ports of the guest that somebody in it listens on, whatever the address. */
export async function listeners(bench: Bench, protocol: 'tcp' | 'udp'): Promise<number[]> {
  const listed = await bench.guestOk(`netstat -ln${protocol[0]}`);
  const ports = [...listed.matchAll(new RegExp(`^${protocol}6? .*?:(\\d+) +\\S+:\\*`, 'gm'))];
  return [...new Set(ports.map(([, port]) => Number(port)))];
}

/** A server on the host that answers everyone with one word; returns how to end it. */
export async function listening(
  { host }: Bench,
  protocol: 'tcp' | 'udp',
  port: number,
  word: string,
): Promise<() => void> {
  const kind = protocol === 'tcp' ? 'SOCK_STREAM' : 'SOCK_DGRAM';
  const loop =
    protocol === 'tcp'
      ? 'listen $s, 9; while (accept my $c, $s) { syswrite $c, $ARGV[1]; close $c }'
      : 'while (my $from = recv $s, my $data, 999, 0) { send $s, $ARGV[1], 0, $from }';
  const program = `use Socket; socket my $s, PF_INET, ${kind}, 0; setsockopt $s, SOL_SOCKET, SO_REUSEADDR, 1;
    bind $s, sockaddr_in($ARGV[0], INADDR_ANY) or die; ${loop}`;
  const child = host.start('perl', ['-e', program, String(port), word]);
  const flag = protocol === 'tcp' ? '-lnt' : '-lnu';
  await eventually(`the host listening on ${port}`, 5, async () =>
    (await host.sh(`ss ${flag}`)).stdout.includes(`:${port} `),
  );
  return () => child.kill('SIGKILL');
}
