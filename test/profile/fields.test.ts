import { describe, expect, test } from 'vitest';
import { complaints, keysOf, resolveText, smallestProfile } from './example.ts';

const { network, passthrough } = smallestProfile();

describe('wrong values', () => {
  test.each([
    [
      'memory',
      { machine: { memory: '384' } },
      'has to be a whole number with M or G, from 64M to 16G, for example 384M; got "384"',
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
      { passthrough: [{ ...passthrough[0], id: '0x808624f3' }] },
      'has to be vendor:device, four hexadecimal digits each',
    ],
    [
      'drivers[0]',
      { passthrough: [{ ...passthrough[0], drivers: ['if_iwm.ko'] }] },
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
      { network: { ...network, guest: '172.24.1.1/24' } },
      'has to be an IPv4 address without a prefix length, for example 172.24.1.1; got "172.24.1.1/24"',
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
      { wifi: { country: 'de' } },
      'has to be a country code of two capital letters, or "00" in quotes',
    ],
    ['interface', { wifi: { interface: 'wlan0 up' } }, 'has to be a network interface'],
    ['interface', { wifi: { interface: 'w'.repeat(16) } }, 'at most 15 characters'],
    ['directory', { host: { freebsd: '14.3', directory: 'vm' } }, 'has to be an absolute path'],
    [
      'freebsd',
      { host: { freebsd: '14.3-RELEASE' } },
      'has to be a FreeBSD version in quotes, for example "14.3"; got "14.3-RELEASE"',
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
    ['host: {freebsd: 14.10}', 'got the number 14.10, so put it in quotes: "14.10"'],
    ['machine: {memory: 384}', 'for example 384M; got the number 384'],
    ['machine: {memory: 0x180}', 'for example 384M; got the number 0x180'],
  ])('%s: what was written is shown, with quotes where they help', (text, end) => {
    const messages = resolveText(text).diagnostics.map(({ message }) => message);
    expect(messages.some((message) => message.endsWith(end))).toBe(true);
  });
});
