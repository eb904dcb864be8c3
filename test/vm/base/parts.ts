import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Alpine } from './alpine.ts';
import type { BuiltApk, Maker } from './apk.ts';
import { debianVersions } from './debian.ts';

/** One part of the base, for `--parts`. */
export interface Part {
  readonly name: string;
  readonly version: string;
  /** Byte for byte Alpine's; Debian's program under Alpine's name; or made by the bench. */
  readonly maker: Maker;
  /** SHA-256 in hex: of a file, or of a package's files with their paths and modes. */
  readonly sha256: string;
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Parts that are no packages: both kernels, and what starts the guest. */
async function others(alpine: Alpine, debianKernel: string): Promise<Part[]> {
  const file = async (name: string, version: string, maker: Maker, path: string): Promise<Part> => ({
    name,
    version,
    maker,
    sha256: sha256(await readFile(path)),
  });
  const init = `${alpine.root}/usr/share/mkinitfs/initramfs-init`;
  const initVersion = /^VERSION=(.*)$/m.exec(await readFile(init, 'utf8'))?.[1] ?? '';
  return [
    await file('kernel (no radio)', alpine.kernelVersion, 'official', alpine.kernel),
    await file('kernel (simulated radios)', debianKernel, 'debian', `/boot/vmlinuz-${debianKernel}`),
    await file('init (no radio)', initVersion, 'official', init),
    {
      ...(await file('init (simulated radios)', initVersion, 'official', init)),
      version: `${initVersion}, one line more`,
    },
  ];
}

/** Every part of a base. */
export async function describeParts(
  built: readonly BuiltApk[],
  alpine: Alpine,
  debianKernel: string,
): Promise<Part[]> {
  const debian = await debianVersions();
  const packages = built.map(({ name, version, maker, contents }) => ({
    name,
    version: debian.has(name) ? `${version} (${debian.get(name) ?? ''})` : version,
    maker,
    sha256: contents,
  }));
  return [...(await others(alpine, debianKernel)), ...packages];
}

/** A table of name, version, maker and the digest's first 16 characters. */
export function partsTable(parts: readonly Part[]): string {
  const width = (pick: (part: Part) => string): number => Math.max(...parts.map((part) => pick(part).length));
  const [names, versions] = [width(({ name }) => name), width(({ version }) => version)];
  return parts
    .map(({ name, version, maker, sha256 }) =>
      [name.padEnd(names), version.padEnd(versions), maker.padEnd(8), sha256.slice(0, 16)].join('  '),
    )
    .join('\n');
}
