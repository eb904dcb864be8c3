import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { temporaryFolder } from '../inputs/sandbox.ts';
import { generatedBytes, pinOf } from '../mirror/mirror.ts';

/** A small file in the place of an ISO, and its pin. */
export const ISO = generatedBytes(200_000);
export const PIN = pinOf(ISO);

/** The releases file that pins it. */
export const RELEASES = stringify([
  {
    release: '3.24.1',
    flavor: 'standard',
    arch: 'x86_64',
    kernel: 'lts',
    file: PIN.file,
    sha256: PIN.sha256,
    size: PIN.size,
    witnesses: 1,
    date: '2026-06-13',
    floor: '256M',
    lacks: ['dnsmasq', 'iptables'],
  },
]);

/** The same for an ISO that has all that the guest needs. */
export const RELEASES_COMPLETE = stringify(
  (parse(RELEASES) as Readonly<Record<string, unknown>>[]).map((pin) => ({ ...pin, lacks: [] })),
);

/** The profile of the tests with whole groups replaced or added. */
export function profileText(groups: Readonly<Record<string, unknown>> = {}): string {
  const text = readFileSync(new URL('../fixtures/profiles/intel8260.yaml', import.meta.url), 'utf8');
  return stringify({ ...(parse(text) as Readonly<Record<string, unknown>>), ...groups });
}

/** A folder with these files, as a user's working folder. */
export function folderWith(files: Readonly<Record<string, string | Uint8Array>>): string {
  const folder = temporaryFolder();
  for (const [name, content] of Object.entries(files))
    writeFileSync(join(folder, name), content, { mode: 0o600 });
  return folder;
}
