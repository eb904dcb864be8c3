import { randomBytes } from 'node:crypto';
import { appendFile, copyFile, readFile, rm, stat } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import type { Medium } from './base/base.ts';
import { writeCpio } from './base/media.ts';
import { Tree } from './base/tree.ts';

/** initramfs-lts of Alpine 3.24.1 in bytes, read off its stock ISO. */
const ALPINE = { packed: 22_501_516, unpacked: 74_039_300 };

/**
 * Makes the initramfs as large as that of Alpine 3.24.1, both as the loader puts it into memory and unpacked: behind the medium's
 * own goes one of noise, which does not get smaller, and zeros, which all but vanish.
 */
export async function padInitramfs(medium: Medium, target: string): Promise<void> {
  const [packed, unpacked] = await Promise.all(
    [medium.packed, medium.initramfs].map(async (file) => (await stat(file)).size),
  );
  const noise = ALPINE.packed - (packed ?? NaN);
  const zeros = ALPINE.unpacked - (unpacked ?? NaN) - noise;
  if (!(noise >= 0 && zeros >= 0))
    throw new Error(`the bench's initramfs has outgrown Alpine's: ${packed} bytes, ${unpacked} unpacked`);
  const tree = new Tree().file('noise', randomBytes(noise)).file('zeros', Buffer.alloc(zeros));
  await writeCpio(tree, `${target}.tree`, `${target}.cpio`);
  await copyFile(medium.packed, target);
  await appendFile(target, gzipSync(await readFile(`${target}.cpio`), { level: 1 }));
  await rm(`${target}.cpio`);
}
