import { describe, expect, test } from 'vitest';
import { complaints, keysOf, resolveText, smallestProfile } from './example.ts';

const { network, passthrough } = smallestProfile();

describe('wrong values', () => {
  test.each([
    [
      'memory',
      { machine: { memory: '384K' } },
      'has to be a whole number with M or G, from 64M to 16G, for example 384M; got "384K"',
    ],
    [
      'memory',
      { machine: { memory: '32G' } },
      'has to be from 64M to 16G; bhyve takes all of it from the host for as long as the guest runs; got "32G"',
    ],
    ['memory', { machine: { memory: '63M' } }, 'has to be from 64M to 16G'],
    ['cpus', { machine: { cpus: 17 } }, 'has to be a whole number from 1 to 16; got the number 17'],
    ['cpus', { machine: { cpus: 1.5 } }, 'has to be a whole number from 1 to 16; got the number 1.5'],
    ['loader', { machine: { loader: 'bios' } }, 'has to be one of grub, uefi; got "bios"'],
    ['console', { machine: { console: true } }, 'has to be one of nmdm, stdio, none; got true'],
    [
      'name',
      { machine: { name: 'Air Hive' } },
      'has to be lower-case letters, digits and minus, starting with a letter',
    ],
    ['name', { machine: { name: 'a'.repeat(33) } }, 'at most 32 characters'],
    ['reverse', { ssh: { reverse: 'yes' } }, 'has to be true or false; got "yes"'],
    ['port', { ssh: { port: 22 } }, 'has to be a whole number from 1024 to 65535; got the number 22'],
    [
      'protocol',
      { firewall: { forwards: [{ protocol: 'sctp', port: 1 }] } },
      'has to be one of tcp, udp; got "sctp"',
    ],
    [
      'pci',
      { passthrough: [{ ...passthrough[0], pci: 'pci0:58:0:0' }] },
      'has to be written as bus/slot/function: 58/0/0; got "pci0:58:0:0"',
    ],
    [
      'pci',
      { passthrough: [{ ...passthrough[0], pci: 'iwm0@pci0:4:0:0:' }] },
      'has to be written as bus/slot/function: 4/0/0',
    ],
    [
      'pci',
      { passthrough: [{ ...passthrough[0], pci: 'pci1:4:0:0' }] },
      'bhyve passes no other domain through',
    ],
    [
      'pci',
      { passthrough: [{ ...passthrough[0], pci: '256/0/0' }] },
      'is no place on a PCI bus: bus 0 to 255, slot 0 to 31, function 0 to 7; got "256/0/0"',
    ],
    ['pci', { passthrough: [{ ...passthrough[0], pci: '0/32/0' }] }, 'is no place on a PCI bus'],
    ['pci', { passthrough: [{ ...passthrough[0], pci: '0/0/8' }] }, 'is no place on a PCI bus'],
    [
      'id',
      { passthrough: [{ ...passthrough[0], id: '0x808624f' }] },
      'has to be vendor:device, four hexadecimal digits each',
    ],
    [
      'drivers[0]',
      { passthrough: [{ ...passthrough[0], drivers: ['if-iwm'] }] },
      'has to be the name of a kernel module without .ko',
    ],
    [
      'bridge',
      { network: { ...network, bridge: 'br0' } },
      'has to be bridge and a number, for example bridge0; got "br0"',
    ],
    [
      'tap',
      { network: { ...network, tap: 'tap01' } },
      'has to be tap and a number, for example tap0; got "tap01"',
    ],
    [
      'host',
      { network: { ...network, host: '172.24.1.49' } },
      'has to be an IPv4 address with a prefix length from 8 to 30, for example 172.24.1.49/24; got "172.24.1.49"',
    ],
    ['host', { network: { ...network, host: '172.24.1.49/31' } }, 'needs a prefix length from 8 to 30'],
    ['host', { network: { ...network, host: '172.24.1.49/7' } }, 'needs a prefix length from 8 to 30'],
    ['host', { network: { ...network, host: '172.24.1.256/24' } }, 'is no IPv4 address'],
    [
      'guest',
      { network: { ...network, guest: '172.24.1' } },
      'has to be an IPv4 address without a prefix length, for example 172.24.1.1; got "172.24.1"',
    ],
    [
      'guest',
      { network: { ...network, guest: '172.024.1.1' } },
      'is no IPv4 address: four numbers from 0 to 255 without leading zeros',
    ],
    [
      'ipv6',
      { network: { ...network, ipv6: '2001:db8::/64' } },
      'outside fc00::/7, the unique local addresses of RFC 4193; for example fd12:3456:789a::/64; got "2001:db8::/64"',
    ],
    [
      'ipv6',
      { network: { ...network, ipv6: true } },
      'has to be an IPv6 prefix of unique local addresses, for example fd12:3456:789a::/64; got true',
    ],
    [
      'country',
      { wifi: { country: 'DEU' } },
      'has to be a country code of two capital letters, or "00" in quotes',
    ],
    ['interface', { wifi: { interface: 'wlan0 up' } }, 'has to be a network interface'],
    ['interface', { wifi: { interface: 'w'.repeat(16) } }, 'at most 15 characters'],
    ['directory', { host: { freebsd: '14.3', directory: 'vm' } }, 'has to be an absolute path'],
    [
      'freebsd',
      { host: { freebsd: 'fourteen' } },
      'has to be a FreeBSD version in quotes, for example "14.3"; got "fourteen"',
    ],
    [
      'retire[0]',
      { host: { freebsd: '14.3', retire: ['wlans_iwm0="wlan0"'] } },
      'has to be the name of an rc.conf variable, for example ifconfig_wlan0; got "wlans_iwm0=\\"wlan0\\""',
    ],
    [
      'packages[0]',
      { alpine: { release: '3.24.1', packages: ['a b'] } },
      'has to be the name of an Alpine package without a version',
    ],
    [
      'packages[0]',
      { alpine: { release: '3.24.1', packages: ['x@edge'] } },
      'has to be the name of an Alpine package without a version',
    ],
    [
      'mirrors',
      { alpine: { release: '3.24.1', mirrors: [] } },
      'has to be a list of 1 to 16 entries; got a list',
    ],
    [
      'mirrors[0]',
      { alpine: { release: '3.24.1', mirrors: ['https://x.org/alpine?x'] } },
      'has to be an http or https URL without user, query or fragment',
    ],
    ['machine', { machine: null }, `has to be a group of keys: ${keysOf('machine')}; got nothing`],
    ['machine', { machine: [] }, `has to be a group of keys: ${keysOf('machine')}; got a list`],
    [
      'passthrough',
      { passthrough: passthrough[0] },
      'has to be a list of 1 to 8 entries; got a group of keys',
    ],
  ])('%s %j', (name, groups, message) => {
    const found = complaints(groups);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(message);
    expect(found[0]?.split(':')[0]?.endsWith(name)).toBe(true);
  });

  test.each([
    '/a b',
    '/a,b',
    '/a//b',
    '/a/',
    '/',
    '/a/../b',
    '/..',
    '/./a',
    "/a'b",
    '/a\nb',
    '/ä',
    `/${'a'.repeat(200)}`,
  ])('directory %j', (directory) => {
    const found = complaints({ host: { freebsd: '14.3', directory } });
    expect(found).toEqual([expect.stringContaining('an absolute path of letters, digits')]);
  });

  test.each(['/a', '/mnt/vm_bhyve/linuxguest', '/a..b/...c', '/.a'])('directory %j is fine', (directory) =>
    expect(complaints({ host: { freebsd: '14.3', directory } })).toEqual([]),
  );

  test.each([
    ['wifi: {country: 00}', 'got the number 00, so put it in quotes: "00"'],
    ['host: {freebsd: 15.12}', 'got the number 15.12, so put it in quotes: "15.12"'],
    ['machine: {memory: 1e3}', 'for example 384M; got the number 1e3'],
    ['machine: {memory: 0x180}', 'for example 384M; got the number 0x180'],
  ])('%s: what was written is shown, with quotes where they help', (text, end) => {
    const messages = resolveText(text).diagnostics.map(({ message }) => message);
    expect(messages.some((message) => message.endsWith(end))).toBe(true);
  });
});

/** What other programs print, and what a profile has in its place. As YAML has it, without quotes. */
const CONVERTED: readonly [key: 'pci' | 'id', written: string, right: string][] = [
  ['pci', '0:0:20:3', 'bus/slot/function: 0/20/3'],
  ['pci', 'pci0:0:20:3', 'bus/slot/function: 0/20/3'],
  ['pci', 'pci0:0:20:3:', 'bus/slot/function: 0/20/3'],
  ['pci', 'none1@pci0:58:0:0:', 'bus/slot/function: 58/0/0'],
  ['pci', '4:0:0', 'bus/slot/function: 4/0/0'],
  ['pci', '3a:00.0', 'bus/slot/function: 58/0/0'],
  ['pci', '0000:00:14.3', 'bus/slot/function: 0/20/3'],
  ['id', '0x8086:0x51f1', 'vendor:device: 8086:51f1'],
  ['id', '0x8086:51F1', 'vendor:device: 8086:51f1'],
  ['id', '8086/51f1', 'vendor:device: 8086:51f1'],
  ['id', '8086-51f1', 'vendor:device: 8086:51f1'],
  ['id', '"pci8086,51f1"', 'vendor:device: 8086:51f1'],
  ['id', 'vendor=0x8086 device=0x51f1', 'vendor:device: 8086:51f1'],
  // The lower half is the vendor.
  ['id', 'chip=0x24f38086', 'vendor:device: 8086:24f3'],
  ['id', '0x24f38086', 'vendor:device: 8086:24f3'],
  ['id', '24f38086', 'vendor:device: 8086:24f3'],
  ['id', '0x79220001', 'vendor:device: 0001:7922'],
  // Unless that would be no vendor of such cards, and the upper half is one.
  ['id', '0x808624f3', 'vendor:device: 8086:24f3'],
];

describe('a form that can be converted is named converted', () => {
  const problemsOf = (text: string) =>
    resolveText(text).diagnostics.map(({ path, message }) => [path, message]);

  test.each(CONVERTED)('%s: %s', (key, written, right) => {
    const device = key === 'pci' ? `{pci: "${written}", id: 8086:24f3}` : `{pci: 4/0/0, id: ${written}}`;
    expect(problemsOf(`passthrough: [${device}]`)).toContainEqual([
      `passthrough[0].${key}`,
      expect.stringContaining(`has to be written as ${right}; got `),
    ]);
  });

  test.each(CONVERTED.filter(([key, written]) => key === 'pci' && !written.endsWith(':')))(
    '%s without quotes: %s',
    (_, written, right) =>
      expect(problemsOf(`passthrough:\n  - pci: ${written}\n`)).toContainEqual([
        'passthrough[0].pci',
        `has to be written as ${right}; got "${written}"`,
      ]),
  );

  test('with the colon at its end a place needs quotes, and the message says so', () =>
    expect(problemsOf('passthrough:\n  - pci: pci0:0:20:3:\n')).toEqual([
      ['', 'a second `key:` on one line; start a new line, or put the value in quotes'],
    ]));

  test.each(CONVERTED.filter(([key]) => key === 'id'))('%s in a list: %s', (_, written, right) =>
    expect(
      problemsOf(`passthrough:\n  - pci: auto\n    id:\n      - 8086:24f3\n      - ${written}\n`),
    ).toContainEqual([
      'passthrough[0].id[1]',
      expect.stringContaining(`has to be written as ${right}; got `),
    ]),
  );

  test('0x24f38086 is a number for YAML, and shown as it was written', () =>
    expect(problemsOf('passthrough: [{pci: 4/0/0, id: 0x24f38086}]')).toContainEqual([
      'passthrough[0].id',
      'has to be written as vendor:device: 8086:24f3; got the number 0x24f38086',
    ]));

  test.each(['1:4:0:0', 'pci2:0:20:3', '0001:04:00.0'])('%s is in another domain', (pci) =>
    expect(problemsOf(`passthrough: [{pci: "${pci}", id: 8086:24f3}]`)).toContainEqual([
      'passthrough[0].pci',
      `has to be a device in PCI domain 0; bhyve passes no other domain through; got "${pci}"`,
    ]),
  );

  test.each([
    ['14.3-RELEASE', '14.3', '"14.3-RELEASE"'],
    ['14.3-RELEASE-p2', '14.3', '"14.3-RELEASE-p2"'],
    ['15.0-STABLE', '15.0', '"15.0-STABLE"'],
    ['FreeBSD 14.3-RELEASE-p10', '14.3', '"FreeBSD 14.3-RELEASE-p10"'],
    ['14.30', '14.3', 'the number 14.30'],
    ["'14.30'", '14.3', '"14.30"'],
  ])('host.freebsd: %s', (written, right, got) =>
    expect(problemsOf(`host: {freebsd: ${written}}`)).toContainEqual([
      'host.freebsd',
      `has to be the two numbers alone, in quotes: "${right}"; got ${got}`,
    ]),
  );

  test.each([
    ['384MB', '384M', '"384MB"'],
    ['384m', '384M', '"384m"'],
    ['384 MB', '384M', '"384 MB"'],
    ['384MiB', '384M', '"384MiB"'],
    ['1 gb', '1G', '"1 gb"'],
    ['384', '384M', 'the number 384'],
    ["'384'", '384M', '"384"'],
  ])('machine.memory: %s', (written, right, got) =>
    expect(problemsOf(`machine: {memory: ${written}}`)).toContainEqual([
      'machine.memory',
      `has to be written with M or G alone: ${right}; got ${got}`,
    ]),
  );

  test.each([
    ['172.24.1.49/255.255.255.0', '172.24.1.49/24'],
    ['172.24.1.49 netmask 255.255.255.240', '172.24.1.49/28'],
    ['172.24.1.49 255.255.0.0', '172.24.1.49/16'],
    ['172.24.1.49 netmask 0xffffff00', '172.24.1.49/24'],
  ])('network.host: %s', (host, right) =>
    expect(complaints({ network: { ...network, host } })).toEqual([
      `network.host: has to be written with the length of the prefix in place of a netmask: ${right}; got "${host}"`,
    ]),
  );

  test.each(['172.24.1.49/255.255.0.255', '172.24.1.49/0xffff00ff', '172.24.1.49/255.255.256.0'])(
    'network.host: %s is no netmask',
    (host) =>
      expect(complaints({ network: { ...network, host } })).toEqual([
        expect.stringContaining('has to be an IPv4 address with a prefix length from 8 to 30'),
      ]),
  );

  test('network.guest with a prefix', () =>
    expect(complaints({ network: { ...network, guest: '172.24.1.1/24' } })).toEqual([
      'network.guest: has to be an IPv4 address alone, without what is behind the slash: 172.24.1.1; got "172.24.1.1/24"',
    ]));

  test('wifi.country in small letters', () =>
    expect(complaints({ wifi: { country: 'de' } })).toEqual([
      'wifi.country: has to be written in capital letters: DE; got "de"',
    ]));

  test('drivers as a file', () =>
    expect(complaints({ passthrough: [{ ...passthrough[0], drivers: ['if_iwm.ko'] }] })).toEqual([
      'passthrough[0].drivers[0]: has to be written without .ko: if_iwm; got "if_iwm.ko"',
    ]));

  test('what is converted is right', () => {
    for (const [key, , right] of CONVERTED) {
      const [, value] = right.split(': ');
      expect(complaints({ passthrough: [{ ...passthrough[0], [key]: value }] })).toEqual([]);
    }
  });
});
