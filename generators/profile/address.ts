/**
 * IPv4 sums on unsigned 32-bit numbers. `>>> 0` everywhere: JavaScript's bit operators give signed results,
 * so 192.168.0.0 would come out negative.
 */

/** An IPv4 range: its network address and the number of leading bits that all its addresses share. */
export interface Subnet {
  readonly network: number;
  readonly prefix: number;
}

const OCTET = /^(0|[1-9][0-9]{0,2})$/;

/**
 * Reads a dotted quad. Leading zeros are refused: inet_aton(3) takes `010` as octal 8, so two programs would read
 * two addresses. Returns undefined for anything that is not four octets.
 */
export function parseAddress(text: string): number | undefined {
  const octets = text.split('.');
  if (octets.length !== 4 || !octets.every((octet) => OCTET.test(octet) && Number(octet) <= 255))
    return undefined;
  return octets.reduce((sum, octet) => sum * 256 + Number(octet), 0);
}

/** The dotted quad of an unsigned 32-bit number. */
export function formatAddress(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
}

/** The mask of a prefix length from 0 to 32, as a number. */
export function maskOf(prefix: number): number {
  // A shift by 32 is a shift by 0 in JavaScript.
  return prefix === 0 ? 0 : (0xffffffff << (32 - prefix)) >>> 0;
}

/** The range that an address with its prefix length lies in. */
export function subnetOf(address: number, prefix: number): Subnet {
  return { network: (address & maskOf(prefix)) >>> 0, prefix };
}

/** The last address of the range, which reaches all of its members. */
export function broadcastOf(subnet: Subnet): number {
  return (subnet.network | ~maskOf(subnet.prefix)) >>> 0;
}

export function contains(subnet: Subnet, address: number): boolean {
  return subnetOf(address, subnet.prefix).network === subnet.network;
}

/** Whether two ranges share an address; of two ranges one always holds the other, or they are apart. */
export function overlaps(a: Subnet, b: Subnet): boolean {
  const wider = a.prefix <= b.prefix ? a : b;
  return contains(wider, a === wider ? b.network : a.network);
}

/** `172.24.1.0/24`. */
export function formatSubnet(subnet: Subnet): string {
  return `${formatAddress(subnet.network)}/${subnet.prefix}`;
}

/** Reads `a.b.c.d/n` where the host bits are zero; for constant tables. */
export function subnet(text: string): Subnet {
  const [quad = '', bits = ''] = text.split('/');
  const address = parseAddress(quad);
  if (address === undefined || !/^[0-9]+$/.test(bits)) throw new Error(`not a subnet: ${text}`);
  return subnetOf(address, Number(bits));
}

/**
 * The zones of the DNS in which the range's addresses are looked up (RFC 1035, 3.5). Those end between octets, so a range
 * that does not has several, and one in the last octet has its addresses themselves: the others there may be of strangers.
 */
export function reverseZones({ network, prefix }: Subnet): string[] {
  const octets = Math.ceil(prefix / 8);
  const step = 2 ** (32 - octets * 8);
  return Array.from({ length: 2 ** (octets * 8 - prefix) }, (_, index) => {
    const quad = formatAddress(network + index * step).split('.');
    return `${quad.slice(0, octets).reverse().join('.')}.in-addr.arpa`;
  });
}

/** More leases than this on one bridge would be a mistake, and a /8 must not fill the lease file. */
const POOL_LIMIT = 128;

/**
 * The addresses to lend to other clients on the bridge: the longest run of the upper half that touches none of
 * `taken`, at most 128 addresses counted from its end. A subnet too small for that is searched as a whole. Null when
 * every address is taken.
 */
export function poolOf(
  range: Subnet,
  taken: readonly number[],
): { readonly first: number; readonly last: number } | null {
  const first = range.network + 1;
  const last = broadcastOf(range) - 1;
  const middle = range.network + 2 ** (31 - range.prefix);
  const run = longestRun(middle, last, taken) ?? longestRun(first, last, taken);
  return run ? { first: Math.max(run.first, run.last - POOL_LIMIT + 1), last: run.last } : null;
}

function longestRun(
  first: number,
  last: number,
  taken: readonly number[],
): { first: number; last: number } | undefined {
  const fences = [...taken.filter((address) => address >= first && address <= last), last + 1];
  let start = first;
  let best: { first: number; last: number } | undefined;
  for (const fence of fences.sort((a, b) => a - b)) {
    const length = fence - start;
    if (length > 0 && (!best || length > best.last - best.first + 1))
      best = { first: start, last: fence - 1 };
    start = fence + 1;
  }
  return best;
}

/** Unique local IPv6 addresses (RFC 4193), as far as a profile needs them: one /64 for the bridge. */

/** The first 64 bits of an address as four groups of 16 bits. */
export type Groups64 = readonly [number, number, number, number];

const GROUP = /^[0-9A-Fa-f]{1,4}$/;

/** Reads IPv6 text (RFC 4291, section 2.2, forms 1 and 2) into eight groups; undefined when it is none. */
export function parseGroups(text: string): number[] | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [head = [], tail = []] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const groups = [...head, ...tail];
  if (!groups.every((group) => GROUP.test(group))) return undefined;
  const gap = 8 - groups.length;
  // `::` stands for at least one group.
  if (halves.length === 2 ? gap < 1 : gap !== 0) return undefined;
  const filled = [...head, ...Array<string>(gap).fill('0'), ...tail];
  return filled.map((group) => Number.parseInt(group, 16));
}

/**
 * Reads the network of a ULA prefix such as `fd12:3456:789a::/64`. Returns what is wrong with it as text: not IPv6,
 * not in fc00::/7 (RFC 4193, section 3.1), not a /64 (the size that SLAAC needs, RFC 4862), or host bits set.
 */
export function parseUla(text: string): Groups64 | string {
  const [address = '', prefix] = text.split('/');
  const groups = parseGroups(address);
  if (!groups || prefix === undefined) return 'not an IPv6 prefix';
  const [a = 0, b = 0, c = 0, d = 0, ...rest] = groups;
  if (prefix !== '64') return `the prefix length is /${prefix}, it has to be /64`;
  if ((a & 0xfe00) !== 0xfc00) return 'outside fc00::/7, the unique local addresses of RFC 4193';
  if (rest.some((group) => group !== 0))
    return 'bits after the first 64 are set; they belong to the single hosts';
  return [a, b, c, d];
}

/**
 * The address with interface number `host` (0 for the network itself) in RFC 5952 form. The zeros before the
 * interface number are always the longest run, so they are the ones that `::` replaces.
 */
export function formatUla(groups: Groups64, host: number): string {
  const kept = [...groups];
  while (kept.at(-1) === 0) kept.pop();
  const head = kept.map((group) => group.toString(16)).join(':');
  return `${head}::${host === 0 ? '' : host.toString(16)}`;
}

/** The same for a /64 (RFC 3596, 2.5). */
export function reverseZoneOfUla(groups: Groups64): string {
  const nibbles = groups.map((group) => group.toString(16).padStart(4, '0')).join('');
  return `${Array.from(nibbles).reverse().join('.')}.ip6.arpa`;
}
