import { gzipSync } from 'node:zlib';
import { pack, type Header } from 'tar-stream';
import { apkOf, MADE, type Fields } from './repository.ts';

/** What a package of firmware has: bytes or text of a file, or where a link leads. */
export type Content = string | Uint8Array | { readonly link: string } | Partial<Header>;

/** One entry of a tar archive below lib/firmware, or at `/...` from the top. */
export type Entries = readonly (readonly [name: string, content: Content])[];

/** A tar archive with its end. */
export async function tarOf(entries: Entries): Promise<Buffer> {
  const archive = pack();
  for (const [name, content] of entries) {
    const at = { name: name.startsWith('/') ? name.slice(1) : `lib/firmware/${name}` };
    const own = { ...at, mode: 0o644, mtime: new Date(MADE * 1000) };
    if (typeof content === 'string' || content instanceof Uint8Array)
      archive.entry(own, Buffer.from(content));
    else if ('link' in content) archive.entry({ ...own, type: 'symlink', linkname: content.link });
    else archive.entry({ ...own, ...content });
  }
  archive.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of archive as AsyncIterable<Uint8Array>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** A signed package with these entries. */
export async function firmwareApk(name: string, entries: Entries, fields: Fields = {}) {
  const data = { bytes: gzipSync(await tarOf(entries)) };
  return apkOf({ P: name, V: '20260221-r0', L: 'custom', ...fields }, { data });
}

/** As linux-firmware is stored and packed by Alpine, with other bytes: that of its name. */
export const INTEL: Entries = [
  ...[77, 83, 86, 89].flatMap((number): [string, Content][] => {
    const file = `iwlwifi-ty-a0-gf-a0-${number}.ucode.zst`;
    return [
      [file, { link: `intel/iwlwifi/${file}` }],
      [`intel/iwlwifi/${file}`, `ucode ${number}`],
    ];
  }),
  ['iwlwifi-ty-a0-gf-a0.pnvm.zst', { link: 'intel/iwlwifi/iwlwifi-ty-a0-gf-a0.pnvm.zst' }],
  ['intel/iwlwifi/iwlwifi-ty-a0-gf-a0.pnvm.zst', 'pnvm'],
  ['iwlwifi-8000C-36.ucode', 'plain'],
  ['intel/iwlwifi/iwlwifi-sc-a0-fm-c0-c101.ucode.zst', 'without a link'],
  ['intel/ibt-11-5.sfi.xz', 'bluetooth'],
];
