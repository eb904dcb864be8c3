import * as z from 'zod';
import { inPathOrder } from '../formats/order.ts';
import type { ReleasePin } from '../profile/releases.ts';
import type { Package } from './index.ts';

// P.lock.json: what a bundle has besides the profile, airhive and the ISO: which packages and which firmware, byte for byte.

/** A repository of the release's branch. */
export type RepositoryName = 'main' | 'community';

/** By their numbers in `Package.repository`. */
export const REPOSITORIES: readonly RepositoryName[] = ['main', 'community'];

/** An index as it was fetched. */
export interface LockedIndex {
  readonly repository: RepositoryName;
  /** What follows a mirror's address. */
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
  /** When it was made, by its own account: seconds since 1970. */
  readonly date: number;
}

/** What names a package on a mirror and says whether a file is that package. */
export interface PackageRef {
  readonly name: string;
  readonly version: string;
  readonly arch: string;
  readonly repository: RepositoryName;
  /** Bytes of the .apk. */
  readonly size: number;
  /** SHA-1 of its control stream, lower-case hex: its identity in an index. */
  readonly checksum: string;
  /** As the index has it, such as `GPL-2.0-or-later`. */
  readonly license: string;
}

/** A package as it was fetched. */
export interface LockedPackage extends PackageRef {
  /** What follows a mirror's address. */
  readonly path: string;
  readonly sha256: string;
}

/** A file that was taken out of a package of firmware, by its path below /lib/firmware. */
export interface LockedFile {
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
}

export interface LockedFirmware extends LockedPackage {
  readonly files: readonly LockedFile[];
}

/** What a profile asks for. When it asks for something else, its lock is out of date. */
export interface Asked {
  /** Names of packages that are installed from the ISO. */
  readonly iso: readonly string[];
  /** Names of packages that the ISO lacks. */
  readonly packages: readonly string[];
  /** Files below /lib/firmware, `*` for a number. */
  readonly firmware: readonly string[];
}

export interface Lock {
  readonly profile: string;
  readonly alpine: Pick<ReleasePin, 'release' | 'flavor' | 'arch' | 'branch'>;
  readonly iso: Pick<ReleasePin, 'file' | 'path' | 'size' | 'sha256'>;
  readonly asked: Asked;
  readonly indexes: readonly LockedIndex[];
  readonly packages: readonly LockedPackage[];
  readonly firmware: readonly LockedFirmware[];
  /** Firmware that was asked for and that no package has. */
  readonly absent: readonly string[];
}

/** The format of a lock that this airhive writes and reads. */
const FORMAT = 1;

export function refOf({ name, version, arch, size, checksum, license, repository }: Package): PackageRef {
  return { name, version, arch, repository: REPOSITORIES[repository] ?? 'main', size, checksum, license };
}

/** The file name of a package, on mirrors as on the vdisk. */
export function fileNameOf({ name, version }: Pick<PackageRef, 'name' | 'version'>): string {
  return `${name}-${version}.apk`;
}

/** The directories on the vdisk. */
export const APKS = 'apks';
export const FIRMWARE = 'firmware';

/** What a lock puts onto the vdisk, in code unit order of the paths there. */
export function lockedFiles({ packages, firmware }: Lock): LockedFile[] {
  const apks = packages.map((one) => ({ ...one, path: `${APKS}/${fileNameOf(one)}` }));
  const files = firmware.flatMap((one) => one.files);
  const all = [...apks, ...files.map((file) => ({ ...file, path: `${FIRMWARE}/${file.path}` }))];
  return inPathOrder(all.map(({ path, size, sha256 }) => ({ path, size, sha256 })));
}

export function lockOf(
  profile: { readonly name: string; readonly release: ReleasePin },
  content: Pick<Lock, 'asked' | 'indexes' | 'packages' | 'firmware' | 'absent'>,
): Lock {
  const { release, flavor, arch, branch, file, path, size, sha256 } = profile.release;
  const { asked, indexes, packages, firmware, absent } = content;
  return {
    profile: profile.name,
    alpine: { release, flavor, arch, branch },
    iso: { file, path, size, sha256 },
    ...{ asked, indexes, packages, firmware, absent },
  };
}

/** The lock as a value for JSON, its dates as text. */
export function lockDocument({ indexes, ...lock }: Lock): Readonly<Record<string, unknown>> {
  const { profile, alpine, iso, asked, packages, firmware, absent } = lock;
  const dated = indexes.map((index) => ({ ...index, date: dateText(index.date) }));
  return { format: FORMAT, profile, alpine, iso, asked, indexes: dated, packages, firmware, absent };
}

export function encodeLock(lock: Lock): Buffer {
  return Buffer.from(`${JSON.stringify(lockDocument(lock), null, 2)}\n`);
}

export function dateText(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}

/** Made when it is asked for: most builds read no lock. */
function lockSchema() {
  const digest = z.string().regex(/^[0-9a-f]{64}$/);
  const size = z.int().nonnegative();
  const text = z.string().min(1);
  // It becomes a part of addresses and of names on the vdisk.
  const word = z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_.+~-]*$/);
  const path = z.string().regex(/^(?!.*(?:^|\/)\.\.?(?:\/|$))[A-Za-z0-9_.+~@-]+(?:\/[A-Za-z0-9_.+~@-]+)*$/);
  const repository = z.enum(['main', 'community']);
  const locked = {
    name: word,
    version: word,
    arch: word,
    repository,
    size,
    checksum: z.string().regex(/^[0-9a-f]{40}$/),
    license: z.string(),
    path,
    sha256: digest,
  };
  return z.strictObject({
    format: z.literal(FORMAT),
    profile: text,
    alpine: z.strictObject({ release: text, flavor: text, arch: text, branch: text }),
    iso: z.strictObject({ file: text, path: text, size, sha256: digest }),
    asked: z.strictObject({
      iso: z.array(text),
      packages: z.array(text),
      firmware: z.array(text),
    }),
    indexes: z.array(
      z.strictObject({
        repository,
        path,
        size,
        sha256: digest,
        date: z.iso.datetime().transform((date) => Date.parse(date) / 1000),
      }),
    ),
    packages: z.array(z.strictObject(locked)),
    firmware: z.array(
      z.strictObject({ ...locked, files: z.array(z.strictObject({ path, size, sha256: digest })) }),
    ),
    absent: z.array(text),
  });
}

/** Reads a lock strictly; undefined for what is none of this format. */
export function decodeLock(text: string): Lock | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const result = lockSchema().safeParse(value);
  if (!result.success) return undefined;
  const { format: _format, ...lock } = result.data;
  return lock as Lock;
}

/** In what a lock is not that of this profile: one line for each difference, by name. */
export function lockDifferences(lock: Lock, release: ReleasePin, asked: Asked): string[] {
  const pins = (['release', 'flavor', 'arch', 'branch'] as const).flatMap((key) =>
    lock.alpine[key] === release[key]
      ? []
      : [`alpine.${key} is ${lock.alpine[key]} in the lock, ${release[key]} in the profile`],
  );
  const iso =
    lock.iso.sha256 === release.sha256 && lock.iso.file === release.file
      ? []
      : [
          `the ISO is ${lock.iso.file} with SHA-256 ${lock.iso.sha256} in the lock, the pin is ${release.file} with ${release.sha256}`,
        ];
  const lists = (
    [
      ['iso', 'package of the ISO'],
      ['packages', 'package'],
      ['firmware', 'firmware file'],
    ] as const
  ).flatMap(([key, what]) => {
    const [before, now] = [new Set(lock.asked[key]), new Set(asked[key])];
    return [
      ...[...now]
        .filter((name) => !before.has(name))
        .map((name) => `${what} ${name} is wanted and not in the lock`),
      ...[...before]
        .filter((name) => !now.has(name))
        .map((name) => `${what} ${name} is in the lock and not wanted`),
    ];
  });
  return [...pins, ...iso, ...lists];
}
