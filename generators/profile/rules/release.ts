import { error, unsupported, warning } from '../problem.ts';
import type { ReleasePin } from '../releases.ts';
import type { Check, ProfileDraft, Rule } from './rule.ts';

/** The pin that a profile names. */
export function pinOf(profile: ProfileDraft, releases: readonly ReleasePin[]): ReleasePin | undefined {
  const { release, flavor } = profile.alpine ?? {};
  return releases.find((pin) => pin.release === release && pin.flavor === flavor);
}

const releaseIsPinned: Check = (profile, releases) => {
  const { release, flavor } = profile.alpine ?? {};
  if (release === undefined) return [];
  const flavors = releases.filter((pin) => pin.release === release).map((pin) => pin.flavor);
  if (flavors.length === 0) {
    const pinned = releases.map((pin) => `${pin.release} ${pin.flavor}`).join(', ');
    return [error(['alpine', 'release'], `${release} is not pinned; pinned are ${pinned}`)];
  }
  if (flavor === undefined || flavors.includes(flavor)) return [];
  return [
    error(['alpine', 'flavor'], `${release} is not pinned as ${flavor}, only as ${flavors.join(' and ')}`),
  ];
};

const releaseIsMaintained: Check = (profile, releases) => {
  const pin = pinOf(profile, releases);
  const eol = pin?.eol ?? null;
  if (!pin || eol === null) return [];
  return [
    warning(
      ['alpine', 'release'],
      `${pin.release} has had no security fixes since ${eol}, and it faces the Wi-Fi; take a newer release if you can`,
    ),
  ];
};

const memoryReachesFloor: Check = (profile, releases) => {
  const pin = pinOf(profile, releases);
  const memory = profile.machine?.memory;
  if (!pin || memory === undefined || memory >= pin.floor) return [];
  return [
    unsupported(
      ['machine', 'memory'],
      `${memory}M is below the floor of Alpine ${pin.release}, ${pin.floor}M: with less the kernel cannot unpack the ` +
        `initramfs and panics; use ${pin.floor}M or more`,
    ),
  ];
};

export const releaseRules: readonly Rule[] = [
  {
    demand: '`alpine.release` and `alpine.flavor` together name a pinned ISO.',
    otherwise: 'error',
    check: releaseIsPinned,
  },
  {
    demand: 'The release still gets security fixes.',
    otherwise: 'warning',
    check: releaseIsMaintained,
  },
  {
    demand: '`machine.memory` reaches the floor of the release, below which it does not boot.',
    otherwise: 'unsupported',
    check: memoryReachesFloor,
  },
];
