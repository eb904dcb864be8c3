import { createHash, createPrivateKey } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { tryCommand } from '../command.ts';
import { BASE_PACKAGES, kernelVersion } from '../tools.ts';
import type { SigningKey } from './apk.ts';
import { buildBase, KEY_NAME } from './build.ts';
import type { Flavor } from './build.ts';

/** Files of one prepared base; nothing in it is ever changed. */
export interface Base {
  readonly folder: string;
  readonly iso: Readonly<Record<Flavor, string>>;
  /** Kernel (unpacked) and initramfs, taken out of the standard ISO again as grub-bhyve would. */
  readonly kernel: string;
  readonly initramfs: string;
  readonly toolbox: string;
  /** apk key of ISO and mirror, for tests that make packages of their own. */
  readonly key: SigningKey;
}

async function digestOfFolder(folder: string): Promise<string> {
  const hash = createHash('sha256');
  const names = (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  for (const name of names.sort())
    hash
      .update(name)
      .update('\0')
      .update(await readFile(name));
  return hash.digest('hex');
}

async function cacheKey(source: string, kernel: string): Promise<string> {
  const versions = await tryCommand('dpkg-query', ['-W', '-f', '${Package} ${Version}\n', ...BASE_PACKAGES]);
  const own = await Promise.all(['base', 'toolbox'].map((name) => digestOfFolder(join(source, name))));
  return createHash('sha256')
    .update([kernel, versions.stdout, ...own].join('\n'))
    .digest('hex')
    .slice(0, 16);
}

async function openBase(folder: string): Promise<Base> {
  const key = createPrivateKey(await readFile(join(folder, 'key.pem')));
  return {
    folder,
    iso: { standard: join(folder, 'standard.iso'), extended: join(folder, 'extended.iso') },
    kernel: join(folder, 'vmlinux'),
    initramfs: join(folder, 'initramfs'),
    toolbox: join(folder, 'toolbox.iso'),
    key: { name: KEY_NAME, key },
  };
}

const HOUR = 3_600_000;

/** A younger one may be another run's, of another state of the sources. */
async function removeIfOld(folder: string): Promise<void> {
  if (Date.now() - (await stat(folder)).mtimeMs > HOUR) await rm(folder, { recursive: true, force: true });
}

/**
 * The base image: made from this machine's Debian packages, and kept under `~/.cache/airhive-vm` until the packages
 * or the bench's own files change. `source` is test/vm.
 */
export async function prepareBase(source: string): Promise<Base> {
  const kernel = kernelVersion();
  if (kernel === undefined) throw new Error('no Debian kernel is installed');
  const caches = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'airhive-vm');
  await mkdir(caches, { recursive: true, mode: 0o700 });
  const wanted = await cacheKey(source, kernel);
  const existing = await readdir(caches);
  if (!existing.includes(wanted)) {
    const fresh = join(caches, `new-${process.pid}`);
    await mkdir(fresh);
    await buildBase(source, fresh, kernel);
    await rename(fresh, join(caches, wanted));
    for (const old of existing) await removeIfOld(join(caches, old));
  }
  return openBase(join(caches, wanted));
}
