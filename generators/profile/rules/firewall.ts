import { error } from '../problem.ts';
import type { Check, ProfileDraft, Rule } from './rule.ts';

const path = (index: number) => ['firewall', 'forwards', index, 'port'];

/** Forwards whose port and protocol are both known. */
function forwardsIn(profile: ProfileDraft) {
  return (profile.firewall?.forwards ?? []).flatMap((forward, index) => {
    const { protocol, port } = forward ?? {};
    return protocol === undefined || port === undefined ? [] : [{ protocol, port, index }];
  });
}

const forwardsDiffer: Check = (profile) => {
  const seen = new Map<string, number>();
  return forwardsIn(profile).flatMap(({ protocol, port, index }) => {
    const key = `${protocol} ${port}`;
    const first = seen.get(key);
    if (first === undefined) {
      seen.set(key, index);
      return [];
    }
    return [
      error(
        path(index),
        `${key} leads somewhere already: firewall.forwards[${first}]; remove one of the two`,
      ),
    ];
  });
};

const forwardsLeaveReversePort: Check = (profile) => {
  const { reverse, port: taken } = profile.ssh ?? {};
  if (reverse !== true || taken === undefined) return [];
  return forwardsIn(profile)
    .filter(({ protocol, port }) => protocol === 'tcp' && port === taken)
    .map(({ index }) =>
      error(
        path(index),
        `tcp ${taken} is the port of the reverse tunnel, ssh.port; take another port for one of the two`,
      ),
    );
};

const DHCP_CLIENT = 68;

const forwardsLeaveDhcp: Check = (profile) =>
  forwardsIn(profile)
    .filter(({ protocol, port }) => protocol === 'udp' && port === DHCP_CLIENT)
    .map(({ index }) =>
      error(
        path(index),
        `udp ${DHCP_CLIENT} is where the guest itself receives its DHCP lease; take another port`,
      ),
    );

export const firewallRules: readonly Rule[] = [
  {
    demand: 'No two forwards have the same protocol and port.',
    otherwise: 'error',
    check: forwardsDiffer,
  },
  {
    demand: 'With `ssh.reverse` on, no forward of tcp takes `ssh.port`.',
    otherwise: 'error',
    check: forwardsLeaveReversePort,
  },
  {
    demand: `No forward of udp takes port ${DHCP_CLIENT}, where the guest receives its own lease.`,
    otherwise: 'error',
    check: forwardsLeaveDhcp,
  },
];
