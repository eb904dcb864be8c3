import { rm } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { runCommand } from '../command.ts';
import type { Tree } from './tree.ts';

/** Writes a tree as ISO 9660 with Rock Ridge names and modes; `label` is the volume id (32 characters at most). */
export async function writeIso(tree: Tree, folder: string, target: string, label: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await tree.write(folder);
  await runCommand('xorriso', [
    ...['-as', 'mkisofs', '-quiet', '-R', '-iso-level', '3', '-V', label, '-o', target, folder],
  ]);
  await rm(folder, { recursive: true });
}

/** Writes a tree as an uncompressed cpio archive: emulated, the kernel would spend a second on gzip. */
export async function writeInitramfs(tree: Tree, folder: string, target: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await tree.write(folder);
  const names = ['.', ...tree.entries.keys()].join('\n');
  const child = spawn('cpio', ['--quiet', '-o', '-H', 'newc', '-R', '0:0'], {
    cwd: folder,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const output = child.stdout.pipe(createWriteStream(target));
  child.stdin.end(`${names}\n`);
  const [code] = (await once(child, 'close')) as [number | null];
  if (!output.writableFinished) await once(output, 'finish');
  if (code !== 0) throw new Error(`cpio ended with ${String(code)}`);
  await rm(folder, { recursive: true });
}
