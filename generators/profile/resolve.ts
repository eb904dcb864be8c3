import type { Diagnostic } from '../errors.ts';
import {
  formatAddress,
  formatSubnet,
  formatUla,
  maskOf,
  overlaps,
  poolOf,
  reverseZoneOfUla,
  reverseZones,
  subnet,
  subnetOf,
} from './address.ts';
import { idsOf, idText, wantedFirmware, type Card, type CardTable } from './cards.ts';
import { describe } from './diagnostics.ts';
import { error, formatPath, parseYaml, toDiagnostics, type Problem, type Source } from './document.ts';
import { readBy } from './issues.ts';
import type { ReleasePin } from './releases.ts';
import { pinOf, ruleProblems } from './rules.ts';
import { profileSchema, type Profile } from './schema.ts';
import { spelledOut } from './spelled-out.ts';

/** A profile with every default filled in and every derived value worked out: what the rest of airhive reads. */
export type ResolvedProfile = ReturnType<typeof complete> & {
  /** The profile as its bundle has it: YAML that is resolved to this. */
  readonly text: string;
};
export type ResolvedDevice = ResolvedProfile['passthrough'][number];

/** A profile's text, its file as messages name it, and the name that its bundle gets. */
export interface ProfileSource extends Source {
  readonly name: string;
}

/**
 * Reads, checks and completes a profile. `profile` is there exactly when no diagnostic is an error; all that is wrong
 * is reported at once. Never throws on any text.
 * @param today YYYY-MM-DD; only whether there is a warning depends on it
 */
export function resolveProfile(
  source: ProfileSource,
  releases: readonly ReleasePin[],
  cards: CardTable,
  today: string,
): { profile?: ResolvedProfile; diagnostics: readonly Diagnostic[] } {
  const document = parseYaml(source);
  const known = [...nameProblems(source.name), ...document.problems];
  if (document.value === undefined) return { diagnostics: toDiagnostics(document, known) };
  const { data, draft = {}, problems: issues } = readBy(document, profileSchema);
  const wrong = new Set(issues.map(({ path }) => formatPath(path)));
  const problems = [...known, ...issues, ...ruleProblems(draft, { releases, cards, today, wrong })];
  const diagnostics = toDiagnostics(document, problems);
  const pin = pinOf(draft, releases);
  if (!data || !pin || problems.some(({ severity }) => severity === 'error')) return { diagnostics };
  const text = spelledOut(profileSchema, document.value);
  return { profile: { ...complete(source.name, data, pin, cards), text }, diagnostics };
}

/** What the base name of a profile's file has to be. */
export const PROFILE_NAME =
  'lower-case letters, digits and . _ -, starting with a letter or a digit, at most 40 of them, not ending in .tar or .pkg';

const NAME = /^[a-z0-9][a-z0-9._-]{0,39}$/;

/** The name becomes a directory and files beside it, so `x` and `x.tar` would be in each other's way. */
function nameProblems(name: string): Problem[] {
  if (NAME.test(name) && !/\.(tar|pkg)$/.test(name)) return [];
  return [
    error([], `the name of a profile has to be of ${PROFILE_NAME}; got ${describe(name)}; rename the file`),
  ];
}

/**
 * Only what is derived has a line here: every other key passes through as the schema reads it. The manifest lists the
 * result in this order.
 */
function complete(name: string, { alpine, ...groups }: Profile, pin: ReleasePin, cards: CardTable) {
  // The pin has it too.
  const { arch, ...chosen } = alpine;
  return {
    /** Base name of the profile file; names `dist/NAME/`. */
    name,
    alpine: chosen,
    /** The pin that `alpine.release` and `alpine.flavor` choose. */
    release: pin,
    ...groups,
    /** In the order of the profile. */
    passthrough: groups.passthrough.map((device) => completeDevice(device, cards)),
    network: completeNetwork(groups.network),
    wifi: { ...groups.wifi, accessPoint: completeAccessPoint(groups) },
    firewall: {
      ...groups.firewall,
      // The network that the guest itself makes needs no mark.
      only: groups.wifi.mode === 'access-point' ? ('any' as const) : groups.firewall.only,
      forwards: groups.firewall.forwards.map(completeForward),
    },
  };
}

function completeDevice(written: Profile['passthrough'][number], cards: CardTable) {
  const { pci, id = [], ...others } = written;
  const meant = cardsMeant(written, cards);
  const ids = others.maker === undefined ? id.map(idText) : [...new Set(meant.flatMap(idsOf))];
  return {
    /** As pptdevs and bhyve take it; auto for a card that is looked for on the host, which has no place here. */
    pci: pci === 'auto' ? pci : pci.text,
    place: pci === 'auto' ? undefined : { bus: pci.bus, slot: pci.slot, func: pci.func },
    /** One for a card with a place, or all that the card may have. */
    ids,
    ...others,
    firmware: wantedFirmware(meant, written.firmware),
    /** Those of the ids whose cards some of the firmware is for. */
    firmwareFor: ids.filter((id) => {
      const own = meant.filter((card) => idsOf(card).includes(id));
      return wantedFirmware(own, written.firmware).length > 0;
    }),
  };
}

/** What the table has of a device: of a maker or of several ids the cards that can work, unless the profile takes all. */
function cardsMeant({ id = [], maker, force }: Profile['passthrough'][number], cards: CardTable): Card[] {
  const named = maker === undefined ? id.flatMap((one) => cards.withId(idText(one))) : cards.ofMaker(maker);
  return named.filter(({ verdict }) => force || verdict !== 'never');
}

function completeForward(forward: Profile['firewall']['forwards'][number]) {
  return { ...forward, to: forward.to ?? forward.port };
}

/** Null for a guest that joins networks. */
function completeAccessPoint({ wifi, network }: Pick<Profile, 'wifi' | 'network'>) {
  const { accessPoint } = wifi;
  if (wifi.mode === 'station' || !accessPoint) return null;
  const { ssid, channel, security, dns, isolate } = accessPoint;
  const { address, prefix } = accessPoint.address ?? freeAddress(network);
  const range = subnetOf(address, prefix);
  const pool = poolOf(range, [address]);
  return {
    ssid,
    ssidHex: Buffer.from(ssid).toString('hex'),
    channel,
    frequency: frequencyOf(channel),
    /** As hostapd names the band. */
    hwMode: channel > 14 ? 'a' : 'g',
    country: wifi.country === '00' ? null : wifi.country,
    security,
    wpa3: security !== 'wpa2',
    keyManagement: { wpa2: 'WPA-PSK WPA-PSK-SHA256', wpa3: 'SAE', both: 'WPA-PSK WPA-PSK-SHA256 SAE' }[
      security
    ],
    protection: security === 'wpa3' ? 2 : 1,
    isolate,
    address: formatAddress(address),
    prefix,
    netmask: formatAddress(maskOf(prefix)),
    /** The clients' network, e.g. `172.24.2.0/24`. */
    range: formatSubnet(range),
    pool: pool && { first: formatAddress(pool.first), last: formatAddress(pool.last) },
    dns: dns.map(({ text }) => text),
    /** The host has a resolver of its own. */
    asksHost: dns.some(({ address: server }) => server === network.host.address),
  };
}

/** IEEE 802.11-2020, annex E: MHz of the channels of both bands. */
function frequencyOf(channel: number): number {
  return channel > 14 ? 5000 + 5 * channel : 2407 + 5 * channel;
}

/** The first /24 from 172.24.2.0 on that shares no address with the bridge's network. */
function freeAddress({ host }: Profile['network']): { address: number; prefix: number } {
  const taken = subnetOf(host.address, host.prefix);
  const free = [2, 3, 4]
    .map((third) => subnet(`172.24.${third}.0/24`))
    .concat(subnet('10.77.2.0/24'))
    .find((candidate) => !overlaps(candidate, taken));
  return { address: (free?.network ?? 0) + 1, prefix: 24 };
}

function completeNetwork({ bridge, tap, host, guest, dns, ipv6, ...others }: Profile['network']) {
  const range = subnetOf(host.address, host.prefix);
  const pool = poolOf(range, [host.address, guest.address]);
  return {
    bridge,
    tap,
    host: host.text,
    guest: guest.text,
    prefix: host.prefix,
    netmask: formatAddress(maskOf(host.prefix)),
    /** Network address, e.g. `172.24.1.0`. */
    subnet: formatAddress(range.network),
    dns: (dns ?? guest).text,
    /** DHCP for other clients on the bridge; null when no address is free. */
    pool: pool && { first: formatAddress(pool.first), last: formatAddress(pool.last) },
    ipv6: ipv6
      ? { host: formatUla(ipv6, 2), guest: formatUla(ipv6, 1), prefix: 64, subnet: formatUla(ipv6, 0) }
      : null,
    /** Where the addresses of host and guest are looked up, e.g. `1.24.172.in-addr.arpa`. */
    reverseZones: [...reverseZones(range), ...(ipv6 ? [reverseZoneOfUla(ipv6)] : [])],
    ...others,
  };
}
