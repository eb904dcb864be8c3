import { cpSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join, relative } from 'node:path';
import { hostView } from '../../generators/plan/host.ts';
import { renderTemplate, type View } from '../../generators/plan/render.ts';
import { variant } from '../fixtures/profiles.ts';
import { CARDS } from './cards.ts';

const OVERLAY = new URL('../../overlays/host/', import.meta.url).pathname;
const SHARED = new URL('../../overlays/shared/', import.meta.url).pathname;

/** The bytes that stand for the ISO and the vdisk; the scripts look at nothing but their digests. */
export const ISO_BYTES = Buffer.from('an Alpine ISO, for all that the scripts know\n'.repeat(3000));
const OTHERS: Readonly<Record<string, string>> = {
  'disk0.img': 'a FAT file system with an overlay in it\n',
  'airhive.apkovl.tar.gz': 'an overlay\n',
  'manifest.json': '{ "format": 1 }\n',
};

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** What tests change of a bundle, by short names, and the names that templates have for it. */
const NAMES: Readonly<Record<string, string>> = {
  profile: 'profile',
  version: 'version',
  vm: 'machine.name',
  memory: 'machine.memory',
  loader: 'machine.loader',
  console: 'machine.console',
  iso: 'release.file',
  isoSha256: 'release.sha256',
  isoSize: 'release.size',
  isoUrlList: 'isoUrls',
  directory: 'host.directory',
  retire: 'host.retire',
  tap: 'network.tap',
  guest: 'network.guest',
  ipv6: 'network.ipv6',
  deviceList: 'cards.ids',
  slotList: 'cards.slots',
  places: 'cards.pptdevs',
  drivers: 'cards.drivers',
  retired: 'retired',
  wanted: 'cards.wanted',
  maker: 'cards.wantedMaker',
  slot: 'cards.wantedSlot',
  forced: 'cards.forced',
  reverse: 'ssh.reverse',
  reversePort: 'reversePort',
  reverseTo: 'reverseTo',
  packagesMissing: 'packagesMissing',
  firmwareMissing: 'firmwareMissing',
  firmwareCards: 'cards.needing',
  mode: 'wifi.mode',
  accessPoint: 'ap',
};

const profile = variant();

/** The profile intel8260 with a small ISO in place of Alpine's and no console. */
export const intel8260: View = {
  profile: 'intel8260',
  version: '0.1.0',
  vm: profile.machine.name,
  console: 'none',
  iso: profile.release.file,
  isoSha256: sha256(ISO_BYTES),
  isoSize: ISO_BYTES.length,
  isoUrlList: 'http://127.0.0.1:9/alpine/a.iso',
};

/** The view of templates in which these values are set. */
function viewOf(values: View): View {
  const view = structuredClone(hostView(profile, '')) as Record<string, unknown>;
  for (const [name, value] of Object.entries(values)) {
    const steps = NAMES[name]?.split('.') ?? [];
    const last = steps.pop();
    const group = steps.reduce((around, step) => around[step] as typeof view, view);
    if (last === undefined || !Object.hasOwn(group, last)) throw new Error(`no template has ${name}`);
    group[last] = value;
  }
  return view as View;
}

/** The file of overlays/host that `path` comes from, rendered with these values. */
export function render(path: string, values: View): string {
  return renderTemplate(path, readFileSync(join(OVERLAY, `${path}.mustache`), 'utf8'), viewOf(values));
}

/** Writes what a build puts into a bundle, with a fake for the vdisk, and no ISO. */
export function writeBundle(folder: string, view: View): void {
  mkdirSync(join(folder, 'iso'), { recursive: true });
  mkdirSync(join(folder, 'snippets'));
  for (const entry of readdirSync(OVERLAY, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const source = join(entry.parentPath, entry.name);
    const path = source.slice(OVERLAY.length);
    if (path.startsWith('snippets/access-point.') && view.accessPoint === undefined) continue;
    if (path.endsWith('.mustache')) {
      const name = path.slice(0, -'.mustache'.length);
      writeFileSync(join(folder, name), render(name, view));
    } else cpSync(source, join(folder, path));
  }
  cpSync(SHARED, join(folder, 'lib'), { recursive: true });
  writeFileSync(join(folder, 'lib/cards.tsv'), CARDS);
  cpSync(new URL('../../docs/troubleshooting.md', import.meta.url), join(folder, 'troubleshooting.md'));
  for (const [name, bytes] of Object.entries(OTHERS)) writeFileSync(join(folder, name), bytes);
  writeFileSync(
    join(folder, 'iso', `${view.iso as string}.sha256`),
    `${view.isoSha256 as string}  ${view.iso as string}\n`,
  );
  writeSums(folder);
}

/** Brings SHA256SUMS in line with the files; the ISO and data/ are no part of it, as in a real bundle. */
export function writeSums(folder: string): void {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .filter((path) => path !== 'SHA256SUMS' && !path.endsWith('.iso') && !path.startsWith('data/'));
  const lines = paths.toSorted().map((path) => `${sha256(readFileSync(join(folder, path)))}  ${path}\n`);
  writeFileSync(join(folder, 'SHA256SUMS'), lines.join(''));
}
