/** A run of bytes at an offset from the start of the image. */
export interface Extent {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** A file that is mostly zero: `extents` are in order and do not overlap, everything outside them is zero. */
export interface SparseImage {
  /** Size of the whole file in bytes. */
  readonly size: number;
  readonly extents: readonly Extent[];
}

/** The image as one array of `image.size` bytes. */
export function materialize(image: SparseImage): Uint8Array {
  const whole = new Uint8Array(image.size);
  for (const { offset, bytes } of image.extents) whole.set(bytes, offset);
  return whole;
}
