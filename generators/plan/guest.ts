import { treeOf, type Link, type Tree } from '../formats/tree.ts';
import type { ResolvedProfile } from '../profile/resolve.ts';
import { guestView } from './guest-view.ts';
import { planOverlay, type OverlaySource } from './overlay.ts';
import { fetchedPackages } from './packages.ts';

/**
 * The guest's file tree, as the apkovl carries it: the overlay's files and the runlevel links that start services.
 * @param sources the files of overlays/guest
 * @param version airhive's own version
 */
export function planGuest(
  profile: ResolvedProfile,
  sources: readonly OverlaySource[],
  version: string,
): Tree {
  return treeOf([
    ...planOverlay(sources, guestView(profile, version)),
    ...runlevelLinks(profile),
    // The initramfs gives /root this mode whatever the archive says; the archive should not say otherwise.
    { type: 'directory', path: 'root', mode: 0o700 },
  ]);
}

/**
 * Alpine starts nothing by itself once there is an overlay: without this whole set there is no modloop, so no Wi-Fi
 * driver (docs/notes/alpine.md). hwclock is linked by the initramfs.
 */
const RUNLEVELS: Readonly<Record<string, readonly string[]>> = {
  sysinit: ['devfs', 'dmesg', 'mdev', 'hwdrivers', 'modloop'],
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
  ],
  default: ['acpid', 'sshd', 'airhive-fetch'],
  shutdown: ['killprocs', 'mount-ro', 'savecache', 'airhive-release'],
};

/** Services that only make sense when some packages have to be fetched. */
const FOR_FETCHING = new Set(['airhive-packages', 'airhive-fetch']);

function runlevelLinks(profile: ResolvedProfile): Link[] {
  const fetching = fetchedPackages(profile).length > 0;
  return Object.entries(RUNLEVELS).flatMap(([level, services]) =>
    services
      .filter((service) => fetching || !FOR_FETCHING.has(service))
      .map((service) => ({
        type: 'symlink' as const,
        path: `etc/runlevels/${level}/${service}`,
        mode: 0o777,
        target: `/etc/init.d/${service}`,
      })),
  );
}
