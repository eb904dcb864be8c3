import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  assembleBundle,
  encodeBundleTar,
  nothingFetched,
  type Bundle,
} from '../../generators/bundle/bundle.ts';
import { encodeBundlePkg } from '../../generators/bundle/package.ts';
import { sha256 } from '../../generators/formats/checksums.ts';
import { encodeTar } from '../../generators/formats/tar.ts';
import { readOverlay } from '../../generators/inputs/tree.ts';
import { resolveEpoch } from '../../generators/plan/epoch.ts';
import { askedOf, planGuest } from '../../generators/plan/guest.ts';
import { planHost, type HostSources } from '../../generators/plan/host.ts';
import { pageTemplate } from '../../generators/plan/overview.ts';
import type { OverlaySource } from '../../generators/plan/render.ts';
import { readPins, resolveText } from '../fixtures/profiles.ts';

const FOLDER = new URL('reference/', import.meta.url);
const at = (path: string) => fileURLToPath(new URL(path, FOLDER));

export const RECORD = at('recorded.json');

/** What the reference bundle is made from: the profile's text, the files, and two words of the world. */
export interface Sources {
  readonly profile: string;
  readonly releases: string;
  readonly guest: readonly OverlaySource[];
  readonly host: HostSources;
  readonly version: string;
  readonly epoch: string | undefined;
}

export const SOURCES: Sources = {
  profile: readFileSync(at('reference.yaml'), 'utf8'),
  releases: readFileSync(at('releases.yaml'), 'utf8'),
  guest: await readOverlay(at('guest')),
  host: { overlay: await readOverlay(at('host')), troubleshooting: readFileSync(at('troubleshooting.md')) },
  version: '1.0.0',
  epoch: undefined,
};

/** In the place of what the program is compiled from, which changes with each update. */
const PROGRAM = [
  {
    ...{ name: 'yaml', version: '2.9.1', license: 'ISC', direct: true, dependsOn: [] },
    integrity: `sha512-${Buffer.alloc(64).toString('base64')}`,
  },
];

export interface Built {
  readonly bundle: Bundle;
  readonly tar: Uint8Array;
  readonly pkg: Uint8Array;
  /** The guest's overlay before gzip. */
  readonly overlay: Uint8Array;
}

/** The whole pure part: from texts and bytes to the bundle's bytes. */
export async function makeBundle(changes: Partial<Sources> = {}): Promise<Built> {
  const sources = { ...SOURCES, ...changes };
  const profile = resolveText('reference', sources.profile, readPins(sources.releases));
  const epoch = resolveEpoch(sources.epoch, profile.release.date);
  const guest = planGuest(profile, sources.guest, sources.version);
  const host = planHost(profile, sources.host, sources.version);
  const bundle = await assembleBundle({
    profile,
    version: sources.version,
    epoch,
    guest,
    host,
    contents: nothingFetched(askedOf(profile)),
    page: pageTemplate(sources.host.overlay),
    program: PROGRAM,
  });
  const pkg = await encodeBundlePkg(bundle, profile, sources.version);
  return { bundle, tar: await encodeBundleTar(bundle), pkg, overlay: await encodeTar(guest, epoch) };
}

/** Digests of all that came out, by path; the overlay's also before gzip. */
export function digestsOf({ bundle, tar, pkg, overlay }: Built): Record<string, string> {
  const files = bundle.files.map(({ path, bytes }): [string, string] => [`reference/${path}`, sha256(bytes)]);
  return {
    ...Object.fromEntries(files),
    'reference.tar': sha256(tar),
    'reference.pkg': sha256(pkg),
    'airhive.apkovl.tar, before gzip': sha256(overlay),
  };
}
