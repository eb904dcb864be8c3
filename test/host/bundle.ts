import { cpSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { hostView } from '../../generators/plan/host.ts';
import { renderTemplate, type View } from '../../generators/plan/render.ts';
import { variant } from '../fixtures/profiles.ts';

const OVERLAY = new URL('../../overlays/host/', import.meta.url).pathname;

/** The bytes that stand for the ISO and the vdisk; the scripts look at nothing but their digests. */
export const ISO_BYTES = Buffer.from('an Alpine ISO, for all that the scripts know\n'.repeat(3000));
const DISK_BYTES = Buffer.from('a FAT file system with an overlay in it\n');

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** What the templates get for intel8260, with a small ISO in place of Alpine's and no console. */
export const intel8260: View = {
  ...hostView(variant(), '0.1.0'),
  profile: 'intel8260',
  console: 'none',
  isoSha256: sha256(ISO_BYTES),
  isoSize: ISO_BYTES.length,
  isoUrls: ['http://127.0.0.1:9/alpine/a.iso'],
  isoUrlList: 'http://127.0.0.1:9/alpine/a.iso',
  retire: ['wlans_iwm0', 'ifconfig_wlan0'],
};

/** The file of overlays/host that `path` comes from, rendered for `view`. */
export function render(path: string, view: View): string {
  return renderTemplate(path, readFileSync(join(OVERLAY, `${path}.mustache`), 'utf8'), view);
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
