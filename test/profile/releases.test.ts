import { stringify } from 'yaml';
import { describe, expect, test } from 'vitest';
import { parseReleases } from '../../generators/profile/releases.ts';
import { lineOf, readShipped } from './example.ts';

const pin = {
  release: '3.24.1',
  flavor: 'standard',
  arch: 'x86_64',
  kernel: 'lts',
  file: 'alpine-standard-3.24.1-x86_64.iso',
  sha256: 'f4dd613206676c62949144c8ad75fc64582099f444dd1485bae104a60f51dd26',
  size: 369098752,
  witnesses: 12,
  date: '2026-06-13',
  floor: '256M',
  lacks: ['dnsmasq', 'iptables'],
};

function parse(text: string) {
  const { releases, diagnostics } = parseReleases({ file: 'releases.yaml', text });
  return { releases, problems: diagnostics.map(lineOf) };
}

function complaints(...pins: unknown[]): string[] {
  const { releases, problems } = parse(stringify(pins, { aliasDuplicateObjects: false }));
  expect(releases).toBeUndefined();
  return problems.map((line) => line.replace(/^[0-9:]+ /, ''));
}

test('the shipped pins are the ones that were checked', () => {
  const { releases, problems } = parse(readShipped('releases.yaml'));
  expect(problems).toEqual([]);
  expect(releases?.map(({ path, sha256, size }) => `${sha256.slice(0, 8)} ${size} ${path}`)).toEqual([
    '20c026e3 370147328 v3.24/releases/x86_64/alpine-standard-3.24.2-x86_64.iso',
    'f4dd6132 369098752 v3.24/releases/x86_64/alpine-standard-3.24.1-x86_64.iso',
    'dc54e0eb 1455341568 v3.24/releases/x86_64/alpine-extended-3.24.1-x86_64.iso',
    'c197f9cf 139460608 v3.13/releases/x86_64/alpine-standard-3.13.0-x86_64.iso',
  ]);
});

test('a pin is completed', () => {
  expect(parse(stringify([{ ...pin, eol: '2028-05-01' }])).releases).toEqual([
    {
      ...pin,
      date: Date.UTC(2026, 5, 13) / 1000,
      floor: 256,
      eol: '2028-05-01',
      branch: 'v3.24',
      path: 'v3.24/releases/x86_64/alpine-standard-3.24.1-x86_64.iso',
    },
  ]);
  expect(parse(stringify([pin])).releases?.[0]?.eol).toBeNull();
});

describe('refused', () => {
  test.each([
    ['sha256', 'F4'.repeat(32), 'has to be 64 lower-case hexadecimal digits'],
    ['sha256', 'f4', 'has to be 64 lower-case hexadecimal digits'],
    ['size', 0, 'has to be a whole number from 1 to 8589934592; got the number 0'],
    ['size', '369 MB', 'has to be a whole number from 1 to 8589934592; got "369 MB"'],
    ['witnesses', 0, 'has to be a whole number from 1 to 1000'],
    ['date', '13.6.2026', 'has to be a day as YYYY-MM-DD, for example 2026-06-13; got "13.6.2026"'],
    ['date', '2026-02-30', 'is a day that no calendar has; got "2026-02-30"'],
    ['eol', '2026-13-01', 'is a day that no calendar has; got "2026-13-01"'],
    ['floor', '256K', 'has to be a whole number with M or G'],
    ['floor', '256', 'has to be written with M or G alone: 256M'],
    ['release', '3.24', 'has to be an Alpine release with three numbers, for example 3.24.1; got "3.24"'],
    ['lacks', ['iptables=1.8'], 'has to be the name of an Alpine package without a version'],
    [
      'file',
      'alpine-standard-3.24.0-x86_64.iso',
      'has to be alpine-standard-3.24.1-x86_64.iso for this release',
    ],
    ['file', '../x.iso', 'has to be the file name of an Alpine ISO'],
  ])('%s: %j', (key, value, message) => {
    const [found, ...more] = complaints({ ...pin, [key]: value });
    expect(found).toContain(message);
    expect(found).toContain(`[0].${key}`);
    expect(more).toEqual([]);
  });

  test.each([
    ['flavor', 'virt', 'its kernel has no Wi-Fi drivers'],
    ['kernel', 'virt', 'no Wi-Fi drivers'],
    ['arch', 'x86', 'a 32-bit guest is not supported'],
    ['arch', 'aarch64', 'on x86_64 only'],
  ])('as unsupported: %s %s', (key, value, reason) => {
    expect(complaints({ ...pin, [key]: value })).toEqual([
      expect.stringMatching(new RegExp(`^\\[0\\]\\.${key} \\[unsupported\\]: .*${reason}`)),
    ]);
  });

  test('the same release twice', () => {
    const other = { ...pin, release: '3.24.0', file: 'alpine-standard-3.24.0-x86_64.iso' };
    expect(complaints(pin, other, pin)).toEqual([
      '[2].release: 3.24.1 standard x86_64 is pinned above already; keep one of the two',
    ]);
  });

  test('two faults and a missing key at once, at their places', () => {
    const text = `- ${stringify({ ...pin, size: -1, sha: 'x' }).replaceAll('\n', '\n  ')}`.replace(
      /\n {2}sha256: .*/,
      '',
    );
    expect(parse(text).problems).toEqual([
      expect.stringContaining('1:3 [0].sha256: is missing; it has to be 64 lower-case hexadecimal digits'),
      '6:9 [0].size: has to be a whole number from 1 to 8589934592; got the number -1',
      expect.stringMatching(/^13:3 \[0\]\.sha: unknown key "sha"; known here: release, flavor/),
    ]);
  });

  test.each([
    ['', '1:1 : the file is empty'],
    ['a: 1', '1:1 : has to be a list of 1 to 100 entries; got a group of keys'],
    ['[]', '1:1 : has to be a list of 1 to 100 entries; got a list'],
    ['- 1', '1:3 [0]: has to be a group of keys: release, flavor'],
  ])('%j', (text, message) => {
    const { releases, problems } = parse(text);
    expect(releases).toBeUndefined();
    expect(problems).toEqual([expect.stringContaining(message)]);
  });
});
