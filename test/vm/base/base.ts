import { createHash, createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { link, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { runCommand, tryCommand } from '../command.ts';
import { BASE_PACKAGES, kernelVersion } from '../tools.ts';
import { officialPackages, openAlpine, WHEEL } from './alpine.ts';
import type { Alpine } from './alpine.ts';
import { buildApk, buildIndex } from './apk.ts';
import type { BuiltApk, SigningKey } from './apk.ts';
import { inRoot } from './chroot.ts';
import { lackingPackages } from './debian.ts';
import { kernelModules } from './kernel.ts';
import {
  addRegulatory,
  benchArchive,
  copyRoot,
  makeInitramfs,
  takeKernel,
  writeIso,
  writeModloop,
} from './media.ts';
import { describeParts } from './parts.ts';
import type { Part } from './parts.ts';
import { toolboxTree } from './toolbox.ts';
import { Tree } from './tree.ts';

/** Which packages a medium carries, as Alpine's stock ISOs do; a mirror has all. */
export type Flavor = 'standard' | 'extended';

/** Whose kernel: Alpine's own, with nothing of the guest changed; or Debian's, which has simulated radios. */
export type KernelMaker = 'alpine' | 'debian';

/** One kernel with its media. */
export interface Medium {
  readonly iso: Readonly<Record<Flavor, string>>;
  /** Kernel and initramfs for QEMU, taken out of the standard ISO again; `packed` as it lies there. */
  readonly kernel: string;
  readonly initramfs: string;
  readonly packed: string;
  /** The kernel's version, e.g. `6.18.56-0-virt`. */
  readonly version: string;
  /** Of an ISO that somebody brings: the path of its kernel, which grub.cfg has to name. */
  readonly given?: string;
}

export interface GivenIso {
  readonly file: string;
  readonly kernel: string;
}

/** Files of one prepared base; nothing in it is ever changed. */
export interface Base {
  readonly folder: string;
  readonly media: Readonly<Record<KernelMaker, Medium>>;
  readonly toolbox: string;
  /** apk key of ISO and mirror, for tests that make packages of their own. */
  readonly key: SigningKey;
  /** Directory with `x86_64/` of packages and their signed index. */
  readonly repository: Readonly<Record<Flavor | 'mirror', string>>;
  readonly alpine: Alpine;
}

/** Where packages lie on the bench's mirror, below the web server's root. */
export const MIRROR_FOLDER = 'alpine/v3.24/main';

/** Looked up by this name in /etc/apk/keys. */
export const KEY_NAME = 'bench@airhive-00000001.rsa.pub';

/** On no ISO: a kernel has its modloop there, and the wheel's own needs; the mDNS reflector, hostapd. */
const NOT_ON_ISO =
  /^(linux-virt|linux-firmware-intel|avahi(-openrc)?|dbus(-openrc)?|cloud-utils-growpart|sudo|dhcpcd(-openrc)?|curl|libcurl|hostapd)$/;
/** What alpine-standard lacks of ours. */
const NOT_ON_STANDARD = /^(iptables(-openrc)?|dnsmasq(-common|-openrc)?)$/;

const CARRIES: Readonly<Record<Flavor | 'mirror', (name: string) => boolean>> = {
  standard: (name) => !NOT_ON_ISO.test(name) && !NOT_ON_STANDARD.test(name),
  extended: (name) => !NOT_ON_ISO.test(name),
  mirror: (name) => name !== 'linux-virt',
};

const FLAVORS: readonly Flavor[] = ['standard', 'extended'];

/** The packages' key is made once for each base: like Alpine's it lies in the initramfs and nowhere in the overlay. */
export function makeKey(): SigningKey {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { name: KEY_NAME, key: privateKey };
}

export async function writeRepositories(
  folder: string,
  built: readonly BuiltApk[],
  key: SigningKey,
): Promise<void> {
  const pool = join(folder, 'apks/mirror/x86_64');
  await mkdir(pool, { recursive: true });
  for (const { fileName, bytes } of built) await writeFile(join(pool, fileName), bytes);
  for (const [kind, carries] of Object.entries(CARRIES)) {
    const target = join(folder, 'apks', kind, 'x86_64');
    await mkdir(target, { recursive: true });
    const carried = built.filter(({ name }) => carries(name));
    if (kind !== 'mirror')
      for (const { fileName } of carried) await link(join(pool, fileName), join(target, fileName));
    else
      for (const { fileName } of built)
        if (!carried.some((one) => one.fileName === fileName)) await rm(join(pool, fileName));
    await writeFile(join(target, 'APKINDEX.tar.gz'), await buildIndex(carried, key));
  }
}

/** The real apk looks at every package and index; throws what it says when it finds one wrong. */
async function verifyPackages(root: string, folder: string): Promise<void> {
  const pool = join(folder, 'apks/mirror/x86_64');
  await runCommand('cp', ['-r', pool, join(root, 'tmp/pool')]);
  const { code, stdout, stderr } = await inRoot(root, ['sh', '-c', 'apk verify /tmp/pool/*.apk']);
  await rm(join(root, 'tmp/pool'), { recursive: true });
  const wrong = (stdout + stderr).split('\n').filter((line) => line !== '' && !line.endsWith(': OK'));
  if (code !== 0 || wrong.length > 0) throw new Error(`apk verify ended with ${code}: ${wrong.join('; ')}`);
}

interface Kind {
  readonly maker: KernelMaker;
  /** As in boot/vmlinuz-FLAVOUR. */
  readonly flavour: string;
  readonly image: string;
  readonly version: string;
  /** `lib/modules/VERSION`. */
  readonly modules: Tree;
}

async function kinds(alpine: Alpine, debian: string): Promise<Kind[]> {
  const own = new Tree();
  const path = `lib/modules/${alpine.kernelVersion}`;
  await own.folder(join(alpine.root, path), path);
  return [
    {
      maker: 'alpine',
      flavour: 'virt',
      image: alpine.kernel,
      version: alpine.kernelVersion,
      modules: own,
    },
    {
      maker: 'debian',
      flavour: 'lts',
      image: `/boot/vmlinuz-${debian}`,
      version: debian,
      modules: await kernelModules(debian),
    },
  ];
}

async function modloopTree({ modules }: Kind): Promise<Tree> {
  const tree = new Tree();
  for (const [path, entry] of modules.entries)
    if (path.startsWith('lib/modules')) tree.entries.set(path.replace(/^lib\//, ''), entry);
  await addRegulatory(tree, 'modules/firmware');
  return tree;
}

/** Makes the media of one kernel in `folder/MAKER`. `root` is an Alpine root that may be changed. */
async function buildMedia(
  source: string,
  folder: string,
  root: string,
  kind: Kind,
  key: SigningKey,
): Promise<void> {
  const target = join(folder, kind.maker);
  const stage = join(target, 'stage');
  await mkdir(target);
  const modloop = join(target, `modloop-${kind.flavour}`);
  await writeModloop(await modloopTree(kind), stage, modloop);
  await rm(join(root, 'lib/modules'), { recursive: true });
  await mkdir(join(root, 'lib/modules'));
  await kind.modules.write(root);
  const made = await makeInitramfs({ root, kernelVersion: kind.version, modloop, key });
  const initramfs =
    kind.maker === 'alpine'
      ? made
      : Buffer.concat([made, gzipSync(await benchArchive(made, source, stage), { level: 9 })]);
  const boot = new Tree();
  await boot.copy(kind.image, `boot/vmlinuz-${kind.flavour}`);
  boot.file(`boot/initramfs-${kind.flavour}`, initramfs);
  await boot.copy(modloop, `boot/modloop-${kind.flavour}`);
  boot.file('.alpine-release', `alpine-${kind.flavour} 3.23.6 261014\n`).file('apks/.boot_repository', '');
  for (const flavor of FLAVORS) {
    const tree = new Tree();
    for (const [path, entry] of boot.entries) tree.entries.set(path, entry);
    await tree.folder(join(folder, 'apks', flavor), 'apks');
    const label = `alpine-${flavor.slice(0, 3)} 3.23.6 x86_64`;
    await writeIso(tree, stage, join(target, `${flavor}.iso`), label);
  }
  await rm(modloop);
  await takeKernel(join(target, 'standard.iso'), target);
}

/** Makes a whole base in a directory that exists and is empty. `source` is test/vm. */
async function buildBase(source: string, folder: string, alpine: Alpine, kernel: string): Promise<void> {
  const key = makeKey();
  const packages = [
    ...(await officialPackages(alpine)),
    ...(await lackingPackages(join(source, 'base/packages'))),
  ];
  const built: BuiltApk[] = [];
  for (const apk of packages) built.push(await buildApk(apk, key));
  await writeRepositories(folder, built, key);
  const root = join(folder, 'root');
  await copyRoot(alpine.root, root);
  const parts: Part[] = await describeParts(built, alpine, kernel);
  for (const kind of await kinds(alpine, kernel)) await buildMedia(source, folder, root, kind, key);
  await verifyPackages(root, folder);
  await rm(root, { recursive: true });
  const mirror = new Tree();
  await mirror.folder(join(folder, 'apks/mirror'), MIRROR_FOLDER);
  const toolbox = await toolboxTree(source, kernel, mirror);
  await writeIso(toolbox, join(folder, 'stage'), join(folder, 'toolbox.iso'), 'BENCH');
  await writeFile(join(folder, 'parts.json'), JSON.stringify(parts, undefined, 2));
  await writeFile(join(folder, 'key.pem'), key.key.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
}

async function digestOfFolder(folder: string): Promise<string> {
  const hash = createHash('sha256');
  const names = (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  for (const name of names.sort())
    hash
      .update(name.slice(folder.length))
      .update('\0')
      .update(await readFile(name));
  return hash.digest('hex');
}

async function cacheKey(source: string, kernel: string): Promise<string> {
  const versions = await tryCommand('dpkg-query', ['-W', '-f', '${Package} ${Version}\n', ...BASE_PACKAGES]);
  const own = await Promise.all(['base', 'toolbox'].map((name) => digestOfFolder(join(source, name))));
  return createHash('sha256')
    .update([WHEEL.sha256, kernel, versions.stdout, ...own].join('\n'))
    .digest('hex')
    .slice(0, 16);
}

/** Version of a Linux image: at 0x20e of its header stands where the text is, counted from 0x200 (boot protocol 2.00). */
async function versionOf(image: string): Promise<string> {
  const bytes = await readFile(image);
  const start = 0x200 + bytes.readUInt16LE(0x20e);
  return /^\S+/.exec(bytes.toString('latin1', start, start + 128))?.[0] ?? '';
}

/** Media in `isos`, whose kernel and initramfs were taken out into `folder`. */
async function openMedium(isos: string, folder: string): Promise<Medium> {
  const file = (name: string): string => join(folder, name);
  return {
    iso: { standard: join(isos, 'standard.iso'), extended: join(isos, 'extended.iso') },
    kernel: file('kernel'),
    initramfs: file('initramfs'),
    packed: file('initramfs.packed'),
    version: await versionOf(file('kernel.packed')),
  };
}

/** An ISO that somebody brings, e.g. Alpine's own, just as it is: kernel and initramfs are read from it, as the loader does. */
async function givenMedium({ file, kernel }: GivenIso, folder: string): Promise<Medium> {
  await mkdir(folder);
  await takeKernel(file, folder);
  const medium = await openMedium(folder, folder);
  return { ...medium, iso: { standard: file, extended: file }, given: `/boot/vmlinuz-${kernel}` };
}

async function openBase(folder: string, alpine: Alpine): Promise<Base> {
  const key = createPrivateKey(await readFile(join(folder, 'key.pem')));
  const repository = (kind: string): string => join(folder, 'apks', kind);
  const own = (kind: KernelMaker): Promise<Medium> => openMedium(join(folder, kind), join(folder, kind));
  return {
    folder,
    media: { alpine: await own('alpine'), debian: await own('debian') },
    toolbox: join(folder, 'toolbox.iso'),
    key: { name: KEY_NAME, key },
    repository: {
      standard: repository('standard'),
      extended: repository('extended'),
      mirror: repository('mirror'),
    },
    alpine,
  };
}

export const partsOf = async ({ folder }: Base): Promise<Part[]> =>
  JSON.parse(await readFile(join(folder, 'parts.json'), 'utf8')) as Part[];

const HOUR = 3_600_000;

/** A younger one may be another run's, of another state of the sources. */
async function removeIfOld(folder: string): Promise<void> {
  if (Date.now() - (await stat(folder)).mtimeMs > HOUR) await rm(folder, { recursive: true, force: true });
}

/**
 * The base: made from Alpine's own files and this machine's Debian packages, and kept under `~/.cache/airhive-vm` until one of
 * them or the bench's own files change. `source` is test/vm. `given` is an ISO to boot in place of those with Alpine's
 * kernel; what is taken out of it goes into `folder`. Throws BenchError when Alpine cannot be had.
 */
export async function prepareBase(source: string, given?: GivenIso, folder = ''): Promise<Base> {
  const kernel = kernelVersion();
  if (kernel === undefined) throw new Error('no Debian kernel is installed');
  const caches = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'airhive-vm');
  await mkdir(caches, { recursive: true, mode: 0o700 });
  const alpine = await openAlpine(caches);
  const wanted = `base-${await cacheKey(source, kernel)}`;
  const existing = await readdir(caches);
  if (!existing.includes(wanted)) {
    const fresh = join(caches, `new-${process.pid}`);
    await mkdir(fresh);
    try {
      await buildBase(source, fresh, alpine, kernel);
      await rename(fresh, join(caches, wanted));
    } finally {
      await rm(fresh, { recursive: true, force: true });
    }
    for (const old of existing)
      if (/^(base|new)-|^[0-9a-f]{16}$/.test(old)) await removeIfOld(join(caches, old));
  }
  const base = await openBase(join(caches, wanted), alpine);
  if (given === undefined) return base;
  return { ...base, media: { ...base.media, alpine: await givenMedium(given, folder) } };
}
