import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  broadcastOf,
  contains,
  formatAddress,
  formatSubnet,
  maskOf,
  overlaps,
  parseAddress,
  poolOf,
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
