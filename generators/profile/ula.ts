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
