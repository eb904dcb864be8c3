import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { runCommand, tryCommand } from '../command.ts';
import { inRoot } from './chroot.ts';
import { publicKey, sign } from './apk.ts';
import type { SigningKey } from './apk.ts';
import { Tree } from './tree.ts';

// What a boot starts from: initramfs, modloop and ISO, in the layout of Alpine's stock media.

/** Features of the initramfs of alpine-standard (aports, scripts/mkimg.base.sh: initfs_features, and bootchart). */
const FEATURES = 'ata base bootchart cdrom ext4 mmc nvme raid scsi squashfs usb virtio';

/** Writes a tree as ISO 9660 with Rock Ridge names and modes; `label` is the volume id (32 characters at most). */
export async function writeIso(tree: Tree, folder: string, target: string, label: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await tree.write(folder);
  await runCommand('xorriso', [
    ...['-as', 'mkisofs', '-quiet', '-R', '-iso-level', '3', '-V', label, '-o', target, folder],
  ]);
  await rm(folder, { recursive: true });
}

/** Writes a tree as a cpio archive (newc), owners root. */
export async function writeCpio(tree: Tree, folder: string, target: string): Promise<void> {
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

/** Writes `modloop-FLAVOUR`: a squashfs with `modules/VERSION` and `modules/firmware`, packed as Alpine's. */
export async function writeModloop(tree: Tree, folder: string, target: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await tree.write(folder);
  const words = ['-comp', 'xz', '-noappend', '-all-root', '-quiet', '-no-progress'];
  await runCommand('mksquashfs', [folder, target, ...words]);
  await rm(folder, { recursive: true });
}

export interface InitramfsRecipe {
  /** An Alpine root with mkinitfs; it is changed. */
  readonly root: string;
  /** Version of a kernel whose modules lie in the root. */
  readonly kernelVersion: string;
  /** `modloop-FLAVOUR` of the medium; its signature goes into the initramfs, for the service that mounts it. */
  readonly modloop: string;
  readonly key: SigningKey;
}

/** Runs Alpine's own mkinitfs; returns the initramfs, packed by gzip as it makes it. */
export async function makeInitramfs(recipe: InitramfsRecipe): Promise<Buffer> {
  const { root, kernelVersion, modloop, key } = recipe;
  const name = modloop.replace(/.*\//, '');
  await writeFile(join(root, 'etc/apk/keys', key.name), publicKey(key));
  const signature = `/tmp/${name}.SIGN.RSA.${key.name}`;
  await writeFile(join(root, signature), sign(await readFile(modloop), key));
  const words = ['mkinitfs', '-F', FEATURES, '-s', signature, '-o', '/tmp/initramfs', kernelVersion];
  const { code, stdout, stderr } = await inRoot(root, words);
  if (code !== 0) throw new Error(`mkinitfs ended with ${code}: ${stdout}${stderr}`);
  return readFile(join(root, 'tmp/initramfs'));
}

/** Copies an Alpine root so that it can be changed. */
export async function copyRoot(from: string, to: string): Promise<void> {
  await runCommand('cp', ['-a', '--reflink=auto', from, to]);
  await mkdir(join(to, 'dev'), { recursive: true });
}

/** The init of an initramfs with one line more behind the search for media, which starts the bench's agent. */
async function hookedInit(initramfs: Buffer, folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  const unpacked = await tryCommand('cpio', ['--quiet', '-i', '--to-stdout', 'init'], {
    input: gunzipSync(initramfs),
  });
  const lines = unpacked.stdout.split('\n');
  const search = lines.findIndex((line) => line.includes('-a "$ROOT"/tmp/apkovls'));
  const end = lines.findIndex((line, index) => index > search && line === 'eend $?');
  if (search < 0 || end < 0) throw new Error('the initramfs looks for media in a way unknown to the bench');
  lines.splice(end + 1, 0, '[ -f /bench-hook ] && . /bench-hook');
  return lines.join('\n');
}

/**
 * What goes behind Alpine's initramfs for machines with simulated radios: its init with one line more, the bench's hook,
 * and the radio rules, which cfg80211 reads once, when the bench loads it. Unpacked: the initramfs is
 * usr-merged, so nothing may lie below lib.
 */
export async function benchArchive(initramfs: Buffer, source: string, scratch: string): Promise<Buffer> {
  const tree = new Tree();
  tree.file('init', await hookedInit(initramfs, scratch), 0o755);
  tree.directory('bench');
  await tree.folder(join(source, 'base/initramfs'));
  await addRegulatory(tree, 'usr/lib/firmware');
  const target = `${scratch}.cpio`;
  await writeCpio(tree, scratch, target);
  const archive = await readFile(target);
  await rm(target);
  return archive;
}

/** cfg80211 asks for its rules once, when it is loaded. */
export async function addRegulatory(tree: Tree, folder: string): Promise<void> {
  for (const name of ['regulatory.db', 'regulatory.db.p7s'])
    await tree.copy(`/lib/firmware/${name}`, `${folder}/${name}`);
}

const XZ_MAGIC = Buffer.from('fd377a585a00', 'hex');

/**
 * Writes the kernel proper of an image packed by xz (Debian's), which QEMU starts by its PVH entry: emulated, the kernel's own
 * unpacking takes three seconds of every boot. Any other image is taken as it is.
 */
async function unpackKernel(source: string, target: string): Promise<void> {
  const image = await readFile(source);
  const start = image.indexOf(XZ_MAGIC);
  if (start >= 0) {
    // The payload is followed by its length, which xz calls an unexpected end of input.
    await tryCommand('sh', ['-c', 'xz -dc >"$0"', target], { input: image.subarray(start) });
    if ((await readFile(target)).toString('latin1', 1, 4) === 'ELF') return;
  }
  await copyFile(source, target);
}

/**
 * Takes kernel and initramfs out of a medium of a stock ISO's layout again, as grub-bhyve would, into `folder` as `kernel` and
 * `initramfs`. Both are unpacked for QEMU where that is possible: emulated, it would cost seconds of every boot.
 */
export async function takeKernel(iso: string, folder: string): Promise<void> {
  const listed = await runCommand('xorriso', [
    '-indev',
    iso,
    '-find',
    '/boot',
    '-maxdepth',
    '1',
    '-type',
    'f',
  ]);
  const find = (prefix: string): string => {
    const path = [...listed.matchAll(/^'(.*)'$/gm)]
      .map(([, one]) => one ?? '')
      .find((one) => one.startsWith(prefix));
    if (path === undefined) throw new Error(`${iso} has no ${prefix}*`);
    return path;
  };
  const packed = { kernel: join(folder, 'kernel.packed'), initramfs: join(folder, 'initramfs.packed') };
  const taken = [
    ...['-extract', find('/boot/vmlinuz-'), packed.kernel],
    ...['-extract', find('/boot/initramfs-'), packed.initramfs],
  ];
  await runCommand('xorriso', ['-osirrox', 'on', '-indev', iso, ...taken]);
  await unpackKernel(packed.kernel, join(folder, 'kernel'));
  const initramfs = await readFile(packed.initramfs);
  const gzipped = initramfs.readUInt16BE(0) === 0x1f8b;
  await writeFile(join(folder, 'initramfs'), gzipped ? gunzipSync(initramfs) : initramfs);
}
