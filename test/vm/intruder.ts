import { watchAir, watchHost } from './capture.ts';
import type { Bench } from './check.ts';

/** The guest's card (toolbox/agent.pl), and the link-local address that follows from it. */
const CARD = { mac: '02:28:f8:00:00:42', linkLocal: 'fe80::28:f8ff:fe00:42' } as const;

/**
 * Tries everything again and again: TCP to every target, a DNS question, a ping. Packets go straight to the card, so
 * that neither an answer to ARP nor a lease is waited for. One line for each round.
 */
const TRY = `use strict; use Fcntl;
use Socket qw(:DEFAULT inet_pton pack_sockaddr_in6 IPPROTO_ICMPV6);
my ($mac, $via, $via6, $networks, $targets) = @ARGV;
my $question = pack('n6', 4711, 256, 1, 0, 0, 0) . "\\6server\\7example\\0" . pack('n2', 1, 1);
# ICMP: the kernel makes the checksum of version 6 only.
my @echo = (pack('C2 n3', 8, 0, 0xf7fd, 1, 1), pack('C2 n3', 128, 0, 0, 1, 1));
$| = 1;
sub place {
    my ($address, $port) = @_;
    return $address =~ /:/ ? pack_sockaddr_in6($port, inet_pton(PF_INET6, $address)) : sockaddr_in($port, inet_aton($address));
}
sub leased { open my $f, '<', '/tmp/ap0.leases' or return (); map { (split)[2] } grep { /$mac/ } <$f> }
sub make_way {
    my $made = 1;
    for my $to (split /,/, $networks) {
        my $next = $to =~ /:/ ? $via6 : $via;
        $made &= !system "ip neigh replace $next lladdr $mac dev ap0 nud permanent && ip route replace $to via $next dev ap0 onlink";
    }
    return $made;
}
select undef, undef, undef, 0.1 until make_way();
my (@open, $round);
while (1) {
    # Those of the last round had their time.
    close $_ for splice @open;
    for my $target (split(/,/, $targets), leased()) {
        my $six = $target =~ /:/ ? 1 : 0;
        my $family = $six ? PF_INET6 : PF_INET;
        for my $port (22, 53, 80, 2210, 8022) {
            socket my $s, $family, SOCK_STREAM, 0 or die;
            fcntl $s, F_SETFL, O_NONBLOCK;
            connect $s, place($target, $port);
            push @open, $s;
        }
        socket my $s, $family, SOCK_DGRAM, 0 or die;
        send $s, $question, 0, place($target, 53);
        socket my $raw, $family, SOCK_RAW, $six ? IPPROTO_ICMPV6 : 1 or die;
        send $raw, $echo[$six], 0, place($target, 0);
    }
    print ++$round, "\\n";
    select undef, undef, undef, 0.3;
}
`;

/** A connection, an answer to a question, or anything at all from behind the guest. The access point's own is no news. */
const heardOnTheAir = (networks: readonly string[]): string =>
  [
    ...networks.map((network) => `src net ${network}`),
    'src net 10.77.0.0/24 and not src host 10.77.0.1 and (tcp[tcpflags] & 18 = 18 or udp src port 53)',
    'ip6 and not src net 2001:db8::/32 and (ip6[6] = 6 and ip6[53] & 18 = 18 or udp src port 53)',
  ]
    .map((one) => `(${one})`)
    .join(' or ');

/** Whatever comes from the far side, but for answers to the host's own pings. */
const HEARD_BY_THE_HOST =
  '(src net 10.77.0.0/24 or src net 203.0.113.0/24 or src net 2001:db8::/32) and not icmp[icmptype] = 0';

export interface Intruder {
  /** How often everything was tried so far. */
  rounds(): Promise<number>;
  /** Ends it and tells every packet that shows a success. */
  end(): Promise<string>;
}

/**
 * Somebody on the Wi-Fi side who tries, from the moment the guest's card is on the air, to reach `targets` in the
 * `networks` behind it and the guest's own address there. May be started before there is an access point.
 */
export async function startIntruder(
  bench: Bench,
  networks: readonly string[],
  targets: readonly string[],
): Promise<Intruder> {
  const { air } = bench;
  const onHost = await watchHost(bench, HEARD_BY_THE_HOST);
  const onAir = await watchAir(bench, heardOnTheAir(networks), 'any');
  const words = [CARD.mac, '10.77.0.254', CARD.linkLocal, networks.join(','), targets.join(',')].join(' ');
  await air.ok(
    `cat >/tmp/intruder.pl; setsid perl /tmp/intruder.pl ${words} >/tmp/intruder.log 2>&1 &
    echo $! >/tmp/intruder.pid`,
    { input: TRY },
  );
  return {
    rounds: async () => Number((await air.ok('tail -n 1 /tmp/intruder.log')).stdout || 0),
    end: async () => {
      await air.ok('kill $(cat /tmp/intruder.pid)');
      return `${await onAir()}${await onHost()}`;
    },
  };
}
