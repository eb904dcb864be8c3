import * as z from 'zod';
import { AirhiveError } from '../errors.ts';

const digest = z.string().regex(/^[0-9a-f]{64}$/);
const mode = z.string().regex(/^0[0-7]{3}$/);

const ManifestSchema = z.strictObject({
  format: z.literal(1),
  /** airhive's version. */
  airhive: z.string(),
  profile: z.string(),
  /** Seconds since 1970 that every date in the bundle is taken from. */
  epoch: z.int().nonnegative(),
  iso: z.strictObject({
    file: z.string(),
    sha256: digest,
    size: z.int().positive(),
    urls: z.array(z.string()),
    /** Constant, so that the bundle is the same whether the ISO could be had or not. */
    note: z.string(),
  }),
  /** The profile with all defaults: with `airhive` it is all that the bundle was made from. */
  resolved: z.record(z.string(), z.unknown()),
  /** The overlay that the vdisk carries; `tar` is the digest before gzip. */
  apkovl: z.strictObject({ path: z.string(), vdisk: z.string(), tar: digest }),
  /** Every entry of the guest's overlay. */
  guest: z.array(
    z.strictObject({
      path: z.string(),
      type: z.enum(['file', 'directory', 'symlink']),
      mode,
      sha256: digest.optional(),
      target: z.string().optional(),
    }),
  ),
  /** Every file of the bundle but this one and SHA256SUMS. */
  files: z.array(z.strictObject({ path: z.string(), mode, size: z.int().nonnegative(), sha256: digest })),
});

export type Manifest = z.infer<typeof ManifestSchema>;

/** Permission bits as the manifest writes them, e.g. `0755`. */
export function formatMode(bits: number): string {
  return `0${bits.toString(8).padStart(3, '0')}`;
}

/** manifest.json: two blanks of indentation, keys in the order they were put in, one newline at the end. */
export function encodeManifest(manifest: Manifest): string {
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

/** Reads a manifest strictly; anything unexpected is an error of kind verification that names the place. */
export function decodeManifest(text: string): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new AirhiveError('verification', 'manifest.json is not JSON', { cause: error });
  }
  const result = ManifestSchema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new AirhiveError('verification', `manifest.json ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'malformed'}`);
}
