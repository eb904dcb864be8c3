import { sha256 } from '../formats/checksums.ts';

/** A file as it was found. */
export interface FoundFile {
  /** Permission bits. */
  readonly mode: number;
  readonly bytes: Uint8Array;
  readonly digest: string;
}

/** What was found where a bundle should be. Paths are relative to the bundle, `/` between the parts. */
export interface Found {
  /** Every file but those under data/ and the ISO. */
  readonly files: ReadonlyMap<string, FoundFile>;
  /** Permission bits of every folder but data/. */
  readonly folders: ReadonlyMap<string, number>;
  /** Files in iso/ that are left where they are, being large: their places on the disk. */
  readonly isos: ReadonlyMap<string, string>;
  /** Whether there is a data/, which is not looked into. */
  readonly hasData: boolean;
  /** The name that the bundle has in a tar; undefined for a folder, which its owner may call as he likes. */
  readonly prefix: string | undefined;
  /** What cannot be part of any bundle. */
  readonly problems: readonly string[];
}

/** Bytes. Larger than any file of a bundle but the ISO, or than its tar; what is larger is not read into memory. */
export const LARGEST = 256 * 1024 * 1024;

/** Every file is hashed here, once. */
export function foundFile(mode: number, bytes: Uint8Array): FoundFile {
  return { mode: mode & 0o7777, bytes, digest: sha256(bytes) };
}
