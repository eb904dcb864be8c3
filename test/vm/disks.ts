import { createHash } from 'node:crypto';
import { mkdtemp, open, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { alpineProgram } from './base/alpine.ts';
import type { Alpine } from './base/alpine.ts';
import { runCommand, tryCommand } from './command.ts';
import type { CommandResult } from './command.ts';

/** Writes a whole-disk FAT image (no partition table) with files in its top directory, by mtools. */
export async function writeFatImage(
  target: string,
  label: string,
  mebibytes: number,
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'airhive-vm-fat-'));
  try {
    await writeBlank(target, mebibytes);
    const fat = mebibytes < 4 ? ['-F', '12'] : [];
    await runCommand('mkfs.vfat', [...fat, '-n', label, target]);
    for (const [name, content] of Object.entries(files)) {
      const file = join(folder, createHash('sha1').update(name).digest('hex'));
      await writeFile(file, content);
      await runCommand('mcopy', ['-i', target, file, `::${name}`]);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** A sparse file of zeros: the state disk as vm_run makes it (512 MiB there; smaller is quicker to look through). */
export async function writeBlank(target: string, mebibytes: number): Promise<void> {
  const file = await open(target, 'w');
  await file.truncate(mebibytes * 1024 * 1024);
  await file.close();
}

/** What the guest writes into the last block of a disk that it is about to format. */
const FORMAT_MARKER = 'airhive: this disk is being formatted';
const LAST_BLOCK = 4096;

/** Whether a disk is being formatted, or was when the power was cut. */
export async function isMarked(file: string): Promise<boolean> {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    const { buffer } = await handle.read({
      buffer: Buffer.alloc(FORMAT_MARKER.length),
      position: size - LAST_BLOCK,
    });
    return buffer.toString('latin1') === FORMAT_MARKER;
  } finally {
    await handle.close();
  }
}

/** Bytes of an image that were ever written (of a file that began as a hole). */
export async function writtenBytes(file: string): Promise<number> {
  return (await stat(file)).blocks * 512;
}

/** Runs a program of the guest's e2fsprogs on this machine: `e2fsck`, `mke2fs` or `debugfs`. */
export function ext4(
  alpine: Alpine,
  name: keyof typeof E2FSPROGS,
  args: readonly string[],
): Promise<CommandResult> {
  const [program = '', ...words] = alpineProgram(alpine, E2FSPROGS[name]);
  return tryCommand(program, [...words, ...args]);
}

const E2FSPROGS = { e2fsck: 'sbin/e2fsck', mke2fs: 'sbin/mke2fs', debugfs: 'usr/sbin/debugfs' } as const;

/** As ext4, but a failure throws. */
export async function ext4Ok(...[alpine, name, args]: Parameters<typeof ext4>): Promise<void> {
  const { code, stdout, stderr } = await ext4(alpine, name, args);
  if (code !== 0) throw new Error(`${name} ${args.join(' ')} ended with ${code}: ${stdout}${stderr}`);
}

/** Whether ext4 on an image is whole: on a copy, after what every mount does (journal, orphans), e2fsck finds nothing. */
export async function checkFileSystem(
  alpine: Alpine,
  file: string,
): Promise<{ whole: boolean; said: string }> {
  const copy = `${file}.copy`;
  await runCommand('cp', ['--sparse=always', '--reflink=auto', file, copy]);
  try {
    const replayed = await ext4(alpine, 'e2fsck', ['-p', copy]);
    const { code, stdout, stderr } = await ext4(alpine, 'e2fsck', ['-fn', copy]);
    return { whole: replayed.code <= 1 && code === 0, said: replayed.stdout + stdout + stderr };
  } finally {
    await rm(copy);
  }
}

/** A state disk as the guest formats it. */
export async function writeStateDisk(alpine: Alpine, target: string, mebibytes: number): Promise<void> {
  await writeBlank(target, mebibytes);
  // The last block is the guest's, for its marker.
  const blocks = String((mebibytes * 1024 * 1024) / LAST_BLOCK - 1);
  const words = ['-q', '-t', 'ext4', '-F', '-b', String(LAST_BLOCK), '-m', '0', '-L', 'AIRHIVESTATE'];
  await ext4Ok(alpine, 'mke2fs', [...words, target, blocks]);
}
