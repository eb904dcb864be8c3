import {
  broadcastOf,
  contains,
  formatAddress,
  formatSubnet,
  subnet,
  subnetOf,
  type Subnet,
} from '../address.ts';
import { homeRangeIn } from '../home-ranges.ts';
import { error, warning, type Problem } from '../problem.ts';
import type { Check, ProfileDraft, Rule } from './rule.ts';

/** Ranges whose addresses no host can have (RFC 6890, section 2.2.2, and RFC 5771 for multicast). */
const NEVER_A_HOST: readonly { range: Subnet; what: string }[] = [
  { range: subnet('0.0.0.0/8'), what: '"this network"' },
  { range: subnet('127.0.0.0/8'), what: 'loopback' },
  { range: subnet('169.254.0.0/16'), what: 'link-local' },
  { range: subnet('224.0.0.0/4'), what: 'multicast' },
  { range: subnet('240.0.0.0/4'), what: 'reserved' },
];

/** Private ranges (RFC 1918) and the shared one (RFC 6598). */
const PRIVATE = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10'].map(subnet);

function subnetIn(profile: ProfileDraft): Subnet | undefined {
  const host = profile.network?.host;
  return host && subnetOf(host.address, host.prefix);
}

function addressesIn(profile: ProfileDraft) {
  const { host, guest } = profile.network ?? {};
  return [
    { name: 'host', value: host },
    { name: 'guest', value: guest },
  ].flatMap(({ name, value }) => (value ? [{ path: ['network', name], ...value }] : []));
}

const addressesBelongToHosts: Check = (profile) =>
  addressesIn(profile).flatMap(({ path, text, address }) => {
    const special = NEVER_A_HOST.find(({ range }) => contains(range, address));
    if (!special) return [];
    return [
      error(path, `${text} is a ${special.what} address, which no machine can have; for example 172.24.1.1`),
    ];
  });

const guestIsInSubnet: Check = (profile) => {
  const range = subnetIn(profile);
  const guest = profile.network?.guest;
  if (!range || !guest || contains(range, guest.address)) return [];
  const room = `${formatAddress(range.network + 1)} to ${formatAddress(broadcastOf(range) - 1)}`;
  return [
    error(
      ['network', 'guest'],
      `${guest.text} is outside of ${formatSubnet(range)}, the subnet of network.host; take one from ${room}`,
    ),
  ];
};

const hostIsNotGuest: Check = (profile) => {
  const { host, guest } = profile.network ?? {};
  if (!guest || host?.address !== guest.address) return [];
  return [error(['network', 'guest'], `${guest.text} is the address of the host too; each needs its own`)];
};

const addressesAreNotTheSubnets: Check = (profile) => {
  const range = subnetIn(profile);
  if (!range) return [];
  return addressesIn(profile).flatMap(({ path, text, address }): Problem[] => {
    if (address === range.network)
      return [error(path, `${text} is the address of ${formatSubnet(range)} itself`)];
    if (address !== broadcastOf(range)) return [];
    return [error(path, `${text} is the broadcast address of ${formatSubnet(range)}`)];
  });
};

/** The host may have a resolver of its own (127.0.0.1), so loopback is fine here. */
const dnsCanAnswer: Check = (profile) => {
  const dns = profile.network?.dns;
  const range = subnetIn(profile);
  if (!dns) return [];
  const special = NEVER_A_HOST.find(({ range, what }) => what !== 'loopback' && contains(range, dns.address));
  if (special)
    return [
      error(['network', 'dns'], `${dns.text} is a ${special.what} address, so no server answers there`),
    ];
  const unusable = range && [range.network, broadcastOf(range)].includes(dns.address);
  return unusable
    ? [error(['network', 'dns'], `${dns.text} is the network or broadcast address of ${formatSubnet(range)}`)]
    : [];
};

const subnetIsPrivate: Check = (profile) => {
  const range = subnetIn(profile);
  const { host } = profile.network ?? {};
  if (!range || !host || PRIVATE.some((wide) => wide.prefix <= range.prefix && contains(wide, range.network)))
    return [];
  if (NEVER_A_HOST.some(({ range: special }) => contains(special, host.address))) return [];
  return [
    warning(
      ['network', 'host'],
      `${formatSubnet(range)} is not a private range, so the machines on the Internet that have these addresses ` +
        'are out of reach for the host; for example 172.24.1.49/24',
    ),
  ];
};

const subnetIsNoHomeRange: Check = (profile) => {
  const range = subnetIn(profile);
  const home = range && homeRangeIn(range);
  if (!home) return [];
  return [
    warning(
      ['network', 'host'],
      `${formatSubnet(range)} shares addresses with ${formatSubnet(home.range)}, the default of ${home.used}: on such ` +
        'a Wi-Fi the guest refuses the lease; for example 172.24.1.49/24',
    ),
  ];
};

export const networkRules: readonly Rule[] = [
  {
    demand:
      '`network.host` and `network.guest` are addresses that a machine can have: not 0.0.0.0/8, loopback, link-local, multicast or reserved.',
    otherwise: 'error',
    check: addressesBelongToHosts,
  },
  {
    demand: '`network.guest` lies in the subnet of `network.host`.',
    otherwise: 'error',
    check: guestIsInSubnet,
  },
  {
    demand: '`network.guest` is not the address of `network.host`.',
    otherwise: 'error',
    check: hostIsNotGuest,
  },
  {
    demand: 'Neither of the two is the network or the broadcast address of the subnet.',
    otherwise: 'error',
    check: addressesAreNotTheSubnets,
  },
  {
    demand:
      "`network.dns` is an address where a server can answer; loopback is one, for a resolver of the host's own.",
    otherwise: 'error',
    check: dnsCanAnswer,
  },
  {
    demand: 'The subnet is private (RFC 1918) or shared (RFC 6598).',
    otherwise: 'warning',
    check: subnetIsPrivate,
  },
  {
    demand:
      'The subnet shares no address with the range that a well-known kind of router or hotspot hands out.',
    otherwise: 'warning',
    check: subnetIsNoHomeRange,
  },
];
