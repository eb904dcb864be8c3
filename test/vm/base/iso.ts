import { open } from 'node:fs/promises';
import { runCommand } from '../command.ts';

// An ISO that somebody brings: whether it is Alpine's for this guest, and what is on it.

/** The file that was named on the command line is not what it has to be; exit code 2. */
export class WrongIso extends Error {}

export interface IsoContents {
  /** As in boot/vmlinuz-lts. */
  readonly kernel: string;
  /** Whether it has what alpine-standard lacks. */
  readonly hasFirewall: boolean;
}

const ARCH = 'x86_64';

/** The volume descriptors of ISO 9660 begin at sector 16 of 2048 bytes; the name of the standard is the second field. */
async function isIso9660(file: string): Promise<boolean> {
  const handle = await open(file);
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(5), 0, 5, 16 * 2048 + 1);
    return bytesRead === 5 && buffer.toString('latin1') === 'CD001';
  } finally {
    await handle.close();
  }
}

const reasonOf = (error: unknown): string =>
  (error as NodeJS.ErrnoException).code === 'ENOENT'
    ? 'there is no such file'
    : `cannot be read (${error instanceof Error ? error.message : String(error)})`;

/** The paths on it, three levels deep, without the slash in front. */
async function pathsOn(file: string): Promise<string[]> {
  const listed = await runCommand('xorriso', ['-indev', file, '-find', '/', '-maxdepth', '3']);
  return [...listed.matchAll(/^'\/(.*)'$/gm)].map(([, path]) => path ?? '');
}

/** Looks at the file; throws WrongIso when the guest cannot be booted from it. */
export async function readIso(file: string): Promise<IsoContents> {
  const wrong = (what: string): WrongIso => new WrongIso(`--iso ${file}: ${what}`);
  const isIso = await isIso9660(file).catch((error: unknown) => {
    throw wrong(reasonOf(error));
  });
  if (!isIso) throw wrong('this is no ISO 9660 image: download it again and compare its SHA-256');
  const paths = await pathsOn(file).catch(() => {
    throw wrong('xorriso cannot read it: download it again and compare its SHA-256');
  });
  if (!paths.includes('.alpine-release'))
    throw wrong('this is no medium of Alpine (it has no .alpine-release)');
  const arches = paths.flatMap((path) => /^apks\/([^/.]+)$/.exec(path)?.[1] ?? []);
  if (!arches.includes(ARCH))
    throw wrong(
      `this is for ${arches.join(', ') || 'no machine (it has no apks/)'}, and the guest is ${ARCH}`,
    );
  const kernel = paths.flatMap((path) => /^boot\/vmlinuz-(.+)$/.exec(path)?.[1] ?? [])[0];
  if (kernel === undefined) throw wrong('it has no boot/vmlinuz-*, so nothing that grub.cfg could load');
  for (const name of [`initramfs-${kernel}`, `modloop-${kernel}`])
    if (!paths.includes(`boot/${name}`)) throw wrong(`it has boot/vmlinuz-${kernel} and no boot/${name}`);
  return { kernel, hasFirewall: paths.some((path) => /^apks\/x86_64\/iptables-\d/.test(path)) };
}
