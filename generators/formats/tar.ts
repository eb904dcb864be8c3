import { extract, pack, type Header } from 'tar-stream';
import { AirhiveError } from '../errors.ts';
import { fileOf, type Entry, type Tree } from './tree.ts';

/**
 * Packs a tree as a ustar archive: entries in the tree's order, directories included with a trailing slash, owner
 * root/root by number and by name (busybox tar prefers the name, docs/notes/alpine.md), one mtime for all. FreeBSD calls
 * the group wheel.
 * No entry starts with `./`: Alpine's boot compares the names it unpacked with those of its packages.
 * @param mtime seconds since 1970, 0 to 2147483647 (tar-stream overflows after 2038)
 */
export async function encodeTar(
  tree: Tree,
  mtime: number,
  group: 'root' | 'wheel' = 'root',
): Promise<Uint8Array> {
  const archive = pack();
  for (const entry of tree) {
    archive.entry(headerOf(entry, new Date(mtime * 1000), group), contentOf(entry));
  }
  archive.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of archive as AsyncIterable<Uint8Array>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** A new object each time, with a Date: tar-stream changes the header it is given and reads 0 as "now". */
function headerOf(entry: Entry, mtime: Date, gname: string): Pick<Header, 'name'> & Partial<Header> {
  return {
    name: entry.type === 'directory' ? `${entry.path}/` : entry.path,
    type: entry.type,
    mode: entry.mode,
    mtime,
    uid: 0,
    gid: 0,
    uname: 'root',
    gname,
    devmajor: 0,
    devminor: 0,
    ...(entry.type === 'symlink' ? { linkname: entry.target } : {}),
  };
}

/** A view, not a copy: the vdisk has megabytes. */
function contentOf(entry: Entry): Buffer {
  if (entry.type !== 'file') return Buffer.alloc(0);
  const { buffer, byteOffset, byteLength } = entry.bytes;
  return Buffer.from(buffer, byteOffset, byteLength);
}

const BLOCK = 512;
const HINT = 'copy or fetch it again; what is checked is the directory or the .tar of a bundle';

interface Member {
  readonly header: Header;
  /** Where its content begins. */
  readonly offset: number;
  readonly bytes: Buffer;
}

/** What is in a tar archive, one after the other. Throws what tar-stream throws. */
export async function* tarMembers(bytes: Uint8Array): AsyncGenerator<Member> {
  const archive = extract();
  archive.end(bytes);
  for await (const entry of archive) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of entry as AsyncIterable<Uint8Array>) chunks.push(chunk);
    yield { header: entry.header, offset: entry.offset, bytes: Buffer.concat(chunks) };
  }
}

/**
 * Reads a tar archive, entries in the order that they have in it.
 * @param what names it in messages
 * @throws AirhiveError verification when it is no tar archive, is truncated, has something behind its end, or holds
 * something that no tree has, such as a device
 */
export async function decodeTar(bytes: Uint8Array, what: string): Promise<Tree> {
  const entries: Entry[] = [];
  let end = 0;
  try {
    for await (const { header, offset, bytes: content } of tarMembers(bytes)) {
      // Other programs stop at a block of zeros, whatever comes after it.
      if (isZero(bytes.subarray(end, Math.min(end + BLOCK, offset)))) throw noEnd(what);
      const size = header.type === 'directory' ? 0 : header.size;
      end = offset + BLOCK + Math.ceil(size / BLOCK) * BLOCK;
      entries.push(entryOf(header, content, what));
    }
  } catch (cause) {
    if (cause instanceof AirhiveError) throw cause;
    throw new AirhiveError('verification', `${what} is not a whole tar archive`, { cause, hint: HINT });
  }
  // POSIX pax, "ustar Interchange Format": two blocks of zeros are the end.
  const rest = bytes.subarray(end);
  if (entries.length === 0 || rest.length < 2 * BLOCK || !isZero(rest)) throw noEnd(what);
  return entries;
}

function entryOf({ type, name, mode, linkname }: Header, bytes: Uint8Array, what: string): Entry {
  if (type === 'file') return fileOf(name, bytes, mode);
  if (type === 'directory') return { type, path: name.replace(/\/$/, ''), mode };
  if (type === 'symlink') return { type, path: name, mode, target: linkname };
  throw new AirhiveError(
    'verification',
    `${what} has an entry that no bundle has: ${JSON.stringify(name)}, ${type}`,
    { hint: HINT },
  );
}

function isZero(bytes: Uint8Array): boolean {
  return bytes.length > 0 && bytes.every((byte) => byte === 0);
}

function noEnd(what: string): AirhiveError {
  return new AirhiveError(
    'verification',
    `${what} is not a whole tar archive: its end is missing or not at its end`,
    { hint: HINT },
  );
}
