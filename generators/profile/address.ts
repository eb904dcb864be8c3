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

/** Reads `a.b.c.d/n` where the host bits are zero; for the constant tables of this folder. */
export function subnet(text: string): Subnet {
  const [quad = '', bits = ''] = text.split('/');
  const address = parseAddress(quad);
  if (address === undefined || !/^[0-9]+$/.test(bits)) throw new Error(`not a subnet: ${text}`);
  return subnetOf(address, Number(bits));
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
