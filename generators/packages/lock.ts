import type { ReleasePin } from '../profile/releases.ts';
import type { Package } from './index.ts';

/** A repository of the release's branch. */
export type RepositoryName = 'main' | 'community';

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

/** A package as it was fetched. */
export interface LockedPackage {
  readonly pkg: Package;
  readonly repository: RepositoryName;
  readonly path: string;
  readonly sha256: string;
}

export interface Lock {
  readonly profile: string;
  readonly release: ReleasePin;
  readonly indexes: readonly LockedIndex[];
  readonly packages: readonly LockedPackage[];
}

/** The format of a lock that this airhive writes and reads. */
const FORMAT = 1;

/** The lock as a value for JSON: the ISO, the indexes, and every package, each with size, hash and where it is from. */
export function lockDocument({
  profile,
  release,
  indexes,
  packages,
}: Lock): Readonly<Record<string, unknown>> {
  const { flavor, arch, branch, file, path, size, sha256 } = release;
  return {
    format: FORMAT,
    profile,
    alpine: { release: release.release, flavor, arch, branch },
    iso: { file, path, size, sha256 },
    indexes: indexes.map((index) => ({ ...index, date: dateText(index.date) })),
    packages: packages.map((one) => ({
      name: one.pkg.name,
      version: one.pkg.version,
      arch: one.pkg.arch,
      repository: one.repository,
      path: one.path,
      size: one.pkg.size,
      sha256: one.sha256,
    })),
  };
}

export function encodeLock(lock: Lock): Buffer {
  return Buffer.from(`${JSON.stringify(lockDocument(lock), null, 2)}\n`);
}

export function dateText(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}

/**
 * When the indexes of an earlier lock were made, by their paths: seconds since 1970. Undefined for what is no lock.
 */
export function lockedDates(text: string): ReadonlyMap<string, number> | undefined {
  const dates = new Map<string, number>();
  try {
    const { format, indexes } = JSON.parse(text) as { format: unknown; indexes: unknown };
    if (format !== FORMAT || !Array.isArray(indexes)) return undefined;
    for (const { path, date } of indexes as { path: unknown; date: unknown }[]) {
      const seconds = typeof date === 'string' ? Date.parse(date) / 1000 : NaN;
      if (typeof path !== 'string' || Number.isNaN(seconds)) return undefined;
      dates.set(path, seconds);
    }
    return dates;
  } catch {
    return undefined;
  }
}
