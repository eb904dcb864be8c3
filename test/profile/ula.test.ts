import { isIPv6 } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatUla, parseGroups, parseUla } from '../../generators/profile/ula.ts';

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
