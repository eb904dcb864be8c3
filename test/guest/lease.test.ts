import { describe, expect, it } from 'vitest';
import { Room } from './room.ts';

// The guest's lease script with Alpine's own busybox: its shell, ip and DHCP client; and real dnsmasq.

/** A card in the place of Wi-Fi's, what the script prints, and the routes that the kernel then has. */
const CARD = `# Alpine's busybox names the other end itself.
ip link add wlan0 type veth && ip link set veth0 name air && ip link set wlan0 up && ip link set air up
mount -t sysfs sys /sys
# lease EVENT NAME=VALUE...: as udhcpc calls it.
lease() { event=$1; shift; env interface=wlan0 "$@" /usr/libexec/airhive/lease "$event"; }
state() {
  echo "address: $(ip -4 -o addr show dev wlan0 | sed -n 's/.* inet \\([^ ]*\\) .*/\\1/p')"
  ip -4 route show dev wlan0 | sed 's/^/route: /;s/ dev wlan0//;s/ *$//'
  echo "router: $(sed -n 's/^router=//p' /run/airhive/lease)"
  echo "servers: $(sed -n 's/^nameserver //p' /run/airhive/resolv.conf | tr '\\n' ' ')"
}
`;

function after(room: Room, ...steps: readonly string[]): string[] {
  const printed = room.run(`${CARD}${steps.join('\n')}\numount /sys`);
  return printed
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
}

const SINGLE = 'ip=100.64.3.7 mask=32 router=100.64.0.1 dns=1.1.1.1';
const SINGLE_STATE = [
  'address: 100.64.3.7/32',
  'route: default via 100.64.0.1 onlink',
  'router: 100.64.0.1',
  'servers: 1.1.1.1',
];

describe('a lease of a single address', () => {
  it('has its router outside of it', () => {
    const room = new Room();
    expect(after(room, `lease bound ${SINGLE}`, 'state')).toEqual(SINGLE_STATE);
    expect(room.said).toContain('address 100.64.3.7/32, router 100.64.0.1, DNS 1.1.1.1');
  });

  it('is kept when it is renewed, and gives way to that of another network', () => {
    const room = new Room();
    const next = 'ip=192.168.5.7 mask=24 router=192.168.5.1 dns=192.168.5.1';
    const printed = after(
      room,
      `lease bound ${SINGLE}; lease renew ${SINGLE}; state`,
      `lease bound ${next}; state`,
    );
    expect(printed).toEqual([
      ...SINGLE_STATE,
      'address: 192.168.5.7/24',
      'route: default via 192.168.5.1',
      'route: 192.168.5.0/24 scope link  src 192.168.5.7',
      'router: 192.168.5.1',
      'servers: 192.168.5.1',
    ]);
  });

  it('is used as a real DHCP server gives it', () => {
    const room = new Room();
    room.write(
      'etc/far.conf',
      [
        'port=0',
        'interface=air',
        'bind-interfaces',
        'user=root',
        'no-ping',
        'dhcp-authoritative',
        'dhcp-leasefile=/run/far.leases',
        'dhcp-range=100.64.3.7,100.64.3.7,255.192.0.0,1h',
        'dhcp-option-force=option:netmask,255.255.255.255',
        'dhcp-option=option:router,100.64.0.1',
        'dhcp-option=option:dns-server,1.1.1.1',
        '',
      ].join('\n'),
    );
    const printed = after(
      room,
      'apk add --quiet --no-network --repository /mirror/v3.24/main dnsmasq',
      'unshare -n sh -c "until ip link show dev air >/dev/null 2>&1; do sleep 0.1; done; ip link set lo up; ip link set air up; ip addr add 100.64.0.1/10 dev air; exec dnsmasq -k -C /etc/far.conf" & far=$!',
      // A process that has not left this machine's network yet takes "air" nowhere, and ip says nothing of it.
      'while ip link show dev air >/dev/null 2>&1; do ip link set air netns $far 2>/dev/null; sleep 0.1; done',
      '/usr/libexec/airhive/dhcp >/dev/null 2>&1 & client=$!',
      'wait_for "address 100"; state; ping -c 1 -W 10 100.64.0.1 >/dev/null && echo reached',
      'kill $client $far',
    );
    expect(printed).toEqual([...SINGLE_STATE, 'reached']);
  });
});

describe('the routes of option 121', () => {
  it('leave the route to the next network alone, which has the same destination', () => {
    const printed = after(
      new Room(),
      'lease bound ip=192.168.5.7 mask=24 router=192.168.5.1 dns=192.168.5.1 staticroutes="192.168.9.0/24 192.168.5.2 10.0.0.0/8 192.168.5.2"; state',
      'lease renew ip=192.168.5.7 mask=24 router=192.168.5.1 dns=192.168.5.1 staticroutes="192.168.9.0/24 192.168.5.2"; state',
      'lease bound ip=192.168.9.7 mask=24 router=192.168.9.1 dns=192.168.9.1; state',
    );
    const routes = printed.filter((line) => /^route: \d/.test(line));
    expect(routes).toEqual([
      'route: 10.0.0.0/8 via 192.168.5.2',
      'route: 192.168.5.0/24 scope link  src 192.168.5.7',
      'route: 192.168.9.0/24 via 192.168.5.2',
      'route: 192.168.5.0/24 scope link  src 192.168.5.7',
      'route: 192.168.9.0/24 via 192.168.5.2',
      'route: 192.168.9.0/24 scope link  src 192.168.9.7',
    ]);
  });
});

describe('several routers', () => {
  it('the first that is in the leased network is used, then one outside of it', () => {
    const room = new Room();
    const printed = after(
      room,
      'lease bound ip=192.168.5.7 mask=24 router="192.168.9.9 192.168.5.1" dns=1.1.1.1; state',
      'lease renew ip=192.168.5.7 mask=24 router="192.168.5.2 192.168.5.1" dns=1.1.1.1; state',
      'lease renew ip=192.168.5.7 mask=24 router="192.168.9.9 192.168.9.8" dns=1.1.1.1; state',
    );
    expect(printed.filter((line) => line.startsWith('route: default'))).toEqual([
      'route: default via 192.168.5.1',
      'route: default via 192.168.5.2',
      'route: default via 192.168.9.9 onlink',
    ]);
    expect(room.said).toContain('address 192.168.5.7/24, router 192.168.5.1, DNS 1.1.1.1');
  });

  it("no route to one of no host, of the host's side or of itself; it is said, and the old route is gone", () => {
    const lists = [
      '127.0.0.1 0.0.0.0 224.0.0.1 255.255.255.255 192.168.5.255',
      '172.24.1.1 172.24.1.49',
      '192.168.5.7',
    ];
    const room = new Room();
    const steps = lists.map(
      (list) => `lease bound ip=192.168.5.7 mask=24 router=192.168.5.1 dns=1.1.1.1
        lease renew ip=192.168.5.7 mask=24 router="${list}" dns=1.1.1.1; state`,
    );
    expect(after(room, ...steps)).toEqual(
      lists.flatMap(() => [
        'address: 192.168.5.7/24',
        'route: 192.168.5.0/24 scope link  src 192.168.5.7',
        'router:',
        'servers: 1.1.1.1',
      ]),
    );
    expect(room.said.filter((line) => line.includes('no way out'))).toEqual(
      lists.map(
        (list) =>
          `address 192.168.5.7/24, but no way out: of the routers that the Wi-Fi network names (${list}) none can be used`,
      ),
    );
  });

  it('a lease without any leaves none of the last one', () => {
    const room = new Room();
    const printed = after(
      room,
      'lease bound ip=192.168.5.7 mask=24 router=192.168.5.1 dns=1.1.1.1',
      'lease bound ip=192.168.5.7 mask=24 dns=1.1.1.1',
      'state',
    );
    expect(printed).not.toContainEqual(expect.stringContaining('default'));
    expect(room.said.at(-1)).toBe(
      'address 192.168.5.7/24, but no way out: the Wi-Fi network names no router',
    );
  });
});

describe('a network with routes, two routers and one name server', () => {
  const FAR = [
    'interface=air',
    'bind-interfaces',
    'no-resolv',
    'user=root',
    'no-ping',
    'dhcp-authoritative',
    'log-dhcp',
    'log-facility=/run/far.log',
    'pid-file=/run/far.pid',
    'dhcp-leasefile=/run/far.leases',
    'dhcp-range=192.168.5.7,192.168.5.9,255.255.255.0,1h',
    'dhcp-option=option:router,192.168.5.66',
    'dhcp-option=option:dns-server,192.168.5.2',
    // Only one of its two routers is there; the third and fourth route are a hostile server's.
    'dhcp-option=121,10.0.0.0/8,192.168.5.2,0.0.0.0/0,192.168.5.1,172.24.1.0/24,192.168.5.2,0.0.0.0/1,192.168.5.2,0.0.0.0/0,192.168.5.2',
    '',
  ].join('\n');
  const READY = [
    'apk add --quiet --no-network --repository /mirror/v3.24/main dnsmasq',
    'unshare -n sh -c "until ip link show dev air >/dev/null 2>&1; do sleep 0.1; done; ip link set lo up; ip link set air up; ip addr add 192.168.5.2/24 dev air; dnsmasq -C /etc/far.conf; exec sleep 300" & far=$!',
    'while ip link show dev air >/dev/null 2>&1; do ip link set air netns $far 2>/dev/null; sleep 0.1; done',
    // found WORDS: what "way" has written down begins so; for half a minute at most.
    'found() { for _ in $(seq 300); do grep -q "^$1" /run/airhive/way 2>/dev/null && break; sleep 0.1; done; cat /run/airhive/way; }',
  ];

  it('the router that answers is used, and what answers no more is said until it does', () => {
    const room = new Room();
    room.write('etc/far.conf', FAR);
    const printed = after(
      room,
      ...READY,
      '/usr/libexec/airhive/dhcp >/dev/null 2>&1 &',
      'found online; ip -4 route show dev wlan0 | sed "s/^/route: /;s/ dev wlan0//;s/ *$//"',
      'kill $(cat /run/far.pid); /usr/libexec/airhive/way now',
      'nsenter -t $far -n dnsmasq -C /etc/far.conf; found online',
    );
    expect(printed).toEqual([
      'online',
      'route: default via 192.168.5.2',
      'route: 10.0.0.0/8 via 192.168.5.2',
      expect.stringMatching(/^route: 192\.168\.5\.0\/24 scope link {2}src 192\.168\.5\.\d$/),
      "limited the network's name server does not answer (192.168.5.2)",
      'online',
    ]);
    expect(room.said).toContain('the router 192.168.5.1 does not lead on: using 192.168.5.2');
    expect(room.said).toContain(
      "of the routes that the Wi-Fi network gives, 2 are not used: 172.24.1.0/24 (the host's own range), 0.0.0.0/1 (splits the default route)",
    );
  });

  it('learns neither names nor the address of another network', () => {
    const room = new Room();
    room.write('etc/far.conf', FAR);
    const bound = (ssid: string): string =>
      `printf ${ssid} >/run/airhive/ssid; rm -f /run/airhive/way
      /usr/libexec/airhive/dhcp >/dev/null 2>&1 & client=$!
      found online >/dev/null; kill $client; wait $client 2>/dev/null`;
    after(room, ...READY, bound('home'), bound('home'), bound('cafe'));
    const log = room.read('run/far.log');
    const asked = [...log.matchAll(/DHCPDISCOVER\(air\) (\S+)/g)].map(([, what = '']) => what);
    // Without an address to ask for, the first word is the client's own hardware address.
    expect(asked.map((what) => /^192\.168\.5\.\d$/.test(what))).toEqual([false, true, false]);
    expect(log).toContain('121:classless-static-route');
    expect(log).not.toMatch(/client provides name|vendor class/);
  });
});

describe('addresses that are none of a host', () => {
  it('a lease of one is refused, and the last one is given up', () => {
    const leases = [
      '0.1.2.3/24',
      '127.0.0.5/8',
      '224.0.0.9/24',
      '239.255.255.250/32',
      '255.255.255.255/32',
      '192.168.5.255/24',
    ];
    const room = new Room();
    const steps = leases.map((lease) => {
      const [ip, mask] = lease.split('/');
      return `lease bound ip=192.168.5.7 mask=24 router=192.168.5.1 dns=1.1.1.1
        lease bound ip=${ip} mask=${mask} router=192.168.5.1 dns=9.9.9.9
        state; [ -e /run/airhive/lease ] && echo kept`;
    });
    const refused = ['address:', 'router:', 'servers: 1.1.1.1'];
    const printed = after(room, ...steps).filter((line) => !line.includes('No such file'));
    expect(printed).toEqual(leases.flatMap(() => refused));
    expect(room.said.filter((line) => line.includes('refused'))).toEqual(
      leases.map(
        (lease) => `connected, but the network gives out ${lease}, which is no address of a host: refused`,
      ),
    );
  });

  it("a DNS server with one, or on the host's side, is left out", () => {
    const servers =
      '0.0.0.0 127.0.0.1 224.0.0.251 9.9.9.9 255.255.255.255 192.168.5.255 172.24.1.1 172.24.1.49 1.1.1.1';
    const room = new Room();
    const bound = 'lease bound ip=192.168.5.7 mask=24 router=192.168.5.1';
    const printed = after(room, `${bound} dns="${servers}"; state; ${bound} dns=127.0.0.1; state`);
    expect(printed.filter((line) => line.startsWith('servers'))).toEqual([
      'servers: 9.9.9.9 1.1.1.1',
      'servers:',
    ]);
    expect(room.said.at(-1)).toBe('address 192.168.5.7/24, router 192.168.5.1, DNS none');
  });

  it('the neighbours of those are addresses like others', () => {
    const printed = after(
      new Room(),
      'lease bound ip=223.255.255.254 mask=24 router=223.255.255.1 dns="126.255.255.254 128.0.0.1 1.0.0.0 172.24.2.1 192.168.5.255"; state',
    );
    expect(printed).toEqual([
      'address: 223.255.255.254/24',
      'route: default via 223.255.255.1',
      'route: 223.255.255.0/24 scope link  src 223.255.255.254',
      'router: 223.255.255.1',
      'servers: 126.255.255.254 128.0.0.1 1.0.0.0 172.24.2.1 192.168.5.255',
    ]);
  });
});

describe('a name without a dot', () => {
  it("is asked of the network's own server, except those of this machine", () => {
    const room = new Room();
    room.write(
      'etc/far.conf',
      [
        'listen-address=127.0.0.54',
        'bind-interfaces',
        'no-resolv',
        'no-hosts',
        'user=root',
        'log-queries',
        'log-facility=/run/far.log',
        'address=/printer/192.168.5.9',
        'address=/airhive/6.6.6.6',
        'address=/airhive/2001:db8::6',
        'address=/localhost/6.6.6.6',
        '',
      ].join('\n'),
    );
    const printed = room.run(`apk add --quiet --no-network --repository /mirror/v3.24/main dnsmasq
      echo nameserver 127.0.0.54 >/run/airhive/name-server
      dnsmasq -C /etc/far.conf
      /usr/libexec/airhive/dns & until nslookup -type=a airhive 172.24.1.1 >/dev/null 2>&1; do sleep 0.1; done
      ask() { echo "$2 $1: $(nslookup -type=$1 $2 172.24.1.1 2>&1 | sed -n '/^Name/,$s/^Address: //p' | tr '\\n' ' ')"; }
      ask a printer; ask a airhive; ask aaaa airhive; ask a localhost
      grep -c 'query.* airhive \\|query.* localhost ' /run/far.log
      kill $!`);
    expect(printed.split('\n').map((line) => line.trim())).toEqual(
      expect.arrayContaining([
        'printer a: 192.168.5.9',
        'airhive a: 172.24.1.1',
        'airhive aaaa:',
        'localhost a:',
        '0',
      ]),
    );
  });

  it('are asked for again in another network, whose server has the same address', () => {
    const room = new Room();
    room.edit('etc/airhive/dnsmasq.conf', (text) => `${text}log-facility=/run/dns.log\n`);
    const printed = room.run(`${CARD}
      apk add --quiet --no-network --repository /mirror/v3.24/main dnsmasq
      lease bound ip=192.168.5.7 mask=24 router=192.168.5.1 dns=1.1.1.1
      /usr/libexec/airhive/dns & until nslookup -type=a airhive 172.24.1.1 >/dev/null 2>&1; do sleep 0.1; done
      before=$(grep -c 'cleared cache' /run/dns.log)
      lease bound ip=192.168.5.8 mask=24 router=192.168.5.1 dns=1.1.1.1
      for _ in $(seq 100); do
        [ "$(grep -c 'cleared cache' /run/dns.log)" -eq "$before" ] || { echo forgotten; break; }
        sleep 0.1
      done
      kill $!; umount /sys`);
    expect(printed.split('\n').map((line) => line.trim())).toContain('forgotten');
  });
});
