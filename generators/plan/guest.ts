import { compareCodeUnits } from '../formats/order.ts';
import type { Asked } from '../packages/lock.ts';
import { treeOf, type Link, type Tree } from '../formats/tree.ts';
import type { ResolvedProfile } from '../profile/resolve.ts';
import { planOverlay, type OverlaySource, type View } from './render.ts';

/**
 * The guest's file tree, as the apkovl carries it: the overlay's files and the runlevel links that start services.
 * @param sources the files of overlays/guest and overlays/shared
 * @param version airhive's own version
 */
export function planGuest(
  profile: ResolvedProfile,
  sources: readonly OverlaySource[],
  version: string,
): Tree {
  return treeOf([
    ...planOverlay(sourcesFor(profile, sources), guestView(profile, version)),
    ...runlevelLinks(profile),
    // The initramfs gives /root this mode whatever the archive says; the archive should not say otherwise.
    { type: 'directory', path: 'root', mode: 0o700 },
  ]);
}

/** What only a profile with mDNS has in its guest. */
const FOR_MDNS: ReadonlySet<string> = new Set([
  'etc/airhive/avahi-daemon.conf.mustache',
  'etc/init.d/airhive-mdns',
  'usr/libexec/airhive/mdns',
]);

/** In this directory of the overlay is what an access point has in place of the files of the same path. */
const ACCESS_POINT = 'access-point/';

/** What a guest that joins networks has and an access point has no use for. */
const OF_STATION =
  /^(etc\/init\.d\/airhive-(dhcp|roam|watch)|usr\/libexec\/airhive\/(dhcp|lease(\.awk)?|name-servers|networks\.awk|portal|roam|watch|way|wifi-config))$/;

function sourcesFor({ network, wifi }: ResolvedProfile, sources: readonly OverlaySource[]): OverlaySource[] {
  const usual = sources.filter(
    ({ path }) => !path.startsWith(ACCESS_POINT) && (network.mdns || !FOR_MDNS.has(path)),
  );
  if (wifi.accessPoint === null) return usual;
  const own = sources
    .filter(({ path }) => path.startsWith(ACCESS_POINT))
    .map(({ path, bytes }) => ({ path: path.slice(ACCESS_POINT.length), bytes }));
  const replaced = new Set(own.map(({ path }) => path));
  return [...own, ...usual.filter(({ path }) => !replaced.has(path) && !OF_STATION.test(path))];
}

/**
 * Alpine starts nothing by itself once there is an overlay: without this whole set there is no modloop, so no Wi-Fi
 * driver (docs/notes/alpine.md). hwclock is linked by the initramfs.
 */
const RUNLEVELS: Readonly<Record<string, readonly string[]>> = {
  sysinit: ['devfs', 'dmesg', 'mdev', 'hwdrivers', 'modloop', 'airhive-firmware'],
  boot: [
    'modules',
    'sysctl',
    'hostname',
    'bootmisc',
    'syslog',
    'networking',
    'airhive-state',
    'airhive-site',
    'airhive-packages',
    'airhive-firewall',
    'airhive-wifi',
    'airhive-dhcp',
    'airhive-roam',
    'airhive-watch',
    'airhive-dns',
    'airhive-mdns',
  ],
  default: ['acpid', 'sshd', 'airhive-fetch'],
  shutdown: ['killprocs', 'mount-ro', 'savecache', 'airhive-release'],
};

/** Services that only make sense when some packages have to be fetched. */
const FOR_FETCHING = new Set(['airhive-packages', 'airhive-fetch']);

function runlevelLinks(profile: ResolvedProfile): Link[] {
  const fetching = fetchedPackages(profile).length > 0;
  const isStarted = (service: string) => {
    if (FOR_FETCHING.has(service)) return fetching;
    if (service === 'airhive-mdns') return profile.network.mdns;
    return profile.wifi.accessPoint === null || !OF_STATION.test(`etc/init.d/${service}`);
  };
  return Object.entries(RUNLEVELS).flatMap(([level, services]) =>
    services.filter(isStarted).map((service) => ({
      type: 'symlink' as const,
      path: `etc/runlevels/${level}/${service}`,
      mode: 0o777,
      target: `/etc/init.d/${service}`,
    })),
  );
}

/** The names that templates in overlays/guest may use: the groups of the profile, and what follows from them. */
function guestView(profile: ResolvedProfile, version: string): View {
  const { name, text: _text, ...groups } = profile;
  const { network, ssh, release, alpine, firewall, wifi } = groups;
  return {
    ...groups,
    profile: name,
    version,
    ap: profile.wifi.accessPoint,
    lan: `${network.subnet}/${network.prefix}`,
    // Without its length it would be one address to ip6tables.
    ipv6Subnet: network.ipv6 ? `${network.ipv6.subnet}/${network.ipv6.prefix}` : '',
    saePwe: knowsHashToElement(release.release),
    portalCheck: groups.wifi.portalCheck ?? '',
    reversePort: ssh.reverse ? ssh.port : '',
    sendName: groups.wifi.sendName ? 'yes' : '',
    onlyTrusted: firewall.only === 'trusted',
    otherMac: wifi.mac !== 'permanent',
    world: worldPackages(profile),
    fetched: fetchedPackages(profile).join(' '),
    mirrors: alpine.mirrors.join(' '),
    // Extra packages may live in either repository; the second index is large, so only they make it needed.
    repositories: alpine.packages.length > 0 ? 'main community' : 'main',
  };
}

/** sae_pwe came with wpa_supplicant 2.10, in Alpine 3.16; an older one stops at a setting it does not know. */
function knowsHashToElement(release: string): boolean {
  const [major = 0, minor = 0] = release.split('.').map(Number);
  return major > 3 || (major === 3 && minor >= 16);
}

/** What the guest's services call. */
const NEEDED = ['alpine-base', 'dnsmasq', 'e2fsprogs', 'iptables', 'iw', 'openssh', 'wpa_supplicant'];

/** Packages installed from the ISO at every boot (etc/apk/world). A name the ISO lacks would be skipped silently. */
export function worldPackages(profile: ResolvedProfile): string[] {
  return needed(profile).filter((name) => !isLacking(profile, name));
}

/** Packages the guest fetches over its own Wi-Fi and keeps: what the ISO lacks, and the profile's extra ones. */
export function fetchedPackages(profile: ResolvedProfile): string[] {
  const lacking = needed(profile).filter((name) => isLacking(profile, name));
  return [...new Set([...lacking, ...profile.alpine.packages])].sort(compareCodeUnits);
}

/** What a lock of this profile answers. */
export function askedOf(profile: ResolvedProfile): Asked {
  const firmware = profile.passthrough.flatMap((device) => device.firmware.flatMap(({ files }) => files));
  return {
    iso: worldPackages(profile),
    packages: fetchedPackages(profile),
    firmware: [...new Set(firmware)].sort(compareCodeUnits),
  };
}

/** Packages of Alpine's main repository that are on no ISO of any release. */
const ON_NO_ISO: ReadonlySet<string> = new Set(['avahi', 'hostapd']);

function needed({ network, wifi }: ResolvedProfile): string[] {
  const names = wifi.accessPoint
    ? NEEDED.map((name) => (name === 'wpa_supplicant' ? 'hostapd' : name))
    : NEEDED;
  const more = [...(network.ipv6 ? ['ip6tables'] : []), ...(network.mdns ? ['avahi'] : [])];
  return [...names, ...more].sort(compareCodeUnits);
}

/** ip6tables is a part of iptables, or its neighbour, in every release. */
function isLacking(profile: ResolvedProfile, name: string): boolean {
  return ON_NO_ISO.has(name) || profile.release.lacks.includes(name === 'ip6tables' ? 'iptables' : name);
}
