import { cpSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import Mustache from 'mustache';

const OVERLAY = new URL('../../../overlays/host/', import.meta.url).pathname;

export type View = Readonly<Record<string, unknown>>;

/** The bytes that stand for the ISO and the vdisk; the scripts look at nothing but their digests. */
export const ISO_BYTES = Buffer.from('an Alpine ISO, for all that the scripts know\n'.repeat(3000));
const DISK_BYTES = Buffer.from('a FAT file system with an overlay in it\n');

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** What the intel8260 profile resolves to, with a small ISO in place of Alpine's. */
export const intel8260: View = {
  profile: 'intel8260',
  version: '0.1.0',
  vm: 'airhive',
  cpus: 1,
  memory: 384,
  loader: 'grub',
  console: 'none',
  iso: 'alpine-standard-3.24.1-x86_64.iso',
  isoSha256: sha256(ISO_BYTES),
  isoSize: ISO_BYTES.length,
  isoUrls: ['http://127.0.0.1:9/alpine/a.iso'],
  isoUrlList: 'http://127.0.0.1:9/alpine/a.iso',
  directory: '/mnt/vm_bhyve/linuxguest',
  bridge: 'bridge0',
  tap: 'tap0',
  host: '172.24.1.49',
  guest: '172.24.1.1',
  prefix: 24,
  netmask: '255.255.255.0',
  subnet: '172.24.1.0',
  dns: '172.24.1.1',
  ipv6: null,
  devices: [
    {
      pci: '4/0/0',
      selector: 'pci0:4:0:0',
      vendor: '8086',
      device: '24f3',
      id: '8086:24f3',
      guestSlot: '5:0',
      drivers: ['if_iwm', 'if_iwlwifi'],
    },
  ],
  deviceList: '4/0/0=8086:24f3',
  passthruArgs: ['5:0,passthru,4/0/0'],
  passthruList: '5:0,passthru,4/0/0',
  pptdevs: '4/0/0',
  drivers: 'if_iwm if_iwlwifi',
  freebsd: '14.3',
  freebsdMajor: 14,
  retire: ['wlans_iwm0', 'ifconfig_wlan0'],
  reverse: { port: 2210, to: 22 },
  stateSize: '512M',
  kernel: 'lts',
};

const shellWord = (value: unknown): string => `'${String(value).replaceAll("'", String.raw`'\''`)}'`;

/** The file of overlays/host that `path` comes from, rendered for `view`. */
export function render(path: string, view: View): string {
  const template = readFileSync(join(OVERLAY, `${path}.mustache`), 'utf8');
  const escape = path === 'vm.conf' ? shellWord : String;
  return Mustache.render(template, view, undefined, { escape });
}

/** Writes what a build puts into a bundle, with a stand-in for the vdisk, and no ISO. */
export function writeBundle(folder: string, view: View): void {
  mkdirSync(join(folder, 'iso'), { recursive: true });
  mkdirSync(join(folder, 'snippets'));
  for (const entry of readdirSync(OVERLAY, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const source = join(entry.parentPath, entry.name);
    const path = source.slice(OVERLAY.length);
    if (path.endsWith('.mustache')) {
      const name = path.slice(0, -'.mustache'.length);
      writeFileSync(join(folder, name), render(name, view));
    } else cpSync(source, join(folder, path));
  }
  writeFileSync(join(folder, 'disk0.img'), DISK_BYTES);
  writeFileSync(join(folder, 'SHA256SUMS'), `${sha256(DISK_BYTES)}  disk0.img\n`);
}
