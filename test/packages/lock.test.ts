import { describe, expect, it } from 'vitest';
import {
  decodeLock,
  encodeLock,
  lockDifferences,
  lockOf,
  type Asked,
  type Lock,
} from '../../generators/packages/lock.ts';
import type { ReleasePin } from '../../generators/profile/releases.ts';

const RELEASE = {
  release: '3.24.1',
  flavor: 'standard',
  arch: 'x86_64',
  branch: 'v3.24',
  file: 'alpine-standard-3.24.1-x86_64.iso',
  path: 'v3.24/releases/x86_64/alpine-standard-3.24.1-x86_64.iso',
  size: 200_000,
  sha256: 'a'.repeat(64),
} as ReleasePin;
const ASKED: Asked = {
  iso: ['alpine-base', 'openssh'],
  packages: ['dnsmasq', 'iptables'],
  firmware: ['iwlwifi-x-*.ucode'],
};
const PACKAGE = {
  name: 'iptables',
  version: '1.8.13-r0',
  arch: 'x86_64',
  repository: 'main',
  size: 9,
  checksum: 'b'.repeat(40),
  license: 'GPL-2.0-or-later',
  path: 'v3.24/main/x86_64/iptables-1.8.13-r0.apk',
  sha256: 'c'.repeat(64),
} as const;
const LOCK: Lock = lockOf(
  { name: 'mine', release: RELEASE },
  {
    asked: ASKED,
    indexes: [
      {
        repository: 'main',
        path: 'v3.24/main/x86_64/APKINDEX.tar.gz',
        size: 1,
        sha256: 'd'.repeat(64),
        date: 1_800_000_000,
      },
    ],
    packages: [PACKAGE],
    firmware: [
      { ...PACKAGE, files: [{ path: 'intel/iwlwifi/iwlwifi-x-9.ucode', size: 3, sha256: 'e'.repeat(64) }] },
    ],
    absent: ['no-such-*.bin'],
  },
);

it('a lock that was written is read as it was', () => {
  const text = encodeLock(LOCK).toString();
  expect(decodeLock(text)).toEqual(LOCK);
  expect(encodeLock(decodeLock(text)!).toString()).toBe(text);
});

/** The lock's text with one value changed. */
const changed = (from: string, to: string): string => {
  const text = encodeLock(LOCK).toString();
  expect(text).toContain(from);
  return text.replace(from, to);
};

it.each([
  ['nothing', ''],
  ['another document', '{}'],
  ['a list', '[]'],
  ['another format', changed('"format": 1', '"format": 2')],
  ['a key that nobody knows', changed('"profile"', '"x": 1,\n"profile"')],
  ['a date that is none', changed('2027-01-15T08:00:00Z', 'yesterday')],
  ['a digest that is none', changed('c'.repeat(64), 'c'.repeat(63))],
  ['a path out of the mirror', changed('v3.24/main/x86_64/iptables', '../main/x86_64/iptables')],
  ['an absolute path', changed('"intel/iwlwifi', '"/intel/iwlwifi')],
  ['a name with a slash', changed('"name": "iptables"', '"name": "../iptables"')],
  ['a size below zero', changed('"size": 9', '"size": -9')],
])('is no lock: %s', (_what, text) => expect(decodeLock(text)).toBeUndefined());

describe('a lock of another profile', () => {
  it('none', () => expect(lockDifferences(LOCK, RELEASE, ASKED)).toEqual([]));

  it.each<[Partial<ReleasePin>, Partial<Asked>, string[]]>([
    [
      {},
      { packages: ['iptables', 'tcpdump'] },
      ['package tcpdump is wanted and not in the lock', 'package dnsmasq is in the lock and not wanted'],
    ],
    [{}, { iso: ['alpine-base'] }, ['package of the ISO openssh is in the lock and not wanted']],
    [{}, { firmware: [] }, ['firmware file iwlwifi-x-*.ucode is in the lock and not wanted']],
    [
      { release: '3.24.2', sha256: 'f'.repeat(64) },
      {},
      [
        'alpine.release is 3.24.1 in the lock, 3.24.2 in the profile',
        `the ISO is ${RELEASE.file} with SHA-256 ${'a'.repeat(64)} in the lock, ` +
          `the pin is ${RELEASE.file} with ${'f'.repeat(64)}`,
      ],
    ],
  ])('%j %j', (pin, asked, lines) => {
    expect(lockDifferences(LOCK, { ...RELEASE, ...pin }, { ...ASKED, ...asked })).toEqual(lines);
  });
});
