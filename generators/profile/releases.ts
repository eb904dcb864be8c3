import type * as z from 'zod';
import type { Diagnostic } from '../errors.ts';
import { error, parseYaml, toDiagnostics, type Problem, type Source } from './document.ts';
import * as field from './fields.ts';
import { readBy, type Draft } from './issues.ts';
import { archField, flavorField, packageField, releaseField } from './schema.ts';

/** One pinned Alpine ISO. */
export type ReleasePin = ReturnType<typeof toPin>;

/** Seconds since 1970 at midnight UTC; undefined for a day that no calendar has, such as 30 February. */
function secondsOf(day: string): number | undefined {
  const date = new Date(`${day}T00:00:00Z`);
  // V8 rolls 30 February over into March.
  const valid = !Number.isNaN(date.getTime()) && date.toISOString().startsWith(day);
  return valid ? date.getTime() / 1000 : undefined;
}

function day(description: string) {
  const about = { description, allowed: 'a day as YYYY-MM-DD', example: '2026-06-13' };
  return field
    .text(/^[0-9]{4}-[0-9]{2}-[0-9]{2}$/, about)
    .refine((written) => secondsOf(written) !== undefined, {
      error: 'is a day that no calendar has',
      abort: true,
    });
}

const pinSchema = field.group(
  {
    release: releaseField,
    flavor: flavorField,
    arch: archField,
    kernel: field.choice(['lts'], 'Kernel flavour of the ISO.'),
    file: field.text(/^[A-Za-z0-9_][A-Za-z0-9._-]*\.iso$/, {
      description: 'Name of the ISO.',
      allowed: 'the file name of an Alpine ISO',
      example: 'alpine-standard-3.24.1-x86_64.iso',
    }),
    sha256: field.text(/^[0-9a-f]{64}$/, {
      description: 'SHA-256 of the ISO.',
      allowed: '64 lower-case hexadecimal digits',
      example: 'f4dd613206676c62949144c8ad75fc64582099f444dd1485bae104a60f51dd26',
    }),
    // No Alpine ISO comes near; a larger number is a slip and would lift the limit of the download.
    size: field.integer(1, 8 * 1024 ** 3, 'Size of the ISO in bytes.'),
    witnesses: field.integer(1, 1000, 'In how many independent public places the hash was seen.'),
    date: day('Day of the release, UTC.'),
    floor: field.memory('Least guest memory that boots.'),
    eol: day('Day on which the security fixes end.').optional(),
    lacks: field.list(packageField, { description: 'Packages of the guest that are not on the ISO.' }),
  },
  'One pinned ISO.',
);

const releasesSchema = field.list(pinSchema, { description: 'The pinned ISOs.', least: 1, most: 100 });

type PinDraft = Draft<typeof pinSchema>;

/**
 * Reads the pins, in the order of the file. `releases` is there exactly when no diagnostic is an error. Never throws.
 */
export function parseReleases(source: Source): { releases?: ReleasePin[]; diagnostics: Diagnostic[] } {
  const document = parseYaml(source);
  if (document.value === undefined) return { diagnostics: toDiagnostics(document, document.problems) };
  const { data, draft, problems: issues } = readBy(document, releasesSchema);
  const drafts = (draft ?? []).map((pin) => pin ?? {});
  const problems = [
    ...document.problems,
    ...issues,
    ...drafts.flatMap(nameProblems),
    ...drafts.flatMap(repeatedPin),
  ];
  const diagnostics = toDiagnostics(document, problems);
  return data && problems.length === 0 ? { releases: data.map(toPin), diagnostics } : { diagnostics };
}

/** A pin copied from another one and edited in one place only would fetch one ISO and check it as another. */
function nameProblems({ release, flavor, arch, file }: PinDraft, index: number): Problem[] {
  if (release === undefined || flavor === undefined || arch === undefined || file === undefined) return [];
  const expected = isoName({ release, flavor, arch });
  return file === expected
    ? []
    : [
        error(
          [index, 'file'],
          `has to be ${expected} for this release, flavour and architecture; got ${file}`,
        ),
      ];
}

export function isoName({ release, flavor, arch }: Pick<ReleasePin, 'release' | 'flavor' | 'arch'>): string {
  return `alpine-${flavor}-${release}-${arch}.iso`;
}

function repeatedPin(draft: PinDraft, index: number, drafts: readonly PinDraft[]): Problem[] {
  const nameOf = ({ release, flavor, arch }: PinDraft) =>
    release === undefined || flavor === undefined || arch === undefined
      ? undefined
      : `${release} ${flavor} ${arch}`;
  const name = nameOf(draft);
  if (name === undefined || drafts.findIndex((other) => nameOf(other) === name) === index) return [];
  return [error([index, 'release'], `${name} is pinned above already; keep one of the two`)];
}

/** YYYY-MM-DD, UTC. */
export function dayOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 10);
}

/** Whole days since the release; 0 for a clock that is behind it. */
export function ageInDays({ date }: ReleasePin, now: number): number {
  return Math.max(0, Math.floor((now - date) / 86_400));
}

/** A release of which that many days have passed is behind: Alpine makes a newer one every two or three months. */
const OLD = 90;

/**
 * What a build says of a pin that is old; undefined for a fresh one, and for one past its end, of which the rules of the
 * profile warn already.
 */
export function ageWarning(pin: ReleasePin, now: number): string | undefined {
  const age = ageInDays(pin, now);
  if (age <= OLD || (pin.eol !== null && pin.eol <= dayOf(now))) return undefined;
  return (
    `Alpine ${pin.release} is ${age} days old (${dayOf(pin.date)}), and so is the kernel that faces the Wi-Fi: ` +
    '"airhive releases" lists newer pins'
  );
}

/** Below 0 when `a` is the older release. */
export function compareReleases(a: string, b: string): number {
  const [left, right] = [a, b].map((release) => release.split('.').map(Number));
  const differences = left?.map((number, index) => number - (right?.[index] ?? 0)) ?? [];
  return differences.find((difference) => difference !== 0) ?? 0;
}

/** `v3.24` of 3.24.2. */
export function branchOf(release: string): string {
  return `v${release.split('.').slice(0, 2).join('.')}`;
}

/** A pin with what follows from it. */
function toPin(pin: z.output<typeof pinSchema>) {
  const branch = branchOf(pin.release);
  return {
    ...pin,
    /** Seconds since 1970, midnight UTC. */
    date: secondsOf(pin.date) ?? 0,
    /** YYYY-MM-DD: the day on which the fixes end; null when nobody has written it down. */
    eol: pin.eol ?? null,
    /** `v3.24`. */
    branch,
    /** What follows a mirror's URL: `v3.24/releases/x86_64/FILE`. */
    path: `${branch}/releases/${pin.arch}/${pin.file}`,
  };
}

/** Whether its wpa_supplicant knows mac_addr=3 and mac_value, which came with 2.11, in Alpine 3.21. */
export function keepsAddresses(release: string): boolean {
  const [major = 0, minor = 0] = release.split('.').map(Number);
  return major > 3 || (major === 3 && minor >= 21);
}

/**
 * Reads a pin as toPin has made it and a manifest has it: the way back, and all the checks of the file of pins.
 * @param file as messages name it
 */
export function pinAsWritten(pin: unknown, file: string): ReturnType<typeof parseReleases> {
  const { date, floor, eol, branch: _branch, path: _path, ...others } = pin as Partial<ReleasePin>;
  // A date that JavaScript has no day for is none of ours: the bytes will show it.
  const seconds = typeof date === 'number' && Math.abs(date) < 1e11 ? date : 0;
  const written = {
    ...others,
    date: dayOf(seconds),
    floor: `${String(floor)}M`,
    ...(eol ? { eol } : {}),
  };
  // JSON is YAML.
  return parseReleases({ file, text: JSON.stringify([written]) });
}
