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
  /** Every entry of the guest's overlay. */
  readonly guest: readonly ManifestEntry[];
  /** Every file of the bundle but this one and SHA256SUMS. */
  readonly files: readonly ManifestFile[];
}

/** `mode` as formatMode writes it; `sha256` of a file, `target` of a symlink. */
export interface ManifestEntry {
  readonly path: string;
  readonly type: 'file' | 'directory' | 'symlink';
  readonly mode: string;
  readonly sha256?: string | undefined;
  readonly target?: string | undefined;
}

export interface ManifestFile {
  readonly path: string;
  readonly mode: string;
  readonly size: number;
  readonly sha256: string;
}

/** Permission bits as the manifest writes them, e.g. `0755`. */
export function formatMode(bits: number): string {
  return `0${bits.toString(8).padStart(3, '0')}`;
}

/** manifest.json: two blanks of indentation, keys in the order they were put in, one newline at the end. */
export function encodeManifest(manifest: Manifest): string {
  return `${JSON.stringify(manifest, null, 2)}\n`;
}
