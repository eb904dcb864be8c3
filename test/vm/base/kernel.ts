import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../command.ts';
import { Tree } from './tree.ts';

/** The radios' own, on the bench's disk: it loads them before the guest has any modules. */
const RADIO = 'mac80211_hwsim cfg80211 mac80211 rfkill ccm gcm cmac ctr cbc aes_generic';

/** For initramfs and modloop, by folder: what mkinitfs's features name, and what a gateway may ask for. */
const FOLDERS =
  /^(net\/(netfilter|ipv4|ipv6|sched|bridge|8021q|llc|802|mac80211|wireless|rfkill|packet)|crypto|arch\/x86\/crypto|lib|fs\/(nls|fat|ext4|overlayfs|fuse|isofs|squashfs)|drivers\/(virtio|char\/hw_random|acpi|ata|cdrom|scsi|net\/wireless\/(mac80211_hwsim|virt_wifi)))/;
const BY_NAME =
  'tun veth dummy ifb evdev sch_netem br_netfilter dm-mod loop i6300esb softdog virtio_blk virtio_net virtio_console usb-storage test_firmware';

interface ModuleMap {
  readonly root: string;
  /** Path below `kernel/..` to the paths it needs. */
  readonly depends: ReadonlyMap<string, readonly string[]>;
  readonly paths: ReadonlyMap<string, string>;
}

const canonical = (name: string): string => name.replaceAll('-', '_');
const moduleName = (path: string): string => canonical(path.replace(/.*\//, '').replace(/\.ko.*$/, ''));

function readModules(version: string): ModuleMap {
  const root = `/lib/modules/${version}`;
  const depends = new Map<string, string[]>();
  for (const line of readFileSync(join(root, 'modules.dep'), 'utf8').split('\n')) {
    const [path = '', rest = ''] = line.split(':');
    if (path !== '') depends.set(path, rest.split(' ').filter(Boolean));
  }
  return { root, depends, paths: new Map([...depends.keys()].map((path) => [moduleName(path), path])) };
}

/** The named modules and everything they need. Built-in ones are skipped. */
function closure(modules: ModuleMap, names: readonly string[]): string[] {
  const found = new Set<string>();
  const add = (path: string): void => {
    if (found.has(path)) return;
    found.add(path);
    modules.depends.get(path)?.forEach(add);
  };
  for (const name of names) {
    const path = modules.paths.get(canonical(name));
    if (path !== undefined) add(path);
  }
  return [...found].sort();
}

const SIGNATURE_MARK = Buffer.from('~Module signature appended~\n');

/** Emulated, checking Debian's signature costs more than loading the module (the last 12 bytes end in its length). */
function withoutSignature(module: Buffer): Buffer {
  const end = module.length - SIGNATURE_MARK.length;
  if (!module.subarray(end).equals(SIGNATURE_MARK)) return module;
  return module.subarray(0, end - 12 - module.readUInt32BE(end - 4));
}

/** Adds modules at `prefix/VERSION` with fresh indexes by depmod. */
async function addModules(
  tree: Tree,
  version: string,
  prefix: string,
  paths: readonly string[],
): Promise<void> {
  const staged = new Tree();
  for (const path of paths) {
    const target = `lib/modules/${version}/${path}`;
    staged.file(target, withoutSignature(await readFile(`/${target}`)));
  }
  for (const name of ['modules.builtin', 'modules.builtin.modinfo', 'modules.order']) {
    const path = `/lib/modules/${version}/${name}`;
    if (existsSync(path)) await staged.copy(path);
  }
  const folder = await mkdtemp(join(tmpdir(), 'airhive-vm-modules-'));
  try {
    await staged.write(folder);
    await runCommand('depmod', ['-b', folder, version]);
    await tree.folder(join(folder, 'lib/modules'), prefix);
  } finally {
    await rm(folder, { recursive: true });
  }
}

export async function addRadioModules(tree: Tree, version: string): Promise<void> {
  await addModules(tree, version, 'lib/modules', closure(readModules(version), RADIO.split(' ')));
}

/**
 * Debian's kernel as the Alpine of the bench has it: its modules at `lib/modules/VERSION` of the tree, for mkinitfs and for the
 * modloop.
 */
export async function kernelModules(version: string): Promise<Tree> {
  const modules = readModules(version);
  const byFolder = [...modules.depends.keys()].filter((path) => FOLDERS.test(path.replace('kernel/', '')));
  const names = [...RADIO.split(' '), ...BY_NAME.split(' '), ...byFolder.map(moduleName)];
  const tree = new Tree();
  await addModules(tree, version, 'lib/modules', closure(modules, names));
  return tree;
}
