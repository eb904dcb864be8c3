import {
  formatAddress,
  formatSubnet,
  maskOf,
  overlaps,
  parseAddress,
  subnet,
  subnetOf,
  type Subnet,
} from './address.ts';
import { linesOf } from './listing.ts';
import { HOME_RANGES } from './rules.ts';

/**
 * What `uname -r`, `freebsd-version`, `ifconfig` and `netstat -rn` say of a FreeBSD machine, each of them in the input or
 * not, in any order.
 */
export interface Machine {
  /** `14.3`, as `host.freebsd` has it: every version that is named, each once. */
  readonly freebsd: readonly string[];
  readonly interfaces: ReadonlyMap<string, ListedInterface>;
  /** Where routes lead. */
  readonly routes: readonly Subnet[];
  /** Where FreeBSD's own Wi-Fi was told to be used. */
  readonly country: string | undefined;
}

/** One interface as ifconfig shows it. */
export interface ListedInterface {
  readonly addresses: readonly { readonly address: number; readonly prefix: number }[];
  readonly groups: readonly string[];
  readonly members: readonly string[];
}

/** The kernel's or the userland's version, alone on a line or within that of `uname -a`. */
const VERSION =
  /(?<![A-Za-z0-9._-])([1-9][0-9]?\.[0-9]{1,2})-(?:RELEASE|STABLE|CURRENT|PRERELEASE|ALPHA[0-9]*|BETA[0-9]*|RC[0-9]*)(?![A-Za-z0-9])/g;
/** What a mail puts before the line of another one, and what grep -n does. */
const BEFORE = String.raw`^[\s>|]*`;
const INTERFACE = new RegExp(`${BEFORE}([A-Za-z][A-Za-z0-9_.-]*): flags=[0-9a-fA-F]+<`);
const QUAD = String.raw`[0-9]+(?:\.[0-9]+){3}`;
const INET = new RegExp(
  `${BEFORE}inet (?<quad>${QUAD})(?:/(?<bits>[0-9]+))?(?: --> (?<peer>${QUAD}))?(?: netmask (?<mask>0x[0-9a-f]{8}|${QUAD}))?`,
  'i',
);
const MEMBER = new RegExp(`${BEFORE}member: (\\S+)`);
const GROUPS = new RegExp(`${BEFORE}groups: (.*)`);
const ROUTE = new RegExp(
  `${BEFORE}(?<quad>[0-9]+(?:\\.[0-9]+){0,3})(?:/(?<bits>[0-9]+))?\\s+\\S+\\s+[A-Za-z0-9]*U[A-Za-z0-9]*\\s+`,
);

/** Reads all of them out of one text. Never throws; what is none of them is left alone. */
export function readMachine(text: string): Machine {
  const lines = linesOf(text);
  return {
    freebsd: [...new Set(lines.flatMap(versionsIn))],
    interfaces: readInterfaces(lines),
    routes: lines.flatMap((line) => routeIn(line) ?? []),
    country: lines.flatMap((line) => countryIn(line) ?? []).at(-1),
  };
}

/** Every version of FreeBSD that a line names, without what comes after the minus. */
export function versionsIn(line: string): string[] {
  return [...line.matchAll(VERSION)].map(([, version = '']) => version);
}

function readInterfaces(lines: readonly string[]): Map<string, ListedInterface> {
  const interfaces = new Map<
    string,
    { addresses: ReturnType<typeof addressesIn>; groups: string[]; members: string[] }
  >();
  let name: string | undefined;
  for (const line of lines) {
    name = INTERFACE.exec(line)?.[1] ?? name;
    if (name === undefined) continue;
    const known = interfaces.get(name) ?? { addresses: [], groups: [], members: [] };
    interfaces.set(name, known);
    const member = MEMBER.exec(line)?.[1];
    known.addresses.push(...addressesIn(line));
    if (member !== undefined) known.members.push(member);
    known.groups = GROUPS.exec(line)?.[1]?.trim().split(/\s+/) ?? known.groups;
  }
  return interfaces;
}

/** The address, and the one at the other end of a line from point to point. */
function addressesIn(line: string): { address: number; prefix: number }[] {
  const { quad = '', peer = '', bits, mask } = INET.exec(line)?.groups ?? {};
  const [address, other] = [quad, peer].map(parseAddress);
  const prefix = bits === undefined ? prefixOf(mask) : Number(bits);
  return [
    ...(address === undefined || prefix > 32 ? [] : [{ address, prefix }]),
    ...(other === undefined ? [] : [{ address: other, prefix: 32 }]),
  ];
}

/** Of a mask as FreeBSD prints it, 0xffffff00, or as people ask for it, 255.255.255.0; 32 when there is none. */
function prefixOf(mask: string | undefined): number {
  const number = mask?.startsWith('0x') ? Number(mask) : parseAddress(mask ?? '');
  const prefix = Array.from({ length: 33 }, (_, bits) => bits).find((bits) => maskOf(bits) === number);
  return prefix ?? 32;
}

/** Wider ones are the whole Internet, as VPNs take it in two halves. */
const NARROWEST_DEFAULT = 1;

/** FreeBSD leaves out zeros at the end of some: `10/8`. */
function routeIn(line: string): Subnet | undefined {
  const { quad, bits } = ROUTE.exec(line)?.groups ?? {};
  if (quad === undefined) return undefined;
  const octets = quad.split('.');
  const address = parseAddress([...octets, '0', '0', '0'].slice(0, 4).join('.'));
  const prefix = Number(bits ?? octets.length * 8);
  if (address === undefined || prefix > 32 || prefix <= NARROWEST_DEFAULT) return undefined;
  return subnetOf(address, prefix);
}

/** What ifconfig shows of a wlan interface, and what rc.conf tells it. Where nobody has said anything, that is the USA. */
function countryIn(line: string): string | undefined {
  const country = /\bcountry ([A-Z]{2})\b/.exec(line)?.[1];
  return country === 'US' && !/^\s*create_args_/.test(line) ? undefined : country;
}

/** What a profile needs of the host's side of the network. */
export interface FreePlace {
  readonly bridge: string;
  readonly tap: string;
  /** With its prefix length, `172.24.1.49/24`. */
  readonly host: string;
  readonly guest: string;
  /** The ranges of this machine because of which the usual addresses were not taken. */
  readonly avoided: readonly string[];
}

const HOST_NUMBER = 49;
const GUEST_NUMBER = 1;
const PREFIX = 24;

/** As shipped; then private ranges that no router, hotspot, container or virtual machine is known to take by itself. */
const WIDE = ['172.24.0.0/16', '172.27.0.0/16', '172.30.0.0/16', '10.137.0.0/16', '10.214.0.0/16'].map(
  subnet,
);
const USUAL = subnet('172.24.1.0/24');

/**
 * Names and addresses that nothing on this machine has. An airhive that runs there already is no hindrance: a profile that
 * replaces it has its names and addresses again.
 */
export function freePlace(machine: Machine): FreePlace {
  const own = ownBridge(machine);
  const tap = own && machine.interfaces.get(own)?.members.find((member) => /^tap[0-9]+$/.test(member));
  const taken = own === undefined ? takenRanges(machine) : [];
  const range = freeRange(taken);
  return {
    bridge: own ?? freeName('bridge', machine),
    tap: tap ?? freeName('tap', machine),
    host: `${formatAddress(range.network + HOST_NUMBER)}/${PREFIX}`,
    guest: formatAddress(range.network + GUEST_NUMBER),
    avoided: taken.filter((subnet) => overlaps(subnet, USUAL)).map(formatSubnet),
  };
}

/** The bridge with the host's address of airhive. */
function ownBridge({ interfaces }: Machine): string | undefined {
  const host = USUAL.network + HOST_NUMBER;
  for (const [name, { addresses }] of interfaces)
    if (/^bridge[0-9]+$/.test(name) && addresses.some(({ address }) => address === host)) return name;
  return undefined;
}

function takenRanges({ interfaces, routes }: Machine): Subnet[] {
  const shown = [...interfaces.values()].flatMap(({ addresses }) => addresses);
  return [...shown.map(({ address, prefix }) => subnetOf(address, prefix)), ...routes];
}

function freeRange(taken: readonly Subnet[]): Subnet {
  // A wider route does no harm, since the narrower one wins; but it is better to keep clear of it, where that can be had.
  const narrow = taken.filter(({ prefix }) => prefix >= PREFIX);
  return firstFree(taken) ?? firstFree(narrow) ?? USUAL;
}

function firstFree(taken: readonly Subnet[]): Subnet | undefined {
  const others = WIDE.flatMap(({ network }) =>
    Array.from({ length: 254 }, (_, index) => subnetOf(network + (index + 1) * 256, PREFIX)),
  );
  return [USUAL, ...others].find(
    (range) =>
      !taken.some((other) => overlaps(other, range)) &&
      !HOME_RANGES.some(({ range: home }) => overlaps(home, range)),
  );
}

/** The first number that no interface has. One that was renamed keeps its number: rc.conf names it by that. */
function freeName(kind: 'bridge' | 'tap', { interfaces }: Machine): string {
  const renamed = [...interfaces].filter(
    ([name, { groups }]) => groups.includes(kind) && !/^(bridge|tap)[0-9]+$/.test(name),
  ).length;
  for (let number = renamed; ; number++) if (!interfaces.has(`${kind}${number}`)) return `${kind}${number}`;
}
