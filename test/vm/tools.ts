import { accessSync, constants, readdirSync } from 'node:fs';
import { join } from 'node:path';

const FOLDERS = ['/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** What the bench runs or puts into the guest, and the Debian package that has it. */
const NEEDED: Readonly<Record<string, readonly string[]>> = {
  'qemu-system-x86': ['qemu-system-x86_64'],
  'qemu-utils': ['qemu-img'],
  'avahi-daemon': ['avahi-daemon'],
  'busybox-static': ['busybox'],
  'bind9-dnsutils': ['dig'],
  cpio: ['cpio'],
  curl: ['curl'],
  dash: ['dash'],
  'dnsmasq-base': ['dnsmasq'],
  dosfstools: ['mkfs.vfat'],
  e2fsprogs: ['debugfs'],
  hostapd: ['hostapd', 'hostapd_cli'],
  iperf3: ['iperf3'],
  iproute2: ['ip', 'tc'],
  iptables: ['xtables-nft-multi'],
  'iputils-ping': ['ping'],
  iw: ['iw'],
  kmod: ['kmod', 'depmod'],
  mtools: ['mcopy', 'mformat', 'mlabel'],
  'netcat-openbsd': ['nc.openbsd'],
  'openssh-client': ['ssh', 'ssh-keygen'],
  'openssh-server': ['sshd'],
  openssl: ['openssl'],
  'perl-base': ['perl'],
  tcpdump: ['tcpdump'],
  'util-linux': ['setpriv', 'unshare'],
  wpasupplicant: ['wpa_supplicant', 'wpa_cli', 'wpa_passphrase'],
  'squashfs-tools': ['mksquashfs'],
  'wireless-regdb': [],
  xorriso: ['xorriso'],
  'xz-utils': ['xz'],
};

/** Debian packages whose versions decide whether a base image can be used again. */
export const BASE_PACKAGES = Object.keys(NEEDED);

function isThere(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

/** Absolute path of a program of Debian's, without regard to PATH. Throws when it is missing. */
export function programPath(name: string): string {
  const folder = FOLDERS.find((candidate) => isThere(join(candidate, name)));
  if (folder === undefined) throw new Error(`${name} is not installed`);
  return join(folder, name);
}

function hasProgram(name: string): boolean {
  return FOLDERS.some((folder) => isThere(join(folder, name)));
}

/** Version of the newest installed Debian kernel that has its modules, e.g. `6.1.0-56-amd64`; undefined when none. */
export function kernelVersion(): string | undefined {
  if (!isThere('/lib/modules')) return undefined;
  return readdirSync('/lib/modules')
    .filter((name) => isThere(`/boot/vmlinuz-${name}`) && isThere(`/lib/modules/${name}/modules.dep`))
    .sort((a, b) => a.split(/\D+/).reduce((order, part, i) => order || +part - +(b.split(/\D+/)[i] ?? 0), 0))
    .at(-1);
}

/** What is missing here, as sentences; empty when the bench can run. */
export function missingTools(): string[] {
  const packages = Object.entries(NEEDED)
    .filter(([, programs]) => !programs.every(hasProgram))
    .map(([name]) => name);
  if (kernelVersion() === undefined) packages.push('linux-image-amd64');
  if (!isThere('/lib/firmware/regulatory.db')) packages.push('wireless-regdb');
  const problems =
    packages.length === 0 ? [] : [`apt-get install --no-install-recommends ${packages.join(' ')}`];
  if (process.getuid?.() !== 0) problems.push('run as root: the host is played in a network namespace');
  if (!isThere('/dev/net/tun')) problems.push('/dev/net/tun: modprobe tun, or let the container have it');
  return problems;
}
