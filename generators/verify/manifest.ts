import * as z from 'zod';
import { AirhiveError } from '../errors.ts';
import type { Manifest } from '../formats/manifest.ts';

const digest = z.string().regex(/^[0-9a-f]{64}$/);
const mode = z.string().regex(/^0[0-7]{3}$/);

/** Only `verify` reads manifests; building a schema takes time that `build` does not have to spend. */
const ManifestSchema: z.ZodType<Manifest> = z.strictObject({
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
  guest: z.array(
    z.strictObject({
      path: z.string(),
      type: z.enum(['file', 'directory', 'symlink']),
      mode,
      sha256: digest.optional(),
      target: z.string().optional(),
    }),
  ),
  files: z.array(z.strictObject({ path: z.string(), mode, size: z.int().nonnegative(), sha256: digest })),
});

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
  throw new AirhiveError(
    'verification',
    `manifest.json ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'malformed'}`,
  );
}
