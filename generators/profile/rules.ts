import {
  broadcastOf,
  contains,
  formatAddress,
  formatSubnet,
  overlaps,
  subnet,
  subnetOf,
  type Subnet,
} from './address.ts';
import { cardRules } from './card-rules.ts';
import type { CardTable } from './cards.ts';
import { error, formatPath, unsupported, warning, type Path, type Problem } from './document.ts';
import type { Draft } from './issues.ts';
import { keepsAddresses, type ReleasePin } from './releases.ts';
import type { profileSchema } from './schema.ts';

/** What is valid of a profile; see issues.ts. */
type ProfileDraft = Draft<typeof profileSchema>;

export type DeviceDraft = NonNullable<ProfileDraft['passthrough']>[number];

/** One thing that has to hold between several values, or with the pins. */
export interface Rule {
  /** What has to hold, in the words of the manual: sentences with keys in backticks. */
  readonly demand: string;
  /** What all problems are that the check finds. */
  readonly otherwise: 'error' | 'unsupported' | 'warning';
  /** What is wrong, or nothing, also when a value that is needed is missing: that has been reported already. */
  readonly check: (profile: ProfileDraft, facts: Facts) => Problem[];
}

/** What a profile is checked against. */
export interface Facts {
  readonly releases: readonly ReleasePin[];
  readonly cards: CardTable;
  /** YYYY-MM-DD. */
  readonly today: string;
  /** The paths of values that the schema refuses, which look as if missing. */
  readonly wrong: ReadonlySet<string>;
}

/** What all rules have against a profile. */
export function ruleProblems(profile: ProfileDraft, facts: Facts): Problem[] {
  return RULES.flatMap(({ check }) => check(profile, facts));
}

/** Every entry that repeats an earlier one, with the place of the first. */
function repeatsIn(keys: readonly (string | undefined)[]) {
  return keys.flatMap((key, index) => {
    const first = keys.indexOf(key);
    return key === undefined || first === index ? [] : [{ key, index, first }];
  });
}

/** The pin that a profile names. */
export function pinOf({ alpine }: ProfileDraft, releases: readonly ReleasePin[]): ReleasePin | undefined {
  return releases.find((pin) => pin.release === alpine?.release && pin.flavor === alpine.flavor);
}

const releaseRules: readonly Rule[] = [
  {
    demand: '`alpine.release` and `alpine.flavor` together name a pinned ISO.',
    otherwise: 'error',
    check: ({ alpine: { release, flavor } = {} }, { releases }) => {
      if (release === undefined) return [];
      const flavors = releases.filter((pin) => pin.release === release).map((pin) => pin.flavor);
      if (flavors.length === 0) {
        const pinned = releases.map((pin) => `${pin.release} ${pin.flavor}`).join(', ');
        return [error(['alpine', 'release'], `${release} is not pinned; pinned are ${pinned}`)];
      }
      if (flavor === undefined || flavors.includes(flavor)) return [];
      const only = `${release} is not pinned as ${flavor}, only as ${flavors.join(' and ')}`;
      return [error(['alpine', 'flavor'], only)];
    },
  },
  {
    demand: 'The release still gets security fixes.',
    otherwise: 'warning',
    check: (profile, { releases, today }) => {
      const { release, eol = null } = pinOf(profile, releases) ?? {};
      if (release === undefined || eol === null || eol > today) return [];
      const old = `${release} has had no security fixes since ${eol}, and it faces the Wi-Fi; take a newer release if you can`;
      return [warning(['alpine', 'release'], old)];
    },
  },
  {
    demand: '`machine.memory` reaches the floor of the release, below which it does not boot.',
    otherwise: 'unsupported',
    check: (profile, { releases }) => {
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
    },
  },
];

/** Longest value of one loader variable (vmm(4), "pptdevs"). */
const PPTDEVS_LIMIT = 128;

/** `4/0/0`; undefined for a card that is looked for on the host. */
function placeIn(device: DeviceDraft): string | undefined {
  return device?.pci === 'auto' ? undefined : device?.pci?.text;
}

const passthroughRules: readonly Rule[] = [
  {
    demand: 'No two devices have the same `pci`.',
    otherwise: 'error',
    check: ({ passthrough = [] }) =>
      repeatsIn(passthrough.map((device) => placeIn(device))).map(({ key, index, first }) =>
        error(
          ['passthrough', index, 'pci'],
          `${key} is passthrough[${first}] already; remove one of the two`,
        ),
      ),
  },
  {
    demand: 'A device has either `id` or, with `pci: auto`, `maker`.',
    otherwise: 'error',
    check: ({ passthrough = [] }, { wrong }) =>
      passthrough.flatMap((device, index) => {
        const at = ['passthrough', index];
        const isWrong = (key: string) => [...wrong].some((path) => path.startsWith(formatPath([...at, key])));
        if (!device || isWrong('id') || isWrong('maker')) return [];
        if (!device.id && device.maker === undefined)
          return [
            error(
              [...at, 'id'],
              'is missing; it has to be vendor:device, four hexadecimal digits each, for example 8086:24f3',
            ),
          ];
        if (device.id && device.maker !== undefined)
          return [
            error([...at, 'maker'], `${device.maker} and id say the same twice; remove one of the two`),
          ];
        if (device.maker === undefined || device.pci === undefined || device.pci === 'auto') return [];
        return [
          error(
            [...at, 'maker'],
            `a card at ${device.pci.text} has to be named by its id; or write pci: auto`,
          ),
        ];
      }),
  },
  {
    demand: 'With a place in `pci`, `id` is a single one.',
    otherwise: 'error',
    check: ({ passthrough = [] }) =>
      passthrough.flatMap((device, index) => {
        const { pci, id = [] } = device ?? {};
        if (pci === undefined || pci === 'auto' || id.length <= 1) return [];
        return [
          error(
            ['passthrough', index, 'id'],
            `there is one card at ${pci.text}; name its id, or write pci: auto`,
          ),
        ];
      }),
  },
  {
    demand: 'One device at most has `pci: auto`.',
    otherwise: 'error',
    check: ({ passthrough = [] }) =>
      repeatsIn(passthrough.map((device) => (device?.pci === 'auto' ? 'auto' : undefined))).map(
        ({ index, first }) =>
          error(
            ['passthrough', index, 'pci'],
            `passthrough[${first}] is looked for already; give this one its place, or name both ids in one device`,
          ),
      ),
  },
  {
    // A list of eight always fits; this is about longer ones, which get their other error too.
    demand: `The places of all devices fit into pptdevs of loader.conf, ${PPTDEVS_LIMIT} characters.`,
    otherwise: 'error',
    check: ({ passthrough = [] }) => {
      const value = passthrough.flatMap((device) => placeIn(device) ?? []).join(' ');
      if (value.length <= PPTDEVS_LIMIT) return [];
      return [
        error(
          ['passthrough'],
          `pptdevs in loader.conf would be ${value.length} characters; the loader keeps ${PPTDEVS_LIMIT}; name fewer devices`,
        ),
      ];
    },
  },
];

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

/**
 * Ranges that access points hand out unless told otherwise, from their makers' documented defaults. When the guest's own
 * subnet is one of them, a lease on its Wi-Fi side can lie in the same range, and the host then reaches neither
 * (wifibox issue 83 is such a case).
 */
export const HOME_RANGES: readonly { range: Subnet; used: string }[] = [
  { range: subnet('192.168.0.0/24'), used: 'D-Link, Netgear and TP-Link routers' },
  { range: subnet('192.168.1.0/24'), used: 'ASUS, Linksys and many other routers' },
  { range: subnet('192.168.2.0/24'), used: 'Belkin and Speedport routers' },
  { range: subnet('192.168.3.0/24'), used: 'Huawei routers' },
  { range: subnet('192.168.4.0/22'), used: 'eero routers' },
  { range: subnet('192.168.8.0/24'), used: 'Huawei mobile routers' },
  { range: subnet('192.168.31.0/24'), used: 'Xiaomi routers' },
  { range: subnet('192.168.43.0/24'), used: 'Android hotspots' },
  { range: subnet('192.168.49.0/24'), used: 'Wi-Fi Direct groups of Android' },
  { range: subnet('192.168.50.0/24'), used: 'newer ASUS routers' },
  { range: subnet('192.168.68.0/24'), used: 'TP-Link Deco routers' },
  { range: subnet('192.168.86.0/24'), used: 'Google and Nest routers' },
  { range: subnet('192.168.88.0/24'), used: 'MikroTik routers' },
  { range: subnet('192.168.100.0/24'), used: 'cable modems' },
  { range: subnet('192.168.178.0/24'), used: 'FRITZ!Box routers' },
  { range: subnet('192.168.179.0/24'), used: 'FRITZ!Box guest networks' },
  { range: subnet('10.0.0.0/24'), used: 'Xfinity routers' },
  { range: subnet('10.0.1.0/24'), used: 'Apple routers' },
  { range: subnet('10.1.1.0/24'), used: 'some D-Link and NetComm routers' },
  { range: subnet('172.16.0.0/24'), used: 'some office routers' },
  { range: subnet('172.20.10.0/28'), used: 'iPhone hotspots' },
];

function subnetIn({ network }: ProfileDraft): Subnet | undefined {
  return network?.host && subnetOf(network.host.address, network.host.prefix);
}

function addressesIn({ network: { host, guest } = {} }: ProfileDraft) {
  return [
    { name: 'host', value: host },
    { name: 'guest', value: guest },
  ].flatMap(({ name, value }) => (value ? [{ path: ['network', name], ...value }] : []));
}

const addressRules: readonly Rule[] = [
  {
    demand:
      '`network.host` and `network.guest` are addresses that a machine can have: not 0.0.0.0/8, loopback, link-local, multicast or reserved.',
    otherwise: 'error',
    check: (profile) =>
      addressesIn(profile).flatMap(({ path, text, address }) => {
        const special = NEVER_A_HOST.find(({ range }) => contains(range, address));
        if (!special) return [];
        const never = `${text} is a ${special.what} address, which no machine can have; for example 172.24.1.1`;
        return [error(path, never)];
      }),
  },
  {
    demand: '`network.guest` lies in the subnet of `network.host`.',
    otherwise: 'error',
    check: (profile) => {
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
    },
  },
  {
    demand: '`network.guest` is not the address of `network.host`.',
    otherwise: 'error',
    check: ({ network: { host, guest } = {} }) => {
      if (!guest || host?.address !== guest.address) return [];
      const same = `${guest.text} is the address of the host too; each needs its own`;
      return [error(['network', 'guest'], same)];
    },
  },
  {
    demand: 'Neither of the two is the network or the broadcast address of the subnet.',
    otherwise: 'error',
    check: (profile) => {
      const range = subnetIn(profile);
      if (!range) return [];
      return addressesIn(profile).flatMap(({ path, text, address }): Problem[] => {
        if (address === range.network)
          return [error(path, `${text} is the address of ${formatSubnet(range)} itself`)];
        if (address !== broadcastOf(range)) return [];
        return [error(path, `${text} is the broadcast address of ${formatSubnet(range)}`)];
      });
    },
  },
  {
    demand:
      "`network.dns` is an address where a server can answer; loopback is one, for a resolver of the host's own.",
    otherwise: 'error',
    check: (profile) => {
      const dns = profile.network?.dns;
      if (!dns) return [];
      const special = NEVER_A_HOST.find(
        ({ range, what }) => what !== 'loopback' && contains(range, dns.address),
      );
      if (special)
        return [
          error(['network', 'dns'], `${dns.text} is a ${special.what} address, so no server answers there`),
        ];
      const range = subnetIn(profile);
      if (!range || ![range.network, broadcastOf(range)].includes(dns.address)) return [];
      const unusable = `${dns.text} is the network or broadcast address of ${formatSubnet(range)}`;
      return [error(['network', 'dns'], unusable)];
    },
  },
];

const rangeRules: readonly Rule[] = [
  {
    demand: 'The subnet is private (RFC 1918) or shared (RFC 6598).',
    otherwise: 'warning',
    check: (profile) => {
      const range = subnetIn(profile);
      const { host } = profile.network ?? {};
      if (!range || !host) return [];
      if (PRIVATE.some((wide) => wide.prefix <= range.prefix && contains(wide, range.network))) return [];
      if (NEVER_A_HOST.some(({ range: special }) => contains(special, host.address))) return [];
      return [
        warning(
          ['network', 'host'],
          `${formatSubnet(range)} is not a private range, so the machines on the Internet that have these addresses ` +
            'are out of reach for the host; for example 172.24.1.49/24',
        ),
      ];
    },
  },
  {
    demand:
      'The subnet shares no address with the range that a well-known kind of router or hotspot hands out.',
    otherwise: 'warning',
    check: (profile) => {
      const own = subnetIn(profile);
      const home = own && HOME_RANGES.find(({ range }) => overlaps(range, own));
      if (!home) return [];
      return [
        warning(
          ['network', 'host'],
          `${formatSubnet(own)} shares addresses with ${formatSubnet(home.range)}, the default of ${home.used}: on such ` +
            'a Wi-Fi the guest refuses the lease; for example 172.24.1.49/24',
        ),
      ];
    },
  },
];

const DHCP_CLIENT = 68;

/** Problems with the forwards of a protocol and a port. */
function forwardProblems({ firewall }: ProfileDraft, protocol: 'tcp' | 'udp', port: number, why: string) {
  return (firewall?.forwards ?? []).flatMap((forward, index) =>
    forward?.protocol === protocol && forward.port === port ? [error(forwardPath(index), why)] : [],
  );
}

const forwardPath = (index: number): Path => ['firewall', 'forwards', index, 'port'];

const firewallRules: readonly Rule[] = [
  {
    demand: 'No two forwards have the same protocol and port.',
    otherwise: 'error',
    check: ({ firewall: { forwards = [] } = {} }) => {
      const ports = forwards.map(({ protocol, port } = {}) =>
        protocol === undefined || port === undefined ? undefined : `${protocol} ${port}`,
      );
      return repeatsIn(ports).map(({ key, index, first }) =>
        error(
          forwardPath(index),
          `${key} leads somewhere already: firewall.forwards[${first}]; remove one of the two`,
        ),
      );
    },
  },
  {
    demand: 'With `ssh.reverse` on, no forward of tcp takes `ssh.port`.',
    otherwise: 'error',
    check: (profile) => {
      const { reverse, port } = profile.ssh ?? {};
      if (reverse !== true || port === undefined) return [];
      const taken = `tcp ${port} is the port of the reverse tunnel, ssh.port; take another port for one of the two`;
      return forwardProblems(profile, 'tcp', port, taken);
    },
  },
  {
    demand: `No forward of udp takes port ${DHCP_CLIENT}, where the guest receives its own lease.`,
    otherwise: 'error',
    check: (profile) => {
      const taken = `udp ${DHCP_CLIENT} is where the guest itself receives its DHCP lease; take another port`;
      return forwardProblems(profile, 'udp', DHCP_CLIENT, taken);
    },
  },
];

const OLDEST_FREEBSD = 13;
const NEWEST_FREEBSD = 15;

const hostRules: readonly Rule[] = [
  {
    demand: `\`host.freebsd\` is from ${OLDEST_FREEBSD}.0 to ${NEWEST_FREEBSD}.x.`,
    otherwise: 'unsupported',
    check: ({ host }) => {
      const version = host?.freebsd;
      if (!version || (version.major >= OLDEST_FREEBSD && version.major <= NEWEST_FREEBSD)) return [];
      const reason =
        version.major < OLDEST_FREEBSD
          ? 'its devmatch(8) does not know devmatch_blocklist, which keeps the native driver away'
          : 'nobody has tried it yet';
      return [
        unsupported(
          ['host', 'freebsd'],
          `FreeBSD ${version.text} is not supported: ${reason}; supported are ${OLDEST_FREEBSD}.0 to ${NEWEST_FREEBSD}.x`,
        ),
      ];
    },
  },
];

/** ISO 3166-1 alpha-2, the codes that the kernel's regulatory database is made of, and 00, the world domain. */
export const COUNTRIES: ReadonlySet<string> = new Set(
  (
    '00 ' +
    'AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ ' +
    'CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR ' +
    'GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP ' +
    'KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT ' +
    'MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW ' +
    'SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ ' +
    'UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW'
  ).split(' '),
);

function listedTwice(path: Path, names: readonly (string | undefined)[] = []): Problem[] {
  return repeatsIn(names).map(({ key, index }) =>
    error([...path, index], `${key} is listed twice; remove one of the two`),
  );
}

const guestRules: readonly Rule[] = [
  {
    demand: '`wifi.mac: per-network` has a release whose wpa_supplicant can do that, Alpine 3.21 or newer.',
    otherwise: 'unsupported',
    check: (profile, { releases }) => {
      const pin = pinOf(profile, releases);
      if (profile.wifi?.mac !== 'per-network' || pin === undefined || keepsAddresses(pin.release)) return [];
      return [
        unsupported(
          ['wifi', 'mac'],
          `the wpa_supplicant of ${pin.release} cannot keep an address for each network, that of 3.21 and newer can; ` +
            'take random or permanent, or a newer release',
        ),
      ];
    },
  },
  {
    demand: '`wifi.interface` is neither lo nor eth0, which the guest has for other ends.',
    otherwise: 'error',
    check: ({ wifi }) => {
      const name = wifi?.interface;
      if (name !== 'lo' && name !== 'eth0') return [];
      const taken = name === 'lo' ? 'the loopback' : 'the way to the host';
      return [error(['wifi', 'interface'], `${name} is ${taken}; for example wlan0`)];
    },
  },
  {
    demand: '`wifi.country` is a code of ISO 3166.',
    otherwise: 'warning',
    check: ({ wifi }) => {
      const country = wifi?.country;
      if (country === undefined || COUNTRIES.has(country)) return [];
      const hint = country === 'UK' ? 'the United Kingdom is GB' : 'the codes are those of ISO 3166';
      return [
        warning(
          ['wifi', 'country'],
          `${country} is no country, so the radio would keep to the few channels of the world domain; ${hint}`,
        ),
      ];
    },
  },
  {
    demand:
      'Nothing stands twice in `alpine.mirrors`, in `alpine.packages`, in `host.retire`, or in the `id`, the `drivers` or the `firmware` of one device.',
    otherwise: 'error',
    check: ({ alpine, host, passthrough = [] }) => [
      ...listedTwice(['alpine', 'mirrors'], alpine?.mirrors),
      ...listedTwice(['alpine', 'packages'], alpine?.packages),
      ...passthrough.flatMap(({ id, drivers, firmware } = {}, index) => [
        ...listedTwice(
          ['passthrough', index, 'id'],
          id?.map(({ vendor, device }) => `${vendor}:${device}`),
        ),
        ...listedTwice(['passthrough', index, 'drivers'], drivers),
        ...listedTwice(['passthrough', index, 'firmware'], typeof firmware === 'string' ? [] : firmware),
      ]),
      ...listedTwice(['host', 'retire'], host?.retire),
    ],
  },
];

/** 20 MHz each. 52 to 144 are shared with radar, which few cards can look for; 14 is for Japan and 802.11b only. */
const CHANNELS = [
  ...Array.from({ length: 13 }, (_, index) => index + 1),
  ...[36, 40, 44, 48, 149, 153, 157, 161, 165],
];

/** Where the guest itself answers its clients. */
const SERVED: readonly (readonly ['tcp' | 'udp', number])[] = [
  ['tcp', 53],
  ['udp', 53],
  ['udp', 67],
];

const accessPointPath = (...keys: Path): Path => ['wifi', 'accessPoint', ...keys];

/** What the profile says of an access point, when it is one. */
function accessPointIn({ wifi }: ProfileDraft) {
  return wifi?.mode === 'access-point' ? (wifi.accessPoint ?? {}) : {};
}

const accessPointRules: readonly Rule[] = [
  {
    demand: '`wifi.accessPoint` is there with `mode: access-point`, and only then.',
    otherwise: 'error',
    check: ({ wifi }, { wrong }) => {
      if (wifi?.mode === 'access-point' && !wifi.accessPoint && !wrong.has('wifi.accessPoint'))
        return [
          error(
            ['wifi', 'mode'],
            'access-point needs the group wifi.accessPoint with ssid, channel and dns; see airhive-profile(5)',
          ),
        ];
      if (wifi?.mode !== 'station' || !wifi.accessPoint) return [];
      return [
        error(
          accessPointPath(),
          'is there, but wifi.mode is station: write mode: access-point, or remove it',
        ),
      ];
    },
  },
  {
    demand: '`wifi.accessPoint.ssid` has at most 32 bytes of UTF-8.',
    otherwise: 'error',
    check: (profile) => {
      const { ssid } = accessPointIn(profile);
      const bytes = Buffer.byteLength(ssid ?? '');
      if (bytes <= 32) return [];
      return [
        error(accessPointPath('ssid'), `has ${bytes} bytes in UTF-8, and the name of a network 32 at most`),
      ];
    },
  },
  {
    demand: `\`wifi.accessPoint.channel\` is one of ${CHANNELS.join(', ')}.`,
    otherwise: 'error',
    check: (profile) => {
      const { channel } = accessPointIn(profile);
      if (channel === undefined || CHANNELS.includes(channel)) return [];
      const why =
        channel >= 52 && channel <= 144
          ? `${channel} is shared with radar, which an access point has to look for and few cards can`
          : `${channel} is no channel of 20 MHz for an access point`;
      return [
        error(
          accessPointPath('channel'),
          `${why}; take 1 to 13, 36 to 48 or 149 to 165 (${CHANNELS.slice(13).join(', ')})`,
        ),
      ];
    },
  },
  {
    demand:
      'With `wifi.country` "00" the channel is one from 1 to 11: on all others the world domain only allows to listen.',
    otherwise: 'error',
    check: (profile) => {
      const { channel } = accessPointIn(profile);
      if (channel === undefined || channel <= 11 || profile.wifi?.country !== '00') return [];
      return [
        error(
          accessPointPath('channel'),
          `on channel ${channel} the world domain, wifi.country "00", allows to listen only; write the country, for example DE`,
        ),
      ];
    },
  },
  {
    demand:
      "`wifi.accessPoint.address` is an address that a machine can have, outside of the bridge's subnet.",
    otherwise: 'error',
    check: (profile) => {
      const { address: own } = accessPointIn(profile);
      if (!own) return [];
      const path = accessPointPath('address');
      const range = subnetOf(own.address, own.prefix);
      const special = NEVER_A_HOST.find((never) => contains(never.range, own.address));
      if (special)
        return [error(path, `${own.text} is a ${special.what} address; for example 172.24.2.1/24`)];
      if ([range.network, broadcastOf(range)].includes(own.address))
        return [error(path, `${own.text} is the network or broadcast address of ${formatSubnet(range)}`)];
      const bridge = subnetIn(profile);
      if (!bridge || !overlaps(bridge, range)) return [];
      return [
        error(
          path,
          `${formatSubnet(range)} shares addresses with ${formatSubnet(bridge)}, the network between host and guest; for example 172.24.2.1/24`,
        ),
      ];
    },
  },
  {
    demand:
      "`wifi.accessPoint.dns` has servers that the guest reaches through the host: not itself, not loopback, none in the clients' network.",
    otherwise: 'error',
    check: (profile) => {
      const { dns = [], address: own } = accessPointIn(profile);
      const guest = profile.network?.guest?.address;
      return dns.flatMap((server, index): Problem[] => {
        if (!server) return [];
        const path = accessPointPath('dns', index);
        const special = NEVER_A_HOST.find((never) => contains(never.range, server.address));
        if (special)
          return [
            error(path, `${server.text} is a ${special.what} address, where the guest reaches no server`),
          ];
        if (server.address === guest || (own && contains(subnetOf(own.address, own.prefix), server.address)))
          return [error(path, `${server.text} is the guest's own side; name a server that the host asks`)];
        return [];
      });
    },
  },
  {
    demand: 'No forward takes a port where the access point answers its clients: DNS (53) and DHCP (udp 67).',
    otherwise: 'error',
    check: (profile) => {
      if (profile.wifi?.mode !== 'access-point') return [];
      return SERVED.flatMap(([protocol, port]) =>
        forwardProblems(
          profile,
          protocol,
          port,
          `${protocol} ${port} is where the guest answers its clients; take another port`,
        ),
      );
    },
  },
  {
    demand: 'An access point has neither `network.ipv6` nor `network.mdns`: its clients get IPv4 only.',
    otherwise: 'unsupported',
    check: ({ wifi, network }) => {
      if (wifi?.mode !== 'access-point') return [];
      const why = (key: string, text: string) => unsupported(['network', key], `${text}; remove this key`);
      return [
        ...(network?.ipv6 ? [why('ipv6', 'the clients of an access point get IPv4 only')] : []),
        ...(network?.mdns
          ? [why('mdns', 'an access point reflects no mDNS between its clients and the host')]
          : []),
      ];
    },
  },
  {
    demand: 'An access point with WPA3 has a release whose hostapd knows WPA3, from 3.16 on.',
    otherwise: 'unsupported',
    check: (profile) => {
      const { security } = accessPointIn(profile);
      const [major = 0, minor = 0] = (profile.alpine?.release ?? '3.16').split('.').map(Number);
      if (security === undefined || security === 'wpa2' || major > 3 || minor >= 16) return [];
      return [
        unsupported(
          accessPointPath('security'),
          `the hostapd of Alpine ${profile.alpine?.release ?? ''} knows no WPA3; write security: wpa2, or take a newer release`,
        ),
      ];
    },
  },
  {
    demand:
      'An access point that opens something does so with `firewall.only: any`: its own network needs no mark.',
    otherwise: 'warning',
    check: ({ wifi, ssh, firewall }) => {
      if (wifi?.mode !== 'access-point' || firewall?.only !== 'trusted') return [];
      if (ssh?.reverse !== true && !firewall.forwards?.length) return [];
      return [
        warning(
          ['firewall', 'only'],
          'trusted closes nothing here: the network is the own one of the access point, and all its clients reach what the ' +
            'profile opens; write any, or open less (firewall.forwards, ssh.reverse)',
        ),
      ];
    },
  },
  {
    demand: 'An access point on 5 GHz has a card that is not of Intel.',
    otherwise: 'warning',
    check: (profile) => {
      const { channel = 0 } = accessPointIn(profile);
      const intel = profile.passthrough?.some(
        (device) => device?.maker === 'intel' || device?.id?.some(({ vendor }) => vendor === '8086'),
      );
      if (channel <= 14 || !intel) return [];
      return [
        warning(
          accessPointPath('channel'),
          `Intel's cards decide by themselves what is allowed where they are, and most allow no access point on 5 GHz ` +
            `(channel ${channel}); take a channel from 1 to 11 if the guest says so`,
        ),
      ];
    },
  },
];

/** All rules, in the order in which their problems are reported. */
export const RULES: readonly Rule[] = [
  ...releaseRules,
  ...passthroughRules,
  ...cardRules,
  ...addressRules,
  ...rangeRules,
  ...firewallRules,
  ...hostRules,
  ...guestRules,
  ...accessPointRules,
];
