import type { Bench } from './check.ts';
import { eventually } from './eventually.ts';

/** The guest's address on the Wi-Fi side. Throws when it has none. */
export async function wlanAddress(bench: Bench): Promise<string> {
  const address = /inet (\S+)\//.exec(await bench.guestOk('ip -4 addr show wlan0'))?.[1];
  if (address === undefined) throw new Error('wlan0 has no address');
  return address;
}

/** Connects to every port at once and reads what came of it within two seconds; silence is the third outcome. */
const SCAN = `use strict; use Socket; use Fcntl; use Errno;
my ($address, @ports) = @ARGV;
my %open;
for my $port (@ports) {
    socket my $s, PF_INET, SOCK_STREAM, 0 or die;
    fcntl $s, F_SETFL, O_NONBLOCK;
    connect $s, sockaddr_in($port, inet_aton($address));
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

/** TCP ports of an address that answer the Wi-Fi side, with a connection or with a refusal. */
export async function tryPorts(
  { air }: Bench,
  address: string,
  ports: readonly number[],
): Promise<{ open: number[]; refused: number[] }> {
  const { stdout } = await air.ok(`ulimit -n 4096; perl - ${address} ${ports.join(' ')}`, { input: SCAN });
  const those = (word: string): number[] =>
    [...stdout.matchAll(new RegExp(`^${word} (\\d+)`, 'gm'))].map(([, port]) => Number(port));
  return { open: those('open'), refused: those('refused') };
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
