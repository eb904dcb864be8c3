import { describe, expect, test } from 'vitest';
import { complaints } from '../example.ts';

const network = (host: string, guest: string, more = {}) => complaints({ network: { host, guest, ...more } });

test.each([
  ['172.24.1.49/24', '172.24.1.1'],
  ['10.99.7.2/30', '10.99.7.1'],
  ['100.64.9.1/16', '100.64.200.200'],
  ['172.24.1.254/24', '172.24.1.128'],
])('%s and %s are fine', (host, guest) => expect(network(host, guest)).toEqual([]));

describe('addresses', () => {
  test.each([
    [
      'another subnet',
      '172.24.1.49/24',
      '172.24.2.1',
      [
        'network.guest: 172.24.2.1 is outside of 172.24.1.0/24, the subnet of network.host; take one from 172.24.1.1 to 172.24.1.254',
      ],
    ],
    [
      'equal',
      '172.24.1.49/24',
      '172.24.1.49',
      ['network.guest: 172.24.1.49 is the address of the host too; each needs its own'],
    ],
    [
      'guest is the subnet',
      '172.24.1.49/24',
      '172.24.1.0',
      ['network.guest: 172.24.1.0 is the address of 172.24.1.0/24 itself'],
    ],
    [
      'guest is the broadcast',
      '172.24.1.49/24',
      '172.24.1.255',
      ['network.guest: 172.24.1.255 is the broadcast address of 172.24.1.0/24'],
    ],
    [
      'host is the subnet',
      '172.24.1.48/30',
      '172.24.1.49',
      ['network.host: 172.24.1.48 is the address of 172.24.1.48/30 itself'],
    ],
    [
      'host is the broadcast',
      '172.24.1.51/30',
      '172.24.1.49',
      ['network.host: 172.24.1.51 is the broadcast address of 172.24.1.48/30'],
    ],
    [
      'loopback',
      '127.0.0.2/24',
      '127.0.0.3',
      [
        expect.stringContaining('network.host: 127.0.0.2 is a loopback address'),
        expect.stringContaining('network.guest: 127.0.0.3 is a loopback address'),
      ],
    ],
    [
      'multicast',
      '224.1.2.3/24',
      '224.1.2.4',
      [
        expect.stringContaining('network.host: 224.1.2.3 is a multicast address'),
        expect.stringContaining('network.guest: 224.1.2.4'),
      ],
    ],
  ])('%s', (_, host, guest, expected) => expect(network(host, guest)).toEqual(expected));

  test('a wrong guest does not keep the host from being checked', () => {
    expect(network('172.24.1.0/24', 'x')).toEqual([
      'network.host: 172.24.1.0 is the address of 172.24.1.0/24 itself',
      expect.stringContaining('network.guest: has to be an IPv4 address'),
    ]);
  });
});

describe('dns', () => {
  test.each(['172.24.1.1', '127.0.0.1', '9.9.9.9', '172.24.1.49'])('%s is fine', (dns) =>
    expect(network('172.24.1.49/24', '172.24.1.1', { dns })).toEqual([]),
  );

  test.each([
    ['0.0.0.0', '0.0.0.0 is a "this network" address, so no server answers there'],
    ['224.0.0.251', '224.0.0.251 is a multicast address'],
    ['255.255.255.255', '255.255.255.255 is a reserved address'],
    ['172.24.1.0', '172.24.1.0 is the network or broadcast address of 172.24.1.0/24'],
    ['172.24.1.255', '172.24.1.255 is the network or broadcast address of 172.24.1.0/24'],
  ])('%s is not', (dns, message) =>
    expect(network('172.24.1.49/24', '172.24.1.1', { dns })).toEqual([
      expect.stringContaining(`network.dns: ${message}`),
    ]),
  );

  test('is checked without a subnet too', () => {
    expect(network('x', '172.24.1.1', { dns: '224.0.0.1' })).toContainEqual(
      expect.stringContaining('network.dns: '),
    );
  });
});

describe('ranges that are in use elsewhere', () => {
  test.each([
    ['192.168.0.2/24', '192.168.0.3'],
    ['192.168.1.2/24', '192.168.1.3'],
    ['192.168.178.2/30', '192.168.178.1'],
    ['192.168.7.2/24', '192.168.7.1'],
    ['10.0.0.2/24', '10.0.0.1'],
    ['10.3.2.1/8', '10.3.2.2'],
    ['172.16.0.2/24', '172.16.0.1'],
    ['172.20.10.2/28', '172.20.10.1'],
  ])('%s is warned about', (host, guest) => {
    expect(network(host, guest)).toEqual([
      expect.stringMatching(/^network\.host \[warning\]: .* shares addresses with /),
    ]);
  });

  test.each([
    ['8.8.8.2/24', '8.8.8.3'],
    ['172.15.0.2/16', '172.15.0.3'],
    ['172.24.1.49/8', '172.24.1.1'],
    ['192.168.9.1/15', '192.168.9.2'],
  ])('%s is not private', (host, guest) => {
    expect(network(host, guest)[0]).toMatch(/^network\.host \[warning\]: .* is not a private range/);
  });
});
