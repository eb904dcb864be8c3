import fc from 'fast-check';
import { stringify } from 'yaml';
import { describe, expect, test } from 'vitest';
import { fullProfile, resolveText, smallestProfile } from './example.ts';
import { shuffled } from '../fixtures/shuffled.ts';

const everything = fullProfile();

describe('any order of keys', () => {
  test('gives an equal profile', () => {
    const expected = resolveText(stringify(everything)).profile;
    fc.assert(
      fc.property(shuffled(everything), (value) => {
        expect(resolveText(stringify(value)).profile).toEqual(expected);
      }),
    );
  });
});

describe('any unknown key', () => {
  const groups = ['alpine', 'passthrough', 'network', 'host'] as const;
  const key = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.constantFrom('__proto__', 'constructor', 'toString', 'psk', 'a.b', ''),
  );

  test('is an error at its own place', () => {
    const known = [
      'release',
      'flavor',
      'arch',
      'mirrors',
      'packages',
      'pci',
      'id',
      'drivers',
      'bridge',
      'tap',
    ];
    const more = ['host', 'guest', 'dns', 'ipv6', 'directory', 'freebsd', 'retire'];
    fc.assert(
      fc.property(key, fc.constantFrom(...groups), (written, group) => {
        fc.pre(![...known, ...more].includes(written));
        const lines = stringify(smallestProfile()).split('\n');
        const last = lines.findIndex(
          (line, index) => index > lines.indexOf(`${group}:`) && !line.startsWith(' '),
        );
        const indent = group === 'passthrough' ? 4 : 2;
        lines.splice(last, 0, `${' '.repeat(indent)}${JSON.stringify(written)}: 1`);
        const { profile, diagnostics } = resolveText(lines.join('\n'));
        expect(profile).toBeUndefined();
        expect(diagnostics.map(({ line, column, kind }) => ({ line, column, kind }))).toEqual([
          { line: last + 1, column: indent + 1, kind: 'usage' },
        ]);
      }),
      { numRuns: 300 },
    );
  });
});

describe('any value in any place', () => {
  const junk = fc.oneof(
    fc.constantFrom(null, '', true, [], {}, -1, 1e300, 'x', '4/0/0', '::', '1.2.3.4/24', '00'),
    fc.jsonValue({ maxDepth: 2 }),
  );

  test('never throws, and gives a profile exactly when there is no error', () => {
    const places = Object.entries(everything).flatMap(([group, value]) => [
      [group],
      ...Object.keys(value).map((name) => [group, name]),
    ]);
    fc.assert(
      fc.property(fc.constantFrom(...places), junk, ([group = '', name], value) => {
        const inner: unknown = everything[group as keyof typeof everything];
        const changed = name === undefined ? value : { ...(inner as object), [name]: value };
        const { profile, diagnostics } = resolveText(stringify({ ...everything, [group]: changed }));
        expect(profile === undefined).toBe(diagnostics.some(({ severity }) => severity === 'error'));
      }),
      { numRuns: 400 },
    );
  });
});
