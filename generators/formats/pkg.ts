import type { SummedFile } from './checksums.ts';
import { encodeTar } from './tar.ts';
import { fileOf } from './tree.ts';

/** What pkg(8) shows or does, see pkg-create(8). */
export interface PkgDescription {
  readonly name: string;
  readonly version: string;
  readonly origin: string;
  readonly comment: string;
  readonly description: string;
  readonly maintainer: string;
  /** pkg refuses a package without one. */
  readonly www: string;
  readonly categories: readonly string[];
  /** A pattern of fnmatch(3) for the ABI of the machine. */
  readonly abi: string;
  /** The same in the notation of before `abi`. */
  readonly arch: string;
  readonly deps: Readonly<Record<string, { readonly origin: string; readonly version: string }>>;
  readonly messages: readonly { readonly type: 'install' | 'upgrade'; readonly message: string }[];
  readonly scripts: Readonly<Record<string, string>>;
}

export const COMPACT_MANIFEST = '+COMPACT_MANIFEST';
const MANIFEST = '+MANIFEST';
const PREFIX = '/usr/local';

/**
 * A FreeBSD package: a tar archive that begins with the two manifests, of which the first lacks files and scripts; after them
 * come the files under their full names, all of them root's. Not compressed: what is large in it is so already, and no compressor
 * of Node's gives the same bytes in every release.
 * @param files by their paths from the root of the machine
 */
export function encodePkg(
  description: PkgDescription,
  files: readonly SummedFile[],
  epoch: number,
): Promise<Uint8Array> {
  const { description: desc, scripts, messages, ...fields } = description;
  const flatsize = files.reduce((size, { bytes }) => size + bytes.length, 0);
  const compact = { ...fields, prefix: PREFIX, flatsize, licenselogic: 'single', desc, messages };
  // "1$": SHA-256 in hexadecimal digits.
  const sums = Object.fromEntries(files.map(({ path, sha256 }) => [`/${path}`, `1$${sha256}`]));
  const tree = [
    fileOf(COMPACT_MANIFEST, Buffer.from(JSON.stringify(compact))),
    fileOf(MANIFEST, Buffer.from(JSON.stringify({ ...compact, files: sums, scripts }))),
    ...files.map((file) => ({ ...file, path: `/${file.path}` })),
  ];
  return encodeTar(tree, epoch, 'wheel');
}
