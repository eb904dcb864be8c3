import { encodeChecksums, sha256 } from '../formats/checksums.ts';
import { encodeFat, fatSizeFor } from '../formats/fat/encode.ts';
import { encodeGzip } from '../formats/gzip.ts';
import { encodeManifest, formatMode, type Manifest } from '../formats/manifest.ts';
import { compareCodeUnits } from '../formats/order.ts';
import { materialize, type SparseImage } from '../formats/sparse.ts';
import { encodeTar } from '../formats/tar.ts';
import { treeOf, type FileEntry, type Tree } from '../formats/tree.ts';
import type { ResolvedProfile } from '../profile/resolve.ts';

/** Name of the overlay in the vdisk and beside it; the one in the vdisk is what boots (docs/notes/alpine.md). */
export const APKOVL = 'airhive.apkovl.tar.gz';
export const VDISK = 'disk0.img';
export const VDISK_LABEL = 'AIRHIVE';
export const MANIFEST = 'manifest.json';
export const CHECKSUMS = 'SHA256SUMS';
const VDISK_MINIMUM = 8 * 1024 * 1024;

/** One file of the bundle. */
export interface BundleFile {
  readonly path: string;
  readonly mode: number;
  readonly bytes: Uint8Array;
  readonly digest: string;
}

/** A whole bundle as values: everything under `NAME/` but the ISO and data/, in code unit order of the paths. */
export interface Bundle {
  readonly name: string;
  readonly files: readonly BundleFile[];
  readonly epoch: number;
}

/** What a bundle is made from; nothing else has a say in its bytes. */
export interface BundleInputs {
  readonly profile: ResolvedProfile;
  readonly version: string;
  readonly epoch: number;
  readonly guest: Tree;
  readonly host: Tree;
}

/** Encodes the guest's overlay and vdisk, adds the host's files, and describes the result in manifest and sums. */
export async function assembleBundle(inputs: BundleInputs): Promise<Bundle> {
  const { profile, epoch } = inputs;
  const tar = await encodeTar(inputs.guest, epoch);
  const apkovl = encodeGzip(tar);
  const iso = encodeChecksums([{ path: profile.release.file, digest: profile.release.sha256 }]);
  const files = [
    ...inputs.host.filter((entry) => entry.type === 'file').map(bundleFile),
    textFile(`iso/${profile.release.file}.sha256`, iso),
    bundleFile({ path: APKOVL, mode: 0o644, bytes: apkovl }),
    bundleFile({ path: VDISK, mode: 0o644, bytes: materialize(encodeVdisk(apkovl, epoch)) }),
  ].sort((a, b) => compareCodeUnits(a.path, b.path));
  const manifest = textFile(MANIFEST, encodeManifest(describe(inputs, files, sha256(tar))));
  const described = [...files, manifest].sort((a, b) => compareCodeUnits(a.path, b.path));
  const sums = textFile(CHECKSUMS, encodeChecksums(described));
  return {
    name: profile.name,
    epoch,
    files: [...described, sums].sort((a, b) => compareCodeUnits(a.path, b.path)),
  };
}

/** The tar that is published: `NAME/` with exactly the bundle's files. */
export function encodeBundleTar(bundle: Bundle): Promise<Uint8Array> {
  const entries = bundle.files.map(({ path, mode, bytes }): FileEntry => ({
    type: 'file',
    path: `${bundle.name}/${path}`,
    mode,
    bytes,
  }));
  return encodeTar(treeOf(entries), bundle.epoch);
}

function encodeVdisk(apkovl: Uint8Array, epoch: number): SparseImage {
  const files = [{ path: APKOVL, bytes: apkovl }];
  return encodeFat({ label: VDISK_LABEL, files, time: epoch, size: fatSizeFor(files, VDISK_MINIMUM) });
}

function bundleFile({ path, mode, bytes }: Omit<FileEntry, 'type'>): BundleFile {
  return { path, mode, bytes, digest: sha256(bytes) };
}

function textFile(path: string, text: string): BundleFile {
  return bundleFile({ path, mode: 0o644, bytes: Buffer.from(text) });
}

function describe(inputs: BundleInputs, files: readonly BundleFile[], tar: string): Manifest {
  const { profile, version, epoch, guest } = inputs;
  const { file, sha256: digest, size, path } = profile.release;
  return {
    format: 1,
    airhive: version,
    profile: profile.name,
    epoch,
    iso: {
      file,
      sha256: digest,
      size,
      urls: profile.alpine.mirrors.map((mirror) => `${mirror}/${path}`),
      note: 'Not part of the bundle. If iso/ does not hold it, vm_fetch gets it on the host and checks it.',
    },
    resolved: { ...profile },
    apkovl: { path: APKOVL, vdisk: VDISK, tar },
    guest: guest.map((entry) => ({
      path: entry.path,
      type: entry.type,
      mode: formatMode(entry.mode),
      ...(entry.type === 'file' ? { sha256: sha256(entry.bytes) } : {}),
      ...(entry.type === 'symlink' ? { target: entry.target } : {}),
    })),
    files: files.map(({ path, mode, bytes, digest: sum }) => ({
      path,
      mode: formatMode(mode),
      size: bytes.length,
      sha256: sum,
    })),
  };
}
