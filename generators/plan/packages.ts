import { compareCodeUnits } from '../formats/order.ts';
import type { ResolvedProfile } from '../profile/resolve.ts';

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

function needed(profile: ResolvedProfile): string[] {
  return profile.network.ipv6 ? [...NEEDED, 'ip6tables'].sort(compareCodeUnits) : NEEDED;
}

/** ip6tables is a part of iptables, or its neighbour, in every release. */
function isLacking(profile: ResolvedProfile, name: string): boolean {
  return profile.release.lacks.includes(name === 'ip6tables' ? 'iptables' : name);
}
