import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { addApplets, addIfupdown, addLayout, addOpenrc, addXtables } from './contents.ts';
import { addPrograms, Tree } from './tree.ts';
import type { ApkPackage } from './apk.ts';

/**
 * Where a package can be had: on every ISO, only on the extended ISO, or from a mirror alone. All are on the mirror.
 * facts/alpine.md 4.2.
 */
export type Medium = 'standard' | 'extended' | 'mirror';

interface Recipe {
  readonly name: string;
  readonly medium: Medium;
  readonly version: string;
  readonly depends?: readonly string[];
  /** Path in the guest (Alpine's) to a program of Debian's. */
  readonly programs?: Readonly<Record<string, string>>;
  readonly links?: Readonly<Record<string, string>>;
  /** What cannot be listed ahead. */
  readonly more?: (tree: Tree) => unknown;
}

export interface MadePackage extends ApkPackage {
  readonly medium: Medium;
}

const kmodLinks = Object.fromEntries(
  ['modprobe', 'insmod', 'rmmod', 'lsmod', 'depmod', 'modinfo'].map((name) => [`sbin/${name}`, '/bin/kmod']),
);

/** Every recipe but the first depends on musl (here: Debian's C library) without saying so. */
const RECIPES: readonly Recipe[] = [
  { name: 'musl', medium: 'standard', version: '1.2.6-r0' },
  {
    name: 'alpine-baselayout',
    medium: 'standard',
    version: '3.8.0-r0',
    more: addLayout,
  },
  { name: 'busybox', medium: 'standard', version: '1.37.0-r31', more: addApplets },
  {
    name: 'kmod',
    medium: 'standard',
    version: '34.2-r0',
    programs: { 'bin/kmod': 'kmod' },
    links: kmodLinks,
  },
  { name: 'openrc', medium: 'standard', version: '0.63.2-r0', more: addOpenrc },
  {
    name: 'ifupdown-ng',
    medium: 'standard',
    version: '0.13.0-r0',
    programs: { 'sbin/ifupdown': 'ifupdown' },
    more: addIfupdown,
  },
  { name: 'openssl', medium: 'standard', version: '3.5.4-r0', programs: { 'usr/bin/openssl': 'openssl' } },
  { name: 'apk-tools', medium: 'standard', version: '3.0.6-r0', depends: ['openssl'] },
  {
    name: 'alpine-base',
    medium: 'standard',
    version: '3.24.1-r0',
    depends: ['alpine-baselayout', 'apk-tools', 'busybox', 'ifupdown-ng', 'kmod', 'openrc'],
  },
  {
    name: 'openssh',
    medium: 'standard',
    version: '10.0_p1-r0',
    programs: {
      'usr/sbin/sshd': 'sshd',
      'usr/bin/ssh': 'ssh',
      'usr/bin/ssh-keygen': 'ssh-keygen',
      'usr/bin/scp': 'scp',
    },
  },
  {
    name: 'wpa_supplicant',
    medium: 'standard',
    version: '2.11-r4',
    programs: {
      'sbin/wpa_supplicant': 'wpa_supplicant',
      'sbin/wpa_cli': 'wpa_cli',
      'sbin/wpa_passphrase': 'wpa_passphrase',
    },
  },
  { name: 'iw', medium: 'standard', version: '6.9-r0', programs: { 'usr/sbin/iw': 'iw' } },
  {
    name: 'e2fsprogs',
    medium: 'standard',
    version: '1.47.3-r0',
    programs: { 'sbin/mke2fs': 'mke2fs', 'sbin/e2fsck': 'e2fsck' },
    links: Object.fromEntries(
      ['2', '3', '4'].flatMap((n) => [
        [`sbin/mkfs.ext${n}`, 'mke2fs'],
        [`sbin/fsck.ext${n}`, 'e2fsck'],
      ]),
    ),
    more: (tree) => tree.copy('/etc/mke2fs.conf'),
  },
  {
    name: 'iptables',
    medium: 'extended',
    version: '1.8.13-r0',
    programs: { 'usr/sbin/xtables-nft-multi': 'xtables-nft-multi' },
    more: addXtables,
  },
  { name: 'dnsmasq', medium: 'extended', version: '2.91-r0', programs: { 'usr/sbin/dnsmasq': 'dnsmasq' } },
  { name: 'tcpdump', medium: 'extended', version: '4.99.5-r1', programs: { 'usr/bin/tcpdump': 'tcpdump' } },
];

/** alpine-base and what it brings: on every guest, so nobody else need carry the libraries in it. */
const ALWAYS = new Set([
  'musl',
  ...(RECIPES.find(({ name }) => name === 'alpine-base')?.depends ?? []),
  'openssl',
]);

/** Makes every package. `folder` holds one tree of the bench's own files for each package that has any. */
export async function makePackages(folder: string): Promise<MadePackage[]> {
  const own = new Set(readdirSync(folder));
  const inBase = new Set<string>();
  const made: MadePackage[] = [];
  for (const recipe of RECIPES) {
    const tree = new Tree();
    if (recipe.name === 'musl') {
      for (const name of ['libm.so.6', 'libresolv.so.2']) await tree.copy(`/lib/x86_64-linux-gnu/${name}`);
      await addPrograms(tree, { 'bin/sh': 'dash' });
      tree.entries.delete('bin/sh');
    }
    await addPrograms(tree, recipe.programs ?? {}, inBase);
    await recipe.more?.(tree);
    for (const [path, target] of Object.entries(recipe.links ?? {})) tree.link(path, target);
    if (own.has(recipe.name)) await tree.folder(join(folder, recipe.name));
    // What the base carries anyway need not be unpacked again by each package.
    for (const path of tree.entries.keys())
      if (inBase.has(path) && path.includes('.so')) tree.entries.delete(path);
    if (ALWAYS.has(recipe.name))
      for (const path of tree.entries.keys()) if (path.includes('.so')) inBase.add(path);
    made.push({
      name: recipe.name,
      version: recipe.version,
      depends: [...(recipe.name === 'musl' ? [] : ['musl']), ...(recipe.depends ?? [])],
      entries: tree.entries,
      medium: recipe.medium,
    });
  }
  return made;
}
