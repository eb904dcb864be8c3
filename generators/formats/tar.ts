import { pack, type Header } from 'tar-stream';
import type { Tree, Entry } from './tree.ts';

/**
 * Packs a tree as a ustar archive: entries in the tree's order, folders included with a trailing slash, owner
 * root/root by number and by name (busybox tar prefers the name, docs/notes/alpine.md), one mtime for all.
 * No entry starts with `./`: Alpine's boot compares the names it unpacked with those of its packages.
 * @param mtime seconds since 1970, 0 to 2147483647 (tar-stream overflows after 2038)
 */
export async function encodeTar(tree: Tree, mtime: number): Promise<Uint8Array> {
  const archive = pack();
  for (const entry of tree) {
    archive.entry(headerOf(entry, new Date(mtime * 1000)), contentOf(entry));
  }
  archive.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of archive as AsyncIterable<Uint8Array>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** A new object each time, with a Date: tar-stream changes the header it is given and reads 0 as "now". */
function headerOf(entry: Entry, mtime: Date): Pick<Header, 'name'> & Partial<Header> {
  return {
    name: entry.type === 'directory' ? `${entry.path}/` : entry.path,
    type: entry.type,
    mode: entry.mode,
    mtime,
    uid: 0,
    gid: 0,
    uname: 'root',
    gname: 'root',
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
