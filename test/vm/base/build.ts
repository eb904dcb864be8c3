import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand, tryCommand } from '../command.ts';
import { buildApk, buildIndex } from './apk.ts';
import type { BuiltApk, SigningKey } from './apk.ts';
import { writeInitramfs, writeIso } from './images.ts';
import { addInitramfsModules, addRegulatory, modloopTree } from './kernel.ts';
import { makePackages } from './packages.ts';
import type { Medium } from './packages.ts';
import { toolboxTree } from './toolbox.ts';
import { addPrograms, Tree } from './tree.ts';

export type Flavor = 'standard' | 'extended';

/** Where packages lie on the bench's mirror, below the web server's root. */
export const MIRROR_FOLDER = 'alpine/v3.24/main';

/** Looked up by this name in /etc/apk/keys. */
export const KEY_NAME = 'bench@airhive-00000001.rsa.pub';

function addRepository(tree: Tree, prefix: string, built: readonly BuiltApk[], index: Buffer): void {
  for (const { fileName, bytes } of built) tree.file(`${prefix}/x86_64/${fileName}`, bytes);
  tree.file(`${prefix}/x86_64/APKINDEX.tar.gz`, index);
}

const publicKey = ({ key }: SigningKey): string =>
  createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString();

async function initramfsTree(source: string, kernel: string, key: SigningKey): Promise<Tree> {
  const tree = new Tree();
  for (const path of [
    'bench',
    'dev',
    'media',
    'proc',
    'sys',
    'sysroot',
    'tmp',
    'usr/bin',
    'usr/sbin',
    'bin',
    'sbin',
  ]) {
    tree.directory(path);
  }
  for (const path of (await runCommand('busybox', ['--list-full'])).split('\n'))
    if (path !== '') tree.link(path, '/bin/busybox');
  await addPrograms(tree, {
    'bin/busybox': 'busybox',
    'bin/kmod': 'kmod',
    'usr/bin/openssl': 'openssl',
    'sbin/blkid': 'blkid',
  });
  tree.link('sbin/modprobe', '/bin/kmod');
  await tree.folder(join(source, 'base/initramfs'));
  await tree.folder(join(source, 'base/packages/apk-tools'));
  for (const name of ['passwd', 'group']) {
    await tree.copy(join(source, 'base/packages/alpine-baselayout/etc', name), `etc/${name}`);
  }
  tree.file(`etc/apk/keys/${key.name}`, publicKey(key));
  await addInitramfsModules(tree, kernel);
  await addRegulatory(tree, 'lib/firmware');
  return tree;
}

/** The packages' key is made once for each base: like Alpine's it lies in the initramfs and nowhere in the overlay. */
function makeKey(): SigningKey {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { name: KEY_NAME, key: privateKey };
}

interface BuiltPackage extends BuiltApk {
  readonly medium: Medium;
}

async function buildIso(
  folder: string,
  flavor: Flavor,
  packages: readonly BuiltPackage[],
  boot: Tree,
  key: SigningKey,
): Promise<void> {
  const tree = new Tree();
  for (const [path, entry] of boot.entries) tree.entries.set(path, entry);
  tree.file('apks/.boot_repository', '');
  const media = flavor === 'standard' ? ['standard'] : ['standard', 'extended'];
  const carried = packages.filter(({ medium }) => media.includes(medium));
  addRepository(tree, 'apks', carried, await buildIndex(carried, key));
  for (const { fileName, plain } of carried) tree.file(`unpacked/${fileName.replace(/apk$/, 'tar')}`, plain);
  const label = `alpine-${flavor.slice(0, 3)} 3.24.1 x86_64`;
  await writeIso(tree, join(folder, `stage-${flavor}`), join(folder, `${flavor}.iso`), label);
}

async function bootTree(source: string, folder: string, kernel: string, key: SigningKey): Promise<Tree> {
  await writeInitramfs(
    await initramfsTree(source, kernel, key),
    join(folder, 'stage'),
    join(folder, 'initramfs'),
  );
  // An ISO 9660 image stands in for the squashfs: no tool more, and it is loop-mounted just the same.
  await writeIso(await modloopTree(kernel), join(folder, 'stage'), join(folder, 'modloop'), 'modloop');
  const boot = new Tree();
  await boot.copy(`/boot/vmlinuz-${kernel}`, 'boot/vmlinuz-lts');
  await boot.copy(join(folder, 'initramfs'), 'boot/initramfs-lts');
  await boot.copy(join(folder, 'modloop'), 'boot/modloop-lts');
  await Promise.all(['initramfs', 'modloop'].map((name) => rm(join(folder, name))));
  return boot;
}

const XZ_MAGIC = Buffer.from('fd377a585a00', 'hex');

/**
 * Takes the kernel proper out of Debian's bzImage (CONFIG_KERNEL_XZ). QEMU starts it by its PVH entry: emulated, the
 * kernel's own unpacking takes three seconds of every boot.
 */
async function unpackKernel(source: string, target: string): Promise<void> {
  const image = await readFile(source);
  const payload = image.subarray(image.indexOf(XZ_MAGIC));
  // The payload is followed by its length, which xz calls an unexpected end of input.
  await tryCommand('sh', ['-c', 'xz -dc >"$0"', target], { input: payload });
  if ((await readFile(target)).toString('latin1', 1, 4) !== 'ELF')
    throw new Error(`${source} holds no xz kernel`);
}

/** Makes a whole base in a folder that exists and is empty. `source` is test/vm. */
export async function buildBase(source: string, folder: string, kernel: string): Promise<void> {
  const key = makeKey();
  const packages: BuiltPackage[] = [];
  for (const apk of await makePackages(join(source, 'base/packages'))) {
    packages.push({ ...(await buildApk(apk, key)), medium: apk.medium });
  }
  const boot = await bootTree(source, folder, kernel, key);
  await buildIso(folder, 'standard', packages, boot, key);
  await buildIso(folder, 'extended', packages, boot, key);
  const mirror = new Tree();
  addRepository(mirror, MIRROR_FOLDER, packages, await buildIndex(packages, key));
  const toolbox = await toolboxTree(source, kernel, mirror);
  await writeIso(toolbox, join(folder, 'stage'), join(folder, 'toolbox.iso'), 'BENCH');
  const taken = ['vmlinuz', 'initramfs'].flatMap((name) => [
    '-extract',
    `/boot/${name}-lts`,
    join(folder, name),
  ]);
  await runCommand('xorriso', ['-osirrox', 'on', '-indev', join(folder, 'standard.iso'), ...taken]);
  await unpackKernel(join(folder, 'vmlinuz'), join(folder, 'vmlinux'));
  await writeFile(join(folder, 'key.pem'), key.key.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
}
