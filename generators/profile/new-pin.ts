import { AirhiveError } from '../errors.ts';
import { describe } from './diagnostics.ts';
import { parseYaml, type Source } from './document.ts';
import { compareReleases, isoName, parseReleases, type ReleasePin } from './releases.ts';

/* A pin for a release that has none: what a mirror says of it, and the text of the pins with one entry more. */

/** Which ISO is meant. */
export type Wanted = Pick<ReleasePin, 'release' | 'flavor' | 'arch'>;

/** What a mirror's files say of an ISO. */
export interface Offered {
  readonly sha256: string;
  readonly size: number;
  /** YYYY-MM-DD. */
  readonly date: string;
}

/**
 * Reads latest-releases.yaml, which has the newest release of a branch in each flavour.
 * @throws AirhiveError verification when it cannot be read, unsupported for an older release than it has, network for a newer
 */
export function readLatest({ file, text }: Source, wanted: Wanted): Offered {
  const wrong = (problem: string) => new AirhiveError('verification', `${file} ${problem}`);
  const { value, problems } = parseYaml({ file, text });
  if (!Array.isArray(value) || problems.length > 0) throw wrong('is no list of releases');
  const entries = value.flatMap((entry: unknown) =>
    typeof entry === 'object' && entry !== null ? [entry as Readonly<Record<string, unknown>>] : [],
  );
  const entry = entries.find(
    ({ flavor, arch }) => flavor === `alpine-${wanted.flavor}` && arch === wanted.arch,
  );
  if (!entry) throw wrong(`has no release in the flavour ${wanted.flavor} for ${wanted.arch}`);
  const { version, iso, sha256, size, date } = entry;
  if (typeof version !== 'string' || !/^[0-9]+\.[0-9]+\.[0-9]+$/.test(version))
    throw wrong(`has a version that is none: ${describe(version)}`);
  if (version !== wanted.release) throw otherRelease(file, version, wanted);
  if (iso !== isoName(wanted)) throw wrong(`names another file for it: ${describe(iso)}`);
  if (typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256))
    throw wrong(`has no SHA-256 of ${iso}: ${describe(sha256)}`);
  if (typeof size !== 'number' || typeof date !== 'string') throw wrong(`has no size or no date of ${iso}`);
  return { sha256, size, date };
}

function otherRelease(file: string, version: string, { release }: Wanted): AirhiveError {
  const message = `${file} has ${version}, not ${release}`;
  return compareReleases(version, release) < 0
    ? new AirhiveError('network', `${message}: this mirror is behind, or there is no such release yet`, {
        hint: 'name another mirror with --mirror, or look at https://alpinelinux.org/releases/',
      })
    : new AirhiveError('unsupported', `${message}: only the newest release of a branch can be added`, {
        hint: `airhive releases add ${version}`,
      });
}

/** Reads a .sha256 file, which has one line. @throws AirhiveError verification when that is not about this ISO */
export function readSum({ file, text }: Source, iso: string): string {
  const [, sum = '', name] = /^([0-9a-f]{64}) [ *](\S+)\n?$/.exec(text) ?? [];
  if (name === iso) return sum;
  throw new AirhiveError('verification', `${file} is not the SHA-256 of ${iso}`);
}

/** What no mirror tells of an ISO, from the pin that is most like it. */
export interface Assumed {
  readonly from: ReleasePin;
  readonly kernel: ReleasePin['kernel'];
  readonly floor: number;
  readonly lacks: readonly string[];
  /** A branch ends as a whole; null when nothing of the branch is pinned, or with no end. */
  readonly eol: string | null;
}

/**
 * From the newest pin of the same branch and flavour, or else of the same flavour.
 * @throws AirhiveError unsupported when there is none
 */
export function assume(releases: readonly ReleasePin[], wanted: Wanted, branch: string): Assumed {
  const like = releases
    .filter(({ flavor }) => flavor === wanted.flavor)
    .toSorted((a, b) => compareReleases(b.release, a.release));
  const from = like.find((pin) => pin.branch === branch) ?? like[0];
  if (from) {
    const eol = releases.find((pin) => pin.branch === branch && pin.eol !== null)?.eol ?? null;
    return { from, kernel: from.kernel, floor: from.floor, lacks: from.lacks, eol };
  }
  throw new AirhiveError(
    'unsupported',
    `nothing is pinned in the flavour ${wanted.flavor} from which its memory floor and packages could be taken`,
    { hint: 'write the pin by hand, as the others in the file' },
  );
}

/** The lines of a new entry, with what was checked and what is assumed before them. */
export function pinLines(
  wanted: Wanted,
  { sha256, size, date }: Offered,
  { from, kernel, floor, lacks, eol }: Assumed,
  checked: string,
): string[] {
  const assumed = ['kernel', 'floor', ...(eol === null ? [] : ['eol']), 'lacks'].join(', ');
  return [
    `# ${checked}`,
    `# Assumed from ${from.release}: ${assumed}.`,
    `- release: ${wanted.release}`,
    `  flavor: ${wanted.flavor}`,
    `  arch: ${wanted.arch}`,
    `  kernel: ${kernel}`,
    `  file: ${isoName(wanted)}`,
    `  sha256: ${sha256}`,
    `  size: ${size}`,
    '  witnesses: 1',
    `  date: ${date}`,
    `  floor: ${floor}M`,
    ...(eol === null ? [] : [`  eol: ${eol}`]),
    `  lacks: [${lacks.join(', ')}]`,
  ];
}

/**
 * The text of the pins with these lines before the first pin of an older release, or at the end; every other byte stays.
 * @returns undefined when that would not be the same pins and this one more, as in a list that is written on one line
 */
export function withPin(source: Source, lines: readonly string[], wanted: Wanted): string | undefined {
  const { releases: before = [] } = parseReleases(source);
  const newline = source.text.includes('\r\n') ? '\r\n' : '\n';
  const written = source.text.replace(/(\r?\n)*$/, '').split(newline);
  const starts = written.flatMap((line, index) => (line.startsWith('- ') ? [index] : []));
  const at = before.findIndex(({ release }) => compareReleases(release, wanted.release) < 0);
  const place = at < 0 ? written.length : beforeComments(written, starts[at] ?? 0);
  const above = at < 0 ? ['', ...lines] : [...lines, ''];
  const text = [...written.slice(0, place), ...above, ...written.slice(place), ''].join(newline);
  const { releases: after = [] } = parseReleases({ ...source, text });
  const others = after.filter(
    ({ release, flavor }) => release !== wanted.release || flavor !== wanted.flavor,
  );
  const same = JSON.stringify(others) === JSON.stringify(before);
  return same && after.length === before.length + 1 ? text : undefined;
}

/** Where the comment of an entry begins; what the file begins with is about the whole of it. */
function beforeComments(lines: readonly string[], entry: number): number {
  let start = entry;
  while (start > 0 && lines[start - 1]?.startsWith('#')) start--;
  return start === 0 ? entry : start;
}

/** In what a mirror's ISO differs from the one that is pinned already; empty when in nothing. */
export function pinDifferences(pin: ReleasePin, { sha256, size }: Offered): string[] {
  const pairs = [
    ['SHA-256', pin.sha256, sha256],
    ['size', pin.size, size],
  ] as const;
  return pairs.flatMap(([name, ours, theirs]) =>
    ours === theirs ? [] : [`${name}: pinned is ${ours}, the mirror has ${theirs}`],
  );
}
