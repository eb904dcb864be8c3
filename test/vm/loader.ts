import { readFile } from 'node:fs/promises';

/** What grub.cfg has grub-bhyve load, and the kernel line. */
export interface Loader {
  /** Paths on the ISO, e.g. `/boot/vmlinuz-lts`. */
  readonly kernel: string;
  readonly initramfs: string;
  readonly words: string;
}

/** Reads a grub.cfg, or the template of it. */
export async function readLoader(file: string): Promise<Loader> {
  const text = await readFile(file, 'utf8');
  const kernel = /^\s*linux \(cd0\)(\S+) (.+)$/m.exec(text);
  const initramfs = /^\s*initrd \(cd0\)(\S+)$/m.exec(text);
  if (kernel === null || initramfs === null) throw new Error(`${file} loads nothing from (cd0)`);
  return { kernel: kernel[1] ?? '', initramfs: initramfs[1] ?? '', words: kernel[2] ?? '' };
}
