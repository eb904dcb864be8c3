import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatAddress, formatSubnet, overlaps, subnet } from '../../generators/profile/address.ts';
import { freePlace, readMachine } from '../../generators/profile/machine.ts';
import { complaints } from './example.ts';

describe('the version of FreeBSD', () => {
  it.each([
    ['uname -r', '14.3-RELEASE-p2', ['14.3']],
    ['a patch level of two digits', '13.5-RELEASE-p11', ['13.5']],
    ['a stable branch', '14.3-STABLE', ['14.3']],
    ['the development branch', '16.0-CURRENT', ['16.0']],
    ['before a release', '15.0-PRERELEASE\n15.0-ALPHA4\n15.0-BETA1\n15.0-RC3', ['15.0']],
    ['freebsd-version -kru', '14.3-RELEASE-p2\n14.3-RELEASE-p1\n14.3-RELEASE-p3', ['14.3']],
    [
      'uname -a',
      'FreeBSD thinkpad.example.org 15.0-RELEASE-p3 FreeBSD 15.0-RELEASE-p3 releng/15.0-n281019 GENERIC amd64',
      ['15.0'],
    ],
    [
      'uname -a of an older one',
      'FreeBSD x 13.2-RELEASE FreeBSD 13.2-RELEASE #0: root@y:/usr/obj  amd64',
      ['13.2'],
    ],
    ['uname -mrs', 'FreeBSD 14.3-RELEASE amd64', ['14.3']],
    ['quoted, with CRLF', '> 14.3-RELEASE\r\n', ['14.3']],
    ['two versions', '14.2-RELEASE-p1\n14.3-RELEASE', ['14.2', '14.3']],
    ['a kernel of Linux', '6.1.0-49-amd64\n6.18.35-0-lts', []],
    ['part of another number', '1.14.3-RELEASE\nv14.3-RELEASE\n14.3-RELEASES', []],
    ['the name of a package', 'gpu-firmware-14.3-RELEASE', []],
    ['a number alone', '14.3', []],
  ])('%s', (_, text, versions) => {
    expect(readMachine(text).freebsd).toEqual(versions);
  });
});

const IFCONFIG = `em0: flags=1008843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST,LOWER_UP> metric 0 mtu 1500
\toptions=481249b<RXCSUM,TXCSUM,VLAN_MTU>
\tether 00:00:5e:00:53:01
\tinet 192.168.1.77 netmask 0xffffff00 broadcast 192.168.1.255
\tinet6 fe80::1%em0 prefixlen 64 scopeid 0x1
\tmedia: Ethernet autoselect (1000baseT <full-duplex>)
lo0: flags=1008049<UP,LOOPBACK,RUNNING,MULTICAST,LOWER_UP> metric 0 mtu 16384
\tinet 127.0.0.1 netmask 0xff000000
\tgroups: lo
wlan0: flags=8843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST> metric 0 mtu 1500
\tparent interface: iwm0
\tgroups: wlan
`;

const NETSTAT = `Routing tables

Internet:
Destination        Gateway            Flags     Netif Expire
default            192.168.1.1        UGS         em0
10/8               10.8.0.1           UGS        tun0
127.0.0.1          link#2             UH          lo0
172.24.1.0/24      10.8.0.1           UGS        tun0
192.168.1.77       link#2             UHS         lo0
0.0.0.0/1          10.8.0.1           UGS        tun0
128.0.0.0/1        10.8.0.1           UGS        tun0

Internet6:
Destination                       Gateway                       Flags     Netif Expire
::1                               link#2                        UHS         lo0
`;

function addressesIn(text: string): string[] {
  return [...readMachine(text).interfaces.values()].flatMap(({ addresses }) =>
    addresses.map(({ address, prefix }) => `${formatAddress(address)}/${prefix}`),
  );
}

describe('ifconfig', () => {
  it('names, addresses and groups', () => {
    const machine = readMachine(IFCONFIG);
    expect([...machine.interfaces.keys()]).toEqual(['em0', 'lo0', 'wlan0']);
    expect(addressesIn(IFCONFIG)).toEqual(['192.168.1.77/24', '127.0.0.1/8']);
    expect(machine.interfaces.get('lo0')!.groups).toEqual(['lo']);
  });

  it.each([
    ['a mask in hexadecimal', '\tinet 10.1.2.3 netmask 0xfffff000 broadcast 10.1.15.255', ['10.1.2.3/20']],
    ['a mask in capitals', '\tinet 10.1.2.3 netmask 0xFFFFF000', ['10.1.2.3/20']],
    ['a dotted mask', '\tinet 10.1.2.3 netmask 255.255.240.0', ['10.1.2.3/20']],
    ['a prefix length', '\tinet 10.1.2.3/20 broadcast 10.1.15.255', ['10.1.2.3/20']],
    ['no mask', '\tinet 10.1.2.3', ['10.1.2.3/32']],
    ['a mask with holes', '\tinet 10.1.2.3 netmask 0xff00ff00', ['10.1.2.3/32']],
    ['a mask of nothing', '\tinet 10.1.2.3 netmask 0x00000000', ['10.1.2.3/0']],
    ['point to point', '\tinet 10.8.0.6 --> 10.8.0.5 netmask 0xffffffff', ['10.8.0.6/32', '10.8.0.5/32']],
    ['a prefix that there is not', '\tinet 10.1.2.3/33', []],
    ['an address that there is not', '\tinet 10.1.2.300/24', []],
    ['IPv6', '\tinet6 fd00::1 prefixlen 64', []],
  ])('%s', (_, line, addresses) => {
    const text = `em0: flags=8843<UP> metric 0 mtu 1500\n${line}\n`;
    for (const form of [
      text,
      text.replaceAll('\n', '\r\n'),
      text.replace(/^/gm, '> '),
      text.replaceAll('\t', '    '),
    ])
      expect(addressesIn(form)).toEqual(addresses);
  });
});

describe('the country', () => {
  it.each([
    ['\tregdomain ETSI country DE authmode OPEN privacy OFF', 'DE'],
    ['\tregdomain 0x37 country FR indoor ecm authmode WPA2', 'FR'],
    ['create_args_wlan0="country US regdomain FCC"', 'US'],
    // Where nobody has said anything.
    ['\tregdomain FCC country US authmode OPEN', undefined],
    ['a country Of many', undefined],
  ])('%s', (line, country) => {
    expect(readMachine(`wlan0: flags=8843<UP> metric 0 mtu 1500\n${line}\n`).country).toBe(country);
  });
});

describe('netstat -rn', () => {
  it('where the routes lead, but not the default in one or two parts', () => {
    expect(readMachine(NETSTAT).routes.map(formatSubnet)).toEqual([
      '10.0.0.0/8',
      '127.0.0.1/32',
      '172.24.1.0/24',
      '192.168.1.77/32',
    ]);
  });

  it('columns of netstat -rnW', () => {
    const wide = '10.9.0.0/16        10.8.0.1           UGS          3   1500         tun0';
    expect(readMachine(wide).routes.map(formatSubnet)).toEqual(['10.9.0.0/16']);
  });
});

const SHIPPED = { bridge: 'bridge0', tap: 'tap0', host: '172.24.1.49/24', guest: '172.24.1.1', avoided: [] };

const bridge = (name: string, ...lines: string[]) =>
  [`${name}: flags=8843<UP,RUNNING> metric 0 mtu 1500`, ...lines.map((line) => `\t${line}`), ''].join('\n');

describe('what is free', () => {
  it.each([
    ['nothing is known', ''],
    ['nothing is in the way', IFCONFIG],
    ['a default route through a VPN', '0.0.0.0/1  10.8.0.1  UGS  tun0\n'],
  ])('as shipped: %s', (_, text) => {
    expect(freePlace(readMachine(text))).toEqual(SHIPPED);
  });

  it.each([
    ['an address', bridge('em1', 'inet 172.24.1.7 netmask 0xffffff00'), '172.24.2.49/24', '172.24.1.0/24'],
    [
      'a wider network',
      bridge('em1', 'inet 172.24.9.7 netmask 0xffff0000'),
      '172.27.1.49/24',
      '172.24.0.0/16',
    ],
    ['a route', NETSTAT, '172.24.2.49/24', '172.24.1.0/24'],
    [
      'a route to a single machine',
      '172.24.1.200  10.8.0.1  UGHS  tun0\n',
      '172.24.2.49/24',
      '172.24.1.200/32',
    ],
    ['all of 172.16/12', '172.16.0.0/12  10.8.0.1  UGS  tun0\n', '10.137.1.49/24', '172.16.0.0/12'],
  ])('another range because of %s', (_, text, host, avoided) => {
    const place = freePlace(readMachine(text));
    expect(place).toMatchObject({ host, guest: host.replace('49/24', '1'), avoided: [avoided] });
    const { bridge: name, tap, guest } = place;
    expect(complaints({ network: { bridge: name, tap, host, guest } })).toEqual([]);
  });

  it('with routes to all private ranges the narrower one wins, as in the kernel', () => {
    const routes = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'].map(
      (to) => `${to}  10.8.0.1  UGS  tun0\n`,
    );
    expect(freePlace(readMachine(routes.join('')))).toMatchObject({ host: '172.24.1.49/24' });
    const narrow = [...routes, '172.24.1.0/25  10.8.0.1  UGS  tun0\n'];
    expect(freePlace(readMachine(narrow.join('')))).toMatchObject({ host: '172.24.2.49/24' });
  });

  it('names that no interface has', () => {
    const text = bridge('bridge0', 'groups: bridge') + bridge('tap0') + bridge('tap1') + bridge('bridge2');
    expect(freePlace(readMachine(text))).toEqual({ ...SHIPPED, bridge: 'bridge1', tap: 'tap2' });
  });

  it('a bridge with another name still has its number', () => {
    const text = bridge('jails0bridge', 'groups: bridge') + bridge('vm-public', 'groups: vm-switch bridge');
    expect(freePlace(readMachine(text))).toEqual({ ...SHIPPED, bridge: 'bridge2' });
  });

  it('an airhive that is there already is replaced in its own place', () => {
    const text =
      bridge('tap0') +
      bridge('tap3') +
      bridge('bridge0') +
      bridge(
        'bridge1',
        'inet 172.24.1.49 netmask 0xffffff00',
        'member: tap3 flags=143<LEARNING>',
        'groups: bridge',
      );
    expect(freePlace(readMachine(text))).toEqual({ ...SHIPPED, bridge: 'bridge1', tap: 'tap3' });
  });

  it('whatever is taken, the range is one that a profile may have, and touches none of it', () => {
    const octet = fc.integer({ min: 0, max: 255 });
    const route = fc
      .tuple(
        fc.constantFrom('172.24', '172.27', '172.30', '10.137', '10.214'),
        octet,
        fc.integer({ min: 15, max: 32 }),
      )
      .map(([start, third, bits]) => `${start}.${third}.0/${bits}  link#3  U  em0\n`);
    fc.assert(
      fc.property(fc.array(route, { maxLength: 20 }), (routes) => {
        const { host, guest, bridge: name, tap } = freePlace(readMachine(routes.join('')));
        expect(complaints({ network: { bridge: name, tap, host, guest } })).toEqual([]);
        const own = subnet(host.replace('49/24', '0/24'));
        const narrow = readMachine(routes.join('')).routes.filter(({ prefix }) => prefix >= 24);
        expect(narrow.filter((other) => overlaps(other, own))).toEqual([]);
      }),
      { numRuns: 30 },
    );
  });
});

it('never throws', () => {
  const words = fc.constantFrom(
    'em0: flags=8843<UP',
    '\n\t',
    'inet ',
    '10.0.0.1',
    '/24',
    ' netmask 0x',
    'ffffff00',
    ' U ',
    'tun0',
    '14.3-RELEASE',
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(words, fc.string())), (parts) => {
      expect(() => freePlace(readMachine(parts.join('')))).not.toThrow();
    }),
  );
});
