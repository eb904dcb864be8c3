import { clusterOffset, geometryOf, rootOffset } from '../../../generators/formats/fat/geometry.ts';

/** Size of the image of SAMPLE that the places below are for. */
export const SIZE = 3 * 1024 * 1024;
export const FAT16 = geometryOf(SIZE);

// Where SAMPLE lies on disk: clusters, and slots of the top folder and of apks/x86_64.
export const APKS = 2;
export const X86_64 = 3;
export const README = 4;
export const OVERLAY = 5;
export const OVERLAY_LAST = 12;
export const APKINDEX = 13;
export const LABEL_SLOT = rootOffset(FAT16);
export const README_SLOT = LABEL_SLOT + 32;
export const OVERLAY_LONG_NAME = LABEL_SLOT + 2 * 32;
export const OVERLAY_SLOT = LABEL_SLOT + 4 * 32;
export const APKS_LONG_NAME = LABEL_SLOT + 5 * 32;
export const APKS_SLOT = LABEL_SLOT + 6 * 32;

export function folderAt(cluster: number): number {
  return clusterOffset(FAT16, cluster);
}

export function copySlots(image: Buffer, from: number, to: number, count = 1): void {
  image.copyWithin(to, from, from + count * 32);
}
