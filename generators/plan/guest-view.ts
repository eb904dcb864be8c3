import type { ResolvedProfile } from '../profile/resolve.ts';
import { fetchedPackages, worldPackages } from './packages.ts';
import type { View } from './render.ts';

/** The names that templates in overlays/guest may use. */
export function guestView(profile: ResolvedProfile, version: string): View {
  const { network, ssh, release } = profile;
  const ipv6 = network.ipv6 && {
    ...network.ipv6,
    // Without its length it would be one address to ip6tables.
    subnet: `${network.ipv6.subnet}/${network.ipv6.prefix}`,
  };
  return {
    version,
    vm: profile.machine.name,
    guest: network.guest,
    host: network.host,
    netmask: network.netmask,
    lan: `${network.subnet}/${network.prefix}`,
    pool: network.pool && { ...network.pool },
    ipv6,
    ipv6Subnet: ipv6?.subnet ?? '',
    wlan: profile.wifi.interface,
    country: profile.wifi.country,
    saePwe: knowsHashToElement(release.release),
    forwards: profile.firewall.forwards.map((forward) => ({ ...forward })),
    reverse: ssh.reverse ? { port: ssh.port } : null,
    reversePort: ssh.reverse ? ssh.port : '',
    world: worldPackages(profile),
    fetched: fetchedPackages(profile).join(' '),
    mirrors: profile.alpine.mirrors.join(' '),
    branch: release.branch,
    // Extra packages may live in either repository; the second index is large, so only they make it needed.
    repositories: profile.alpine.packages.length > 0 ? 'main community' : 'main',
  };
}

/** sae_pwe came with wpa_supplicant 2.10, in Alpine 3.16; an older one stops at a setting it does not know. */
function knowsHashToElement(release: string): boolean {
  const [major = 0, minor = 0] = release.split('.').map(Number);
  return major > 3 || (major === 3 && minor >= 16);
}
