import { describe, expect, it } from 'vitest';
import { Room } from './room.ts';

// Names, by the guest's real dnsmasq and busybox. Behind the Wi-Fi stand further dnsmasqs, each with an address of its own.

/** Two servers, far and further, and a place without one: nobody answers there, not even ARP. */
const FAR = '192.168.5.2';
const FURTHER = '192.168.5.3';
const DEAD = '192.168.5.66';
/** Serves others, as a server does that is misconfigured. */
const REFUSING = '192.168.5.4';

const START = `apk add --quiet --no-network --repository /mirror/v3.24/main dnsmasq
mount -t sysfs sys /sys
ip link add wlan0 type veth && ip link set veth0 name air && ip link set wlan0 up && ip link set air up
ip addr add ${FAR}/32 dev lo && ip addr add ${FURTHER}/32 dev lo && ip addr add ${REFUSING}/32 dev lo
# server ADDRESS: a DNS server; what it was asked for is in /run/ADDRESS.log.
server() { dnsmasq -C /etc/$1.conf; }
server ${FAR}; server ${FURTHER}; server ${REFUSING}
lease() { env interface=wlan0 ip=192.168.5.7 mask=24 router=192.168.5.1 dns="$2" /usr/libexec/airhive/lease "$1"; }
/usr/libexec/airhive/dns >/dev/null 2>&1 & dns=$!
until nslookup -type=a airhive 172.24.1.1 >/dev/null 2>&1; do sleep 0.1; done
# ask TYPE NAME: once, as a program does that does not repeat its question.
ask() { echo "$2 $1: $(nslookup -retry=1 -timeout=4 -type=$1 $2 172.24.1.1 2>&1 |
  sed -n '/^Name/,$s/^Address: //p;/PTR\\|name = /s/.*name = //p;s/^\\*\\* server .*: //p;s/.*timed out.*/no answer/p' | tr '\\n' ' ')"; }
server_of_dnsmasq() { sed 's/^nameserver/uses:/' /run/airhive/name-server; }
# until_used ADDRESS: waits for it, and asks, since nobody looks while nobody asks.
until_used() { until server_of_dnsmasq | grep -q "^uses: $1$"; do ask a again.who.example >/dev/null; sleep 1; done; server_of_dnsmasq; }
`;

const STOP = `
kill $dns $(cat /run/192*.pid) 2>/dev/null; umount /sys`;

/** As every resolver does (RFC 6761). */
const KNOWS_ITSELF = ['address=/localhost/127.0.0.1', 'local=//'];

const RECORDS = {
  [FAR]: [
    ...KNOWS_ITSELF,
    'address=/who.example/203.0.113.2',
    'address=/self.example/127.0.0.1',
    'address=/local.example/127.8.9.10',
    'address=/null.example/0.0.0.0',
    'address=/cloud.example/169.254.169.254',
    'address=/host.example/172.24.1.49',
    'address=/guest.example/172.24.1.1',
    'address=/other.example/172.24.2.1',
    'address=/nas.example/192.168.1.9',
    'address=/intranet.example/10.1.2.3',
    'host-record=mixed.example,203.0.113.9',
    'host-record=mixed.example,127.0.0.1',
    'address=/self6.example/::1',
    'address=/mapped.example/::ffff:127.0.0.1',
    'address=/mapped2.example/::ffff:172.24.1.49',
    'address=/link6.example/fe80::1',
    'address=/ula.example/fd99::1',
    'address=/wide6.example/2001:db8::5',
    'address=/printer/192.168.5.9',
    'ptr-record=49.1.24.172.in-addr.arpa,evil.example',
    'ptr-record=9.5.168.192.in-addr.arpa,printer.corp.example',
  ],
  [FURTHER]: [...KNOWS_ITSELF, 'address=/who.example/203.0.113.3'],
  [REFUSING]: [],
};

function roomWithServers(): Room {
  const room = new Room();
  for (const [address, records] of Object.entries(RECORDS))
    room.write(
      `etc/${address}.conf`,
      [
        `listen-address=${address}`,
        'bind-interfaces',
        'no-resolv',
        'no-hosts',
        'user=root',
        'log-queries',
        `log-facility=/run/${address}.log`,
        `pid-file=/run/${address}.pid`,
        ...records,
        '',
      ].join('\n'),
    );
  return room;
}

function lines(room: Room, script: string): string[] {
  const printed = room.run(START + script + STOP);
  return printed
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
}

/** What a server was asked for, except the name by which one finds out whether it answers. */
function askedOf(room: Room, server: string): string[] {
  const asked = room.read(`run/${server}.log`).matchAll(/query\[\w+\] (\S+) from/g);
  return [...asked].map(([, name = '']) => name).filter((name) => name !== 'localhost');
}

describe('the servers of the network', () => {
  it('are used in its order: of two that answer only the first', () => {
    const room = roomWithServers();
    const printed = lines(
      room,
      `lease bound "${FAR} ${FURTHER}"; server_of_dnsmasq
      for n in 1 2 3 4 5 6 7 8 9; do ask a $n.who.example; done`,
    );
    expect(printed).toEqual([
      `uses: ${FAR}`,
      ...Array.from({ length: 9 }, (_, n) => `${n + 1}.who.example a: 203.0.113.2`),
    ]);
    expect(askedOf(room, FURTHER)).toEqual([]);
  });

  it('a first one that is dead is out before it costs any name its time', () => {
    const room = roomWithServers();
    const servers = `"${DEAD} ${FURTHER} ${FAR}"`;
    const printed = lines(
      room,
      `lease bound ${servers}; server_of_dnsmasq; ask a who.example; ask a more.who.example
      lease renew ${servers}; server_of_dnsmasq`,
    );
    expect(printed).toEqual([
      `uses: ${FURTHER}`,
      'who.example a: 203.0.113.3',
      'more.who.example a: 203.0.113.3',
      `uses: ${FURTHER}`,
    ]);
    expect(askedOf(room, FAR)).toEqual([]);
  });

  it('one that refuses everything is no better than a dead one', () => {
    expect(
      lines(
        roomWithServers(),
        `lease bound "${REFUSING} ${FAR}"; server_of_dnsmasq; lease bound "${REFUSING} ${DEAD}"; server_of_dnsmasq`,
      ),
    ).toEqual([`uses: ${FAR}`, `uses: ${REFUSING}`]);
  });

  it('a name that the server fails at is answered at once', () => {
    const printed = lines(roomWithServers(), `lease bound "${REFUSING}"; ask a who.example`);
    expect(printed).toEqual(['who.example a: REFUSED']);
  });

  it('without any, names are refused', () => {
    const printed = lines(
      roomWithServers(),
      `lease bound ${FAR}; lease bound ''; sleep 1; ask a who.example`,
    );
    expect(printed).toEqual(['who.example a: REFUSED']);
  });

  it('one that dies later gives way at a question without an answer', () => {
    const printed = lines(
      roomWithServers(),
      `# It is looked at for no other reason.
      sed -i 's/^LOOKS=.*/LOOKS=1000000/' /usr/libexec/airhive/name-servers
      lease bound "${FAR} ${FURTHER}"; ask a who.example
      kill $(cat /run/${FAR}.pid); until_used ${FURTHER}; ask a third.who.example`,
    );
    expect(printed).toEqual([
      'who.example a: 203.0.113.2',
      `uses: ${FURTHER}`,
      'third.who.example a: 203.0.113.3',
    ]);
  });

  it('one that dies later gives way, and is used again when it is back', () => {
    const printed = lines(
      roomWithServers(),
      `lease bound "${FAR} ${FURTHER}"; ask a who.example
      kill $(cat /run/${FAR}.pid); until_used ${FURTHER}; ask a third.who.example
      server ${FAR}; until_used ${FAR}; ask a fourth.who.example`,
    );
    expect(printed).toEqual([
      'who.example a: 203.0.113.2',
      `uses: ${FURTHER}`,
      'third.who.example a: 203.0.113.3',
      `uses: ${FAR}`,
      'fourth.who.example a: 203.0.113.2',
    ]);
  });
});

describe('rebinding', () => {
  it('no name leads to this machine, its range or the link, whatever else it leads to', () => {
    const refused = ['self', 'local', 'null', 'cloud', 'host', 'guest', 'mixed'];
    const refused6 = ['self6', 'mapped', 'mapped2', 'link6'];
    const printed = lines(
      roomWithServers(),
      `lease bound ${FAR}
      for name in ${refused.join(' ')}; do ask a $name.example; done
      for name in ${refused6.join(' ')}; do ask aaaa $name.example; done`,
    );
    expect(printed).toEqual([
      ...refused.map((name) => `${name}.example a: NXDOMAIN`),
      ...refused6.map((name) => `${name}.example aaaa: NXDOMAIN`),
    ]);
  });

  it('other private addresses are those of companies and login pages', () => {
    const printed = lines(
      roomWithServers(),
      `lease bound ${FAR}
      for name in other nas intranet who; do ask a $name.example; done
      for name in ula wide6; do ask aaaa $name.example; done`,
    );
    expect(printed).toEqual([
      'other.example a: 172.24.2.1',
      'nas.example a: 192.168.1.9',
      'intranet.example a: 10.1.2.3',
      'who.example a: 203.0.113.2',
      'ula.example aaaa: fd99::1',
      'wide6.example aaaa: 2001:db8::5',
    ]);
  });

  it('who has an address of the range is not asked outside, of other private addresses it is', () => {
    const room = roomWithServers();
    const printed = lines(
      room,
      `lease bound ${FAR}; ask ptr 49.1.24.172.in-addr.arpa; ask ptr 1.1.24.172.in-addr.arpa; ask ptr 9.5.168.192.in-addr.arpa`,
    );
    expect(printed).toEqual([
      '49.1.24.172.in-addr.arpa ptr: NXDOMAIN',
      '1.1.24.172.in-addr.arpa ptr: airhive',
      '9.5.168.192.in-addr.arpa ptr: printer.corp.example',
    ]);
    expect(askedOf(room, FAR)).toEqual(['9.5.168.192.in-addr.arpa']);
  });
});

describe('a client of the bridge', () => {
  it('cannot take a name by DHCP, neither now nor from a lease of before', () => {
    const room = roomWithServers();
    room.write(
      'var/lib/airhive/dns/leases',
      '4102444800 02:00:00:00:00:01 172.24.1.200 scanner 01:02:00:00:00:00:01\n4102444800 02:00:00:00:00:02 172.24.1.201 * *\n',
    );
    const printed = lines(
      room,
      `lease bound ${FAR}
      ask a scanner
      udhcpc -i host -n -q -f -t 5 -T 2 -s /bin/true -x hostname:printer -F printer 2>&1 | grep -o 'lease of .* obtained' | sed 's/[0-9.]* obt/ADDRESS obt/'
      ask a printer
      sed 's/^[^ ]* [^ ]* [0-9.]* //' /var/lib/airhive/dns/leases | cut -c1-2`,
    );
    expect(printed).toEqual([
      'scanner a: REFUSED',
      'lease of ADDRESS obtained',
      'printer a: 192.168.5.9',
      '*',
      '*',
      '*',
    ]);
  });
});
