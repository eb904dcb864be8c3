import { randomBytes } from 'node:crypto';
import { appendFile, copyFile, readFile, rm, stat } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { writeInitramfs } from './base/images.ts';
import { Tree } from './base/tree.ts';

/** initramfs-lts of Alpine 3.24.1 in bytes (facts/alpine.md 9). */
const ALPINE = { packed: 22_501_516, unpacked: 74_039_300 };

/**
 * Makes the initramfs as large as Alpine's, both as the loader puts it into memory and unpacked: behind the bench's own
 * archive, which is not packed, goes a second one of noise, which does not get smaller, and zeros, which all but vanish.
 */
export async function padInitramfs(source: string, target: string): Promise<void> {
  const { size } = await stat(source);
  const noise = ALPINE.packed - size;
  const zeros = ALPINE.unpacked - size - noise;
  if (noise < 0 || zeros < 0) throw new Error(`the bench's initramfs has outgrown Alpine's: ${size} bytes`);
  const tree = new Tree().file('noise', randomBytes(noise)).file('zeros', Buffer.alloc(zeros));
  await writeInitramfs(tree, `${target}.tree`, `${target}.cpio`);
  await copyFile(source, target);
  await appendFile(target, gzipSync(await readFile(`${target}.cpio`), { level: 1 }));
  await rm(`${target}.cpio`);
}
