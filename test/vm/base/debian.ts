import { readdirSync, realpathSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand, tryCommand } from '../command.ts';
import { programPath } from '../tools.ts';
import type { ApkPackage, Maker } from './apk.ts';
import { librariesOf, Tree } from './tree.ts';

// What the wheel's Alpine lacks: packages with Alpine's names, versions, depends, provides, -openrc subpackages and
// install_if (3.23's index), with Debian's programs or this bench's own short files in them.

/** Debian's C library and every other library of its programs; Alpine's lie elsewhere, so both fit into one root. */
const LIBRARIES = 'debian-libraries';

interface Recipe {
  readonly name: string;
  readonly version: string;
  readonly depends?: string;
  readonly provides?: string;
  readonly installIf?: string;
  /** Path in the guest (Alpine's) to a program of Debian's. */
  readonly programs?: Readonly<Record<string, string>>;
  readonly links?: Readonly<Record<string, string>>;
  /** What cannot be listed ahead. */
  readonly more?: (tree: Tree) => unknown;
}

const V = {
  busybox: '1.37.0-r30',
  openssl: '3.5.8-r0',
  wpa: '2.11-r3',
  ssh: '10.2_p1-r0',
  iptables: '1.8.11-r1',
  dnsmasq: '2.91-r0',
  avahi: '0.8-r23',
  dbus: '1.16.2-r1',
};

const commands = (version: string, names: string): string =>
  names
    .split(' ')
    .map((name) => `cmd:${name}=${version}`)
    .join(' ');

const XTABLES = '/usr/lib/x86_64-linux-gnu/xtables';

async function addXtables(tree: Tree): Promise<void> {
  for (const name of readdirSync(XTABLES)) await tree.copy(join(XTABLES, name));
  for (const family of ['iptables', 'ip6tables'])
    for (const suffix of ['', '-restore', '-save'])
      tree.link(`usr/sbin/${family}${suffix}`, 'xtables-nft-multi');
}

/** Files that a recipe needs beside its programs lie in `packages/NAME`, `.pre-install` among them. */
const RECIPES: readonly Recipe[] = [
  {
    name: 'alpine-base',
    version: '3.23.6-r0',
    depends:
      'alpine-baselayout alpine-release apk-tools busybox busybox-mdev-openrc busybox-openrc libc-utils openrc',
  },
  {
    name: 'busybox-mdev-openrc',
    version: V.busybox,
    depends: 'openrc>=0.24.1-r6 mdev-conf',
  },
  {
    name: 'openssl',
    version: V.openssl,
    provides: commands(V.openssl, 'openssl'),
    programs: { 'usr/bin/openssl': 'openssl' },
  },
  { name: 'iw', version: '6.17-r0', provides: commands('6.17-r0', 'iw'), programs: { 'usr/sbin/iw': 'iw' } },
  {
    name: 'wpa_supplicant',
    version: V.wpa,
    provides: commands(V.wpa, 'wpa_cli wpa_passphrase wpa_supplicant'),
    programs: {
      'sbin/wpa_supplicant': 'wpa_supplicant',
      'sbin/wpa_cli': 'wpa_cli',
      'usr/bin/wpa_passphrase': 'wpa_passphrase',
    },
  },
  {
    name: 'hostapd',
    version: V.wpa,
    provides: commands(V.wpa, 'hostapd hostapd_cli'),
    programs: { 'usr/sbin/hostapd': 'hostapd', 'usr/bin/hostapd_cli': 'hostapd_cli' },
  },
  { name: 'wpa_supplicant-openrc', version: V.wpa, installIf: `openrc wpa_supplicant=${V.wpa}` },
  {
    name: 'openssh',
    version: V.ssh,
    depends: ['client', 'keygen', 'server', 'sftp-server']
      .map((part) => `openssh-${part}=${V.ssh}`)
      .join(' '),
  },
  {
    name: 'openssh-client',
    version: V.ssh,
    depends: `openssh-keygen=${V.ssh}`,
    provides: commands(V.ssh, 'scp ssh'),
    programs: { 'usr/bin/ssh': 'ssh', 'usr/bin/scp': 'scp' },
  },
  {
    name: 'openssh-keygen',
    version: V.ssh,
    provides: commands(V.ssh, 'ssh-keygen'),
    programs: { 'usr/bin/ssh-keygen': 'ssh-keygen' },
  },
  {
    name: 'openssh-sftp-server',
    version: V.ssh,
    programs: { 'usr/lib/ssh/sftp-server': '/usr/lib/openssh/sftp-server' },
  },
  {
    name: 'openssh-server',
    version: V.ssh,
    depends: `openssh-keygen=${V.ssh} openssh-server-common=${V.ssh}`,
    provides: commands(V.ssh, 'sshd'),
    programs: { 'usr/sbin/sshd': 'sshd' },
  },
  {
    name: 'openssh-server-common',
    version: V.ssh,
    depends: '/bin/sh',
    more: (tree) => tree.directory('var/empty', 0o555),
  },
  {
    name: 'openssh-server-common-openrc',
    version: V.ssh,
    installIf: `openrc openssh-server-common=${V.ssh}`,
    more: (tree) => tree.file('etc/conf.d/sshd', ''),
  },
  {
    name: 'iptables',
    version: V.iptables,
    provides: commands(
      V.iptables,
      'ip6tables ip6tables-restore ip6tables-save iptables iptables-restore iptables-save',
    ),
    programs: { 'usr/sbin/xtables-nft-multi': 'xtables-nft-multi' },
    more: addXtables,
  },
  { name: 'iptables-openrc', version: V.iptables, installIf: `openrc iptables=${V.iptables}` },
  {
    name: 'dnsmasq',
    version: V.dnsmasq,
    depends: `dnsmasq-common=${V.dnsmasq}`,
    provides: commands(V.dnsmasq, 'dnsmasq'),
    programs: { 'usr/sbin/dnsmasq': 'dnsmasq' },
  },
  {
    name: 'dnsmasq-common',
    version: V.dnsmasq,
    depends: '/bin/sh',
    more: (tree) => tree.directory('var/lib/misc'),
  },
  { name: 'dnsmasq-openrc', version: V.dnsmasq, installIf: `openrc dnsmasq-common=${V.dnsmasq}` },
  {
    name: 'avahi',
    version: V.avahi,
    depends: '/bin/sh',
    provides: commands(V.avahi, 'avahi-daemon'),
    programs: { 'usr/sbin/avahi-daemon': 'avahi-daemon' },
  },
  // It draws in dbus, which nothing of ours starts.
  { name: 'avahi-openrc', version: V.avahi, depends: 'dbus', installIf: `openrc avahi=${V.avahi}` },
  { name: 'dbus', version: V.dbus, depends: '/bin/sh' },
  { name: 'dbus-openrc', version: V.dbus, installIf: `openrc dbus=${V.dbus}` },
  { name: 'linux-firmware-intel', version: '20260916-r0', more: addFirmware },
];

/** Stored and linked as Alpine's, but not packed: Debian's kernel unpacks no zstd. Each has its own name as content. */
function addFirmware(tree: Tree): void {
  for (const name of ['-86.ucode', '-89.ucode', '.pnvm'].map((end) => `iwlwifi-ty-a0-gf-a0${end}`))
    tree
      .file(`lib/firmware/intel/iwlwifi/${name}`, `${name}\n`)
      .link(`lib/firmware/${name}`, `intel/iwlwifi/${name}`);
}

async function libraryPackage(libraries: ReadonlySet<string>): Promise<ApkPackage> {
  const tree = new Tree();
  for (const path of [...libraries].sort()) tree.file(path.replace(/^\//, ''), await readFile(path), 0o755);
  return {
    fields: { P: LIBRARIES, V: '12-r0', T: "Debian's libraries, for its programs on this medium" },
    entries: tree.entries,
    maker: 'debian',
  };
}

/** Libraries that programs open by name when they run, so that ldd does not list them. */
const OPENED = [
  '/lib/x86_64-linux-gnu/libnss_files.so.2',
  '/lib/x86_64-linux-gnu/libnss_dns.so.2',
  // MSCHAPv2 needs MD4.
  '/usr/lib/x86_64-linux-gnu/ossl-modules/legacy.so',
];

/** Makes every package. `folder` holds the bench's own files, a tree for each package that has any. */
export async function lackingPackages(folder: string): Promise<ApkPackage[]> {
  const own = new Set(readdirSync(folder));
  const libraries = new Set(OPENED);
  const made: ApkPackage[] = [];
  for (const recipe of RECIPES) {
    const tree = new Tree();
    for (const [target, name] of Object.entries(recipe.programs ?? {})) {
      const program = realpathSync(name.startsWith('/') ? name : programPath(name));
      await tree.copy(program, target);
      for (const library of await librariesOf(program)) libraries.add(library);
    }
    await recipe.more?.(tree);
    for (const [path, target] of Object.entries(recipe.links ?? {})) tree.link(path, target);
    if (own.has(recipe.name)) await tree.folder(join(folder, recipe.name));
    const script = tree.entries.get('.pre-install');
    tree.entries.delete('.pre-install');
    const maker: Maker = recipe.programs === undefined ? 'ours' : 'debian';
    const libraryNeeded = maker === 'debian' ? [LIBRARIES] : [];
    made.push({
      fields: {
        P: recipe.name,
        V: recipe.version,
        T: `${recipe.name} (${maker === 'debian' ? "Debian's program" : 'made by the bench'})`,
        D: [...(recipe.depends === undefined ? [] : [recipe.depends]), ...libraryNeeded].join(' '),
        p: recipe.provides ?? '',
        i: recipe.installIf ?? '',
      },
      entries: tree.entries,
      scripts: script?.kind === 'file' ? { 'pre-install': script.content } : {},
      maker,
    });
  }
  return [...made, await libraryPackage(libraries)];
}

/** What is really in the packages with Debian's programs, for `--parts`: name of a package to Debian's package and version. */
export async function debianVersions(): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const { name, programs } of RECIPES) {
    const [first] = Object.values(programs ?? {});
    if (first === undefined) continue;
    const program = realpathSync(first.startsWith('/') ? first : programPath(first));
    // dpkg knows files below /usr by the path they had in the package.
    const { stdout } = await tryCommand('dpkg-query', ['-S', program, program.replace(/^\/usr/, '')]);
    const owner = stdout.split(':')[0] ?? '';
    found.set(name, await runCommand('dpkg-query', ['-W', '-f', '${Package} ${Version}', owner]));
  }
  return found;
}
