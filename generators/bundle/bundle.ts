import { encodeChecksums, sha256, summed, type SummedFile } from '../formats/checksums.ts';
import { encodeFat, fatSizeFor, filesOfFat } from '../formats/fat.ts';
import { encodeGzip } from '../formats/gzip.ts';
import {
  encodeManifest,
  formatMode,
  manifestEntry,
  type Manifest,
  type Missing,
} from '../formats/manifest.ts';
import { inPathOrder } from '../formats/order.ts';
import { encodeSbom, type ProgramPackage } from '../formats/sbom.ts';
import { encodeTar } from '../formats/tar.ts';
import { fileOf, treeOf, type File, type Tree } from '../formats/tree.ts';
import { planOverview } from '../plan/overview.ts';
import type { OverlaySource } from '../plan/render.ts';
import { encodeLock, lockedFiles, type Asked, type Lock } from '../packages/lock.ts';
import type { ResolvedProfile } from '../profile/resolve.ts';

/** Name of the overlay in the vdisk and beside it; the one in the vdisk is what boots (docs/notes/alpine.md). */
export const APKOVL = 'airhive.apkovl.tar.gz';
export const VDISK = 'disk0.img';
const VDISK_LABEL = 'AIRHIVE';
export const MANIFEST = 'manifest.json';
export const CHECKSUMS = 'SHA256SUMS';
export const LOCK = 'lock.json';
export const SBOM = 'sbom.cdx.json';
/** What the bundle is made from again: no comment, so nothing of the machine or the person that wrote it. */
export const PROFILE = 'profile.yaml';

/** A whole bundle as values: everything under `NAME/` but the ISO, in code unit order of the paths. */
export interface Bundle {
  readonly name: string;
  readonly files: readonly SummedFile[];
  /** SHA-256 of SHA256SUMS, which stands for the bundle as a whole. */
  readonly digest: string;
  readonly epoch: number;
}

/** What the vdisk carries beside the overlay, and what it should and does not. */
export interface Contents {
  /** Of all that is there; undefined when nothing is. */
  readonly lock: Lock | undefined;
  /** By their paths on the vdisk, `apks/...` and `firmware/...`. */
  readonly files: readonly File[];
  /** Names of packages and firmware files. */
  readonly missing: Missing;
}

/** Those of a bundle for which nothing was fetched. */
export function nothingFetched({ packages, firmware }: Asked): Contents {
  return { lock: undefined, files: [], missing: { packages, firmware } };
}

/** What a bundle is made from; nothing else has a say in its bytes. */
export interface BundleInputs {
  readonly profile: ResolvedProfile;
  readonly version: string;
  readonly epoch: number;
  readonly guest: Tree;
  readonly host: Tree;
  readonly contents: Contents;
  /** The template of overview.html. */
  readonly page: OverlaySource;
  /** The npm packages in airhive's program. */
  readonly program: readonly ProgramPackage[];
}

/** Encodes the guest's overlay and vdisk, adds the host's files, and describes the result in manifest and sums. */
export async function assembleBundle(inputs: BundleInputs): Promise<Bundle> {
  const { profile, epoch, host, contents } = inputs;
  const tar = await encodeTar(inputs.guest, epoch);
  const apkovl = encodeGzip(tar);
  const iso = encodeChecksums([{ path: profile.release.file, digest: profile.release.sha256 }]);
  const vdisk = summed(encodeVdisk(apkovl, contents.files, epoch));
  const overlay = summed(fileOf(APKOVL, apkovl));
  const others = [
    ...host.filter((entry) => entry.type === 'file'),
    textFile(`iso/${profile.release.file}.sha256`, iso),
    textFile(SBOM, sbomOf(inputs)),
    textFile(PROFILE, profile.text),
    ...(contents.lock ? [fileOf(LOCK, encodeLock(contents.lock))] : []),
    overviewOf(inputs, [vdisk, overlay]),
  ];
  const files = inPathOrder([...others.map(summed), overlay, vdisk]);
  const manifest = summed(textFile(MANIFEST, encodeManifest(describe(inputs, files, sha256(tar)))));
  const listed = inPathOrder([...files, manifest]);
  const sums = encodeChecksums(listed.map(({ path, sha256: digest }) => ({ path, digest })));
  const checksums = summed(textFile(CHECKSUMS, sums));
  return {
    name: profile.name,
    epoch,
    digest: checksums.sha256,
    files: inPathOrder([...listed, checksums]),
  };
}

function sbomOf({ version, epoch, profile, program, contents: { lock } }: BundleInputs): string {
  const { packages = [], firmware = [] } = lock ?? {};
  return encodeSbom({ version, epoch, profile, program, packages, firmware });
}

function overviewOf(
  { profile, version, host, contents, page }: BundleInputs,
  parts: readonly SummedFile[],
): File {
  const { file, size, sha256: digest } = profile.release;
  const { lock, missing } = contents;
  const described = parts.map(({ path, bytes, sha256: sum }) => ({ path, size: bytes.length, sha256: sum }));
  const files = [{ path: `iso/${file}`, size, sha256: digest }, ...described];
  return planOverview(page, profile, { version, host, lock, missing, files });
}

/** The tar that is published: `NAME/` with exactly the bundle's files. */
export function encodeBundleTar({ name, files, epoch }: Bundle): Promise<Uint8Array> {
  return encodeTar(treeOf(files.map((file) => ({ ...file, path: `${name}/${file.path}` }))), epoch);
}

function textFile(path: string, text: string): File {
  return fileOf(path, Buffer.from(text));
}

/**
 * The files beside the overlay on a disk that encodeVdisk has made, by the manifest's list.
 * @throws RangeError when they cannot be on it
 */
export function vdiskFiles(
  image: Uint8Array,
  overlaySize: number,
  listed: Manifest['vdisk'],
): { path: string; bytes: Uint8Array }[] {
  const [, ...others] = filesOfFat(image, [{ path: APKOVL, size: overlaySize }, ...listed]);
  return others.map((bytes, at) => ({ path: listed[at]?.path ?? '', bytes }));
}

/** The disk with the overlay and these files, which depends on nothing else; its size, too, unless one is given. */
export function encodeVdisk(
  apkovl: Uint8Array,
  others: readonly Pick<File, 'path' | 'bytes'>[],
  epoch: number,
  size?: number,
): File {
  const files = [{ path: APKOVL, bytes: apkovl }, ...others];
  const image = encodeFat({
    label: VDISK_LABEL,
    files,
    time: epoch,
    size: size ?? fatSizeFor(files),
  });
  return fileOf(VDISK, image);
}

function describe(inputs: BundleInputs, files: readonly SummedFile[], tar: string): Manifest {
  const { profile, version, epoch, guest, contents } = inputs;
  const { text: _text, ...resolved } = profile;
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
    resolved,
    apkovl: { path: APKOVL, vdisk: VDISK, tar },
    vdisk: contents.lock ? lockedFiles(contents.lock) : [],
    missing: contents.missing,
    guest: guest.map(manifestEntry),
    files: files.map(({ path, mode, bytes, sha256: sum }) => ({
      path,
      mode: formatMode(mode),
      size: bytes.length,
      sha256: sum,
    })),
  };
}
