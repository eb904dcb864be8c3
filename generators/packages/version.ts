// Versions of Alpine packages and what may be asked of them, as apk 3 orders and matches them (apk-package(5)).

import { compareCodeUnits } from '../formats/order.ts';

const VERSION =
  /^([0-9]+(?:\.[0-9]+)*)([a-z]?)((?:_(?:alpha|beta|pre|rc|cvs|svn|git|hg|p)[0-9]*)*)(?:~([0-9a-f]+))?(?:-r([0-9]+))?$/;

/** In their order; a version without a suffix stands between `rc` and `cvs`. */
const BEFORE_RELEASE = ['alpha', 'beta', 'pre', 'rc'];
const AFTER_RELEASE = ['cvs', 'svn', 'git', 'hg', 'p'];

/**
 * What a version is made of, in the order in which it is compared. Of two versions that agree so far, the one that goes
 * on with the smaller kind is the greater: 1.2.1 > 1.2a > 1.2_p > 1.2-r1 > 1.2.
 */
const Kind = { first: 0, number: 1, letter: 2, suffix: 3, suffixNumber: 4, hash: 5, revision: 6, end: 7 };

interface Part {
  readonly kind: number;
  readonly text: string;
}

const END: Part = { kind: Kind.end, text: '' };

export function isVersion(text: string): boolean {
  return VERSION.test(text);
}

const known = new Map<string, readonly Part[]>();

function partsOf(version: string): readonly Part[] {
  const before = known.get(version);
  if (before) return before;
  const match = VERSION.exec(version);
  if (!match) throw new Error(`not a version: ${version}`);
  const [, numbers = '', letter = '', suffixes = '', hash, revision] = match;
  const parts: Part[] = numbers
    .split('.')
    .map((text, index) => ({ kind: index === 0 ? Kind.first : Kind.number, text }));
  if (letter !== '') parts.push({ kind: Kind.letter, text: letter });
  for (const [, name = '', number = ''] of suffixes.matchAll(/_([a-z]+)([0-9]*)/g)) {
    parts.push({ kind: Kind.suffix, text: name });
    if (number !== '') parts.push({ kind: Kind.suffixNumber, text: number });
  }
  if (hash !== undefined) parts.push({ kind: Kind.hash, text: hash });
  if (revision !== undefined) parts.push({ kind: Kind.revision, text: revision });
  known.set(version, parts);
  return parts;
}

function rankOf({ kind, text }: Part): number {
  if (kind !== Kind.suffix) return 0;
  const before = BEFORE_RELEASE.indexOf(text);
  return before < 0 ? AFTER_RELEASE.indexOf(text) + 1 : before - BEFORE_RELEASE.length;
}

/** apk counts modulo 2^64. */
function compareNumbers(a: string, b: string): number {
  const [one, other] = [a, b].map((text) => BigInt.asUintN(64, BigInt(text)));
  return one === other ? 0 : (one ?? 0n) < (other ?? 0n) ? -1 : 1;
}

function compareParts(a: Part, b: Part): number {
  if (a.kind === Kind.suffix) return rankOf(a) - rankOf(b);
  if (a.kind === Kind.letter || a.kind === Kind.hash) return compareCodeUnits(a.text, b.text);
  // As fractions: 1.01 < 1.1, and 1.010 > 1.01.
  if (a.kind === Kind.number && (a.text.startsWith('0') || b.text.startsWith('0')))
    return compareCodeUnits(a.text, b.text);
  return compareNumbers(a.text, b.text);
}

/** Negative, 0 or positive, as Array.sort wants it. `fuzzy`: equal as far as `b` goes is equal, as in `name~1.2`. */
export function compareVersions(a: string, b: string, fuzzy = false): number {
  const [ours, theirs] = [partsOf(a), partsOf(b)];
  for (let at = 0; ; at++) {
    const [one, other] = [ours[at] ?? END, theirs[at] ?? END];
    if (one.kind !== other.kind) {
      if (fuzzy && other === END) return 0;
      // Before a release comes its candidate, which goes on where the release ends.
      if (rankOf(one) < 0) return -1;
      if (rankOf(other) < 0) return 1;
      return other.kind - one.kind;
    }
    if (one === END) return 0;
    const order = compareParts(one, other);
    if (order !== 0) return order;
  }
}

/** One word of a `depends`, `provides` or `install_if` line: `name`, `name>=1.0`, `so:libx.so.1=1.2`, `!name`. */
export interface Dependency {
  readonly name: string;
  /** It must not be there. */
  readonly conflict: boolean;
  /** Characters of `<`, `=`, `>`, `~`; empty when any version will do. */
  readonly operator: string;
  readonly version: string | undefined;
}

const DEPENDENCY =
  /^(!?)([A-Za-z0-9_][A-Za-z0-9_.+:,/[\]-]*|\/[A-Za-z0-9_.+:,/[\]-]*)(?:([<>=~]+)([^<>=~].*))?$/;
const OPERATORS = new Set(['<', '<=', '=', '>=', '>', '~', '=~', '~=', '<~', '>~', '>=~', '<=~']);

/** Undefined for what is not one. Identity by checksum (`name><Q1...`) is for apk's own files, not for an index. */
export function parseDependency(word: string): Dependency | undefined {
  const [, not, name = '', operator = '', version] = DEPENDENCY.exec(word) ?? [];
  if (not === undefined || (version !== undefined && !isVersion(version))) return undefined;
  if (operator !== '' && !OPERATORS.has(operator)) return undefined;
  return { name, conflict: not === '!', operator, version };
}

export function describeDependency({ name, conflict, operator, version }: Dependency): string {
  return `${conflict ? '!' : ''}${name}${operator}${version ?? ''}`;
}

/** Is something of this version what is asked for, its `!` left aside? What has no version is older than all that have one. */
export function matchesVersion({ operator, version }: Dependency, offered: string | undefined): boolean {
  if (version === undefined) return true;
  if (offered === undefined) return operator.includes('<');
  const fuzzy = operator.includes('~');
  const order = compareVersions(offered, version, fuzzy);
  if (order === 0) return fuzzy || operator.includes('=');
  return operator.includes(order < 0 ? '<' : '>');
}
