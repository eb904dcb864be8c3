import { createHash } from 'node:crypto';
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from './command.ts';

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

/** Copies a disk with its holes; for keeping a state while a check spoils it. */
export async function copyDisk(source: string, target: string): Promise<void> {
  await runCommand('cp', ['--sparse=always', '--reflink=auto', source, target]);
}
