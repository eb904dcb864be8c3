import * as z from 'zod';
import { AirhiveError } from '../errors.ts';
import { sha256 } from './checksums.ts';
import type { Entry } from './tree.ts';

/** What manifest.json says. */
export interface Manifest {
  readonly format: 1;
  /** airhive's version. */
  readonly airhive: string;
  readonly profile: string;
  /** Seconds since 1970 that every date in the bundle is taken from. */
  readonly epoch: number;
  readonly iso: {
    readonly file: string;
    readonly sha256: string;
    readonly size: number;
    readonly urls: readonly string[];
    /** Constant, so that the bundle is the same whether the ISO could be had or not. */
    readonly note: string;
  };
  /** The profile with all defaults: with `airhive` it is all that the bundle was made from. */
  readonly resolved: Readonly<Record<string, unknown>>;
  /** The overlay that the vdisk carries; `tar` is the digest before gzip. */
  readonly apkovl: { readonly path: string; readonly vdisk: string; readonly tar: string };
  /** What else is on the vdisk, in code unit order of the paths. */
  readonly vdisk: readonly VdiskFile[];
  readonly missing: Missing;
  /** Every entry of the guest's overlay. */
  readonly guest: readonly ManifestEntry[];
  /** Every file of the bundle but this one and SHA256SUMS. */
  readonly files: readonly ManifestFile[];
}

/** What the guest needs and neither the ISO, as far as is known, nor the vdisk has, by name. */
export interface Missing {
  readonly packages: readonly string[];
  readonly firmware: readonly string[];
}

/** `mode` as formatMode writes it; `sha256` of a file, `target` of a symlink. */
export interface ManifestEntry {
  readonly path: string;
  readonly type: 'file' | 'directory' | 'symlink';
  readonly mode: string;
  readonly sha256?: string | undefined;
  readonly target?: string | undefined;
}

export interface VdiskFile {
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
}

export interface ManifestFile extends VdiskFile {
  readonly mode: string;
}

/** Permission bits as the manifest writes them, e.g. `0755`. */
export function formatMode(bits: number): string {
  return `0${bits.toString(8).padStart(3, '0')}`;
}

/** What the manifest says of an entry. */
export function manifestEntry(entry: Entry): ManifestEntry {
  return {
    path: entry.path,
    type: entry.type,
    mode: formatMode(entry.mode),
    ...(entry.type === 'file' ? { sha256: sha256(entry.bytes) } : {}),
    ...(entry.type === 'symlink' ? { target: entry.target } : {}),
  };
}

/** manifest.json: two spaces of indentation, keys in the order they were put in, one newline at the end. */
export function encodeManifest(manifest: Manifest): string {
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

/** Made when it is asked for: `build` reads no manifest. */
function manifestSchema(): z.ZodType<Manifest> {
  const digest = z.string().regex(/^[0-9a-f]{64}$/);
  const mode = z.string().regex(/^0[0-7]{3}$/);
  const [path, size] = [z.string(), z.int().nonnegative()];
  return z.strictObject({
    format: z.literal(1),
    airhive: z.string(),
    profile: z.string(),
    epoch: z.int().nonnegative(),
    iso: z.strictObject({
      file: z.string(),
      sha256: digest,
      size: z.int().positive(),
      urls: z.array(z.string()),
      note: z.string(),
    }),
    resolved: z.record(z.string(), z.unknown()),
    apkovl: z.strictObject({ path: z.string(), vdisk: z.string(), tar: digest }),
    vdisk: z.array(z.strictObject({ path, size, sha256: digest })),
    missing: z.strictObject({ packages: z.array(z.string()), firmware: z.array(z.string()) }),
    guest: z.array(
      z.strictObject({
        path: z.string(),
        type: z.enum(['file', 'directory', 'symlink']),
        mode,
        sha256: digest.optional(),
        target: z.string().optional(),
      }),
    ),
    files: z.array(z.strictObject({ path, mode, size, sha256: digest })),
  });
}

/** Reads a manifest strictly; anything unexpected is an error of kind verification that names the place. */
export function decodeManifest(text: string): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new AirhiveError('verification', 'manifest.json is not JSON', { cause: error });
  }
  const result = manifestSchema().safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new AirhiveError(
    'verification',
    `manifest.json ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'malformed'}`,
  );
}
