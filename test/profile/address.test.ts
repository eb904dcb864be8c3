import fc from 'fast-check';
import { isIPv6 } from 'node:net';
import { describe, expect, test } from 'vitest';
import {
  broadcastOf,
  contains,
  formatAddress,
  formatSubnet,
  formatUla,
  maskOf,
  overlaps,
  parseAddress,
  parseGroups,
  parseUla,
  poolOf,
  reverseZoneOfUla,
  reverseZones,
  subnet,
  subnetOf,
} from '../../generators/profile/address.ts';

const anyAddress = fc.integer({ min: 0, max: 0xffffffff });
const anyPrefix = fc.integer({ min: 8, max: 30 });

describe('parseAddress', () => {
  test.each([
    ['0.0.0.0', 0],
    ['172.24.1.49', 0xac180131],
    ['255.255.255.255', 0xffffffff],
  ])('reads %s', (text, value) => expect(parseAddress(text)).toBe(value));

  test.each([
    '',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    '01.2.3.4',
    '1.2.3.00',
    '1.2.3.',
    '+1.2.3.4',
    '1.2.3.4 ',
    '0x1.2.3.4',
  ])('refuses %j', (text) => expect(parseAddress(text)).toBeUndefined());

  test('undoes formatAddress', () => {
    fc.assert(
      fc.property(anyAddress, (address) => {
        expect(parseAddress(formatAddress(address))).toBe(address);
      }),
    );
  });
});

describe('reverse zones', () => {
  test.each([
    ['172.24.1.0/24', ['1.24.172.in-addr.arpa']],
    ['10.0.0.0/8', ['10.in-addr.arpa']],
    ['172.24.2.0/23', ['2.24.172.in-addr.arpa', '3.24.172.in-addr.arpa']],
    ['172.24.0.0/15', ['24.172.in-addr.arpa', '25.172.in-addr.arpa']],
    ['192.168.7.252/30', [252, 253, 254, 255].map((last) => `${last}.7.168.192.in-addr.arpa`)],
  ])('of %s', (range, zones) => expect(reverseZones(subnet(range))).toEqual(zones));

  test('hold every address of the range, and no other', () => {
    fc.assert(
      fc.property(anyAddress, anyPrefix, anyAddress, (address, prefix, other) => {
        const range = subnetOf(address, prefix);
        const zones = reverseZones(range);
        const holds = (one: number): boolean => {
          const name = `.${formatAddress(one).split('.').reverse().join('.')}.in-addr.arpa`;
          return zones.some((zone) => name.endsWith(`.${zone}`));
        };
        expect(holds(address)).toBe(true);
        expect(holds(other)).toBe(contains(range, other));
      }),
    );
  });

  test('of a /64', () =>
    expect(reverseZoneOfUla([0xfd12, 0x3456, 0x789a, 0])).toBe('0.0.0.0.a.9.8.7.6.5.4.3.2.1.d.f.ip6.arpa'));
});

describe('subnets', () => {
  test.each([
    [0, '0.0.0.0'],
    [1, '128.0.0.0'],
    [24, '255.255.255.0'],
    [30, '255.255.255.252'],
    [32, '255.255.255.255'],
  ])('the mask of /%i is %s', (prefix, mask) => expect(formatAddress(maskOf(prefix))).toBe(mask));

  test('has a network, a broadcast address and 2^(32-n) addresses', () => {
    fc.assert(
      fc.property(anyAddress, anyPrefix, (address, prefix) => {
        const range = subnetOf(address, prefix);
        expect(contains(range, address)).toBe(true);
        expect(broadcastOf(range) - range.network + 1).toBe(2 ** (32 - prefix));
        expect(range.network % 2 ** (32 - prefix)).toBe(0);
        expect(subnet(formatSubnet(range))).toEqual(range);
        if (range.network > 0) expect(contains(range, range.network - 1)).toBe(false);
        if (broadcastOf(range) < 0xffffffff) expect(contains(range, broadcastOf(range) + 1)).toBe(false);
      }),
    );
  });

  test('overlap exactly when they share an end', () => {
    fc.assert(
      fc.property(
        anyAddress,
        anyPrefix,
        fc.integer({ min: -512, max: 512 }),
        anyPrefix,
        (start, p, step, q) => {
          const a = subnetOf(start, p);
          const b = subnetOf(Math.min(Math.max(start + step, 0), 0xffffffff), q);
          const shared = a.network <= broadcastOf(b) && b.network <= broadcastOf(a);
          expect(overlaps(a, b)).toBe(shared);
          expect(overlaps(b, a)).toBe(shared);
        },
      ),
    );
  });

  test('a wrong constant is a bug', () => expect(() => subnet('10.0.0')).toThrow('not a subnet'));
});

describe('poolOf', () => {
  const pool = (range: string, ...taken: string[]) => {
    const found = poolOf(
      subnet(range),
      taken.map((quad) => parseAddress(quad)!),
    );
    return found && `${formatAddress(found.first)} ${formatAddress(found.last)}`;
  };

  test.each([
    ['172.24.1.0/24', ['172.24.1.49', '172.24.1.1'], '172.24.1.128 172.24.1.254'],
    ['172.24.1.0/24', ['172.24.1.254', '172.24.1.1'], '172.24.1.128 172.24.1.253'],
    ['172.24.1.0/24', ['172.24.1.200', '172.24.1.130'], '172.24.1.131 172.24.1.199'],
    ['172.24.1.0/24', ['172.24.1.191', '172.24.1.1'], '172.24.1.128 172.24.1.190'],
    ['10.0.0.0/8', ['10.0.0.1', '10.0.0.2'], '10.255.255.127 10.255.255.254'],
    ['172.24.1.0/29', ['172.24.1.1', '172.24.1.2'], '172.24.1.4 172.24.1.6'],
    ['172.24.1.0/30', ['172.24.1.1', '172.24.1.2'], null],
  ])('of %s without %j is %s', (range, taken, expected) => expect(pool(range, ...taken)).toBe(expected));

  test('searches the whole subnet when the upper half is taken', () => {
    expect(pool('172.24.1.0/29', '172.24.1.4', '172.24.1.5', '172.24.1.6')).toBe('172.24.1.1 172.24.1.3');
  });

  test('lends only free addresses of the subnet, and some whenever more than two are usable', () => {
    const offset = fc.integer({ min: 0, max: 0xffff });
    fc.assert(
      fc.property(anyAddress, anyPrefix, offset, offset, (address, prefix, first, second) => {
        const range = subnetOf(address, prefix);
        const usable = 2 ** (32 - prefix) - 2;
        const host = range.network + 1 + (first % usable);
        const guest = range.network + 1 + (second % usable);
        fc.pre(host !== guest);
        const found = poolOf(range, [host, guest]);
        if (!found) {
          expect(usable).toBe(2);
          return;
        }
        expect(found.first).toBeLessThanOrEqual(found.last);
        expect(found.first).toBeGreaterThan(range.network);
        expect(found.last).toBeLessThan(broadcastOf(range));
        expect(found.last - found.first).toBeLessThan(128);
        for (const taken of [host, guest]) expect(taken < found.first || taken > found.last).toBe(true);
      }),
    );
  });
});

const group = fc.integer({ min: 0, max: 0xffff });

describe('parseUla', () => {
  test.each([
    ['fd12:3456:789a::/64', 'fd12:3456:789a::', 'fd12:3456:789a::2'],
    ['FD12:3456:789A:1::/64', 'fd12:3456:789a:1::', 'fd12:3456:789a:1::2'],
    ['fd00::/64', 'fd00::', 'fd00::2'],
    ['fc00:0:0:7::/64', 'fc00:0:0:7::', 'fc00:0:0:7::2'],
    ['fd12:0:0:0:0:0:0:0/64', 'fd12::', 'fd12::2'],
  ])('reads %s', (text, network, second) => {
    const groups = parseUla(text);
    if (typeof groups === 'string') throw new Error(groups);
    expect([formatUla(groups, 0), formatUla(groups, 2)]).toEqual([network, second]);
  });

  test.each([
    ['fd12::', 'not an IPv6 prefix'],
    ['fd12:::/64', 'not an IPv6 prefix'],
    ['fd12::1::/64', 'not an IPv6 prefix'],
    ['fd12345::/64', 'not an IPv6 prefix'],
    ['1:2:3:4:5:6:7:8::/64', 'not an IPv6 prefix'],
    ['fd12::/48', 'has to be /64'],
    ['fe80::/64', 'outside fc00::/7'],
    ['2001:db8::/64', 'outside fc00::/7'],
    ['fd12::1/64', 'bits after the first 64'],
  ])('refuses %s', (text, reason) => expect(parseUla(text)).toContain(reason));

  test('undoes formatUla, in text that Node takes for IPv6 too', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0xfc00, max: 0xfdff }),
        group,
        group,
        group,
        group,
        (a, b, c, d, host) => {
          const text = formatUla([a, b, c, d], host);
          expect(isIPv6(text)).toBe(true);
          expect(parseGroups(text)).toEqual([a, b, c, d, 0, 0, 0, host]);
          expect(parseUla(`${formatUla([a, b, c, d], 0)}/64`)).toEqual([a, b, c, d]);
        },
      ),
    );
  });

  test('takes for IPv6 only what Node takes for it', () => {
    const text = fc.string({ unit: fc.constantFrom(':', '0', 'f', '12', 'fd00'), maxLength: 20 });
    fc.assert(
      fc.property(text, (written) => {
        expect(parseGroups(written) !== undefined).toBe(isIPv6(written));
      }),
      { numRuns: 2000 },
    );
  });
});
