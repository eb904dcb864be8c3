import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { COMPACT_MANIFEST } from '../../generators/formats/pkg.ts';
import { fileOf, type File } from '../../generators/formats/tree.ts';
import { Publication, type Beside } from '../../generators/output/publish.ts';
import type { Clock } from '../../generators/ports.ts';
import { realClock } from '../inputs/clock.ts';

export const NAME = 'sample';

const PATHS = ['SHA256SUMS', 'a.txt', 'iso/some.iso.sha256', 'manifest.json', 'run', 'snippets/deep/b.conf'];
const MODES: Readonly<Record<string, number>> = { run: 0o755 };

/** The files of a bundle, of which each holds `mark`. */
export function sampleFiles(mark: string): File[] {
  return PATHS.map((path) => fileOf(path, Buffer.from(`${path} ${mark}\n`), MODES[path]));
}

/** What comes beside it: tar and package begin as those of a bundle do. */
export function sampleBeside(mark: string, site?: Uint8Array): Beside {
  return {
    tar: Buffer.from(`${NAME}/ ${mark}\n`),
    pkg: Buffer.from(`${COMPACT_MANIFEST} ${mark}\n`),
    site,
  };
}

function siteImage(mark: string): Uint8Array {
  const bytes = Buffer.alloc(1000);
  bytes.write(`site ${mark}`);
  return bytes;
}

export async function openSample(
  out: string,
  warnings: string[] = [],
  clock: Clock = realClock,
): Promise<Publication> {
  const { signal } = new AbortController();
  return Publication.open(out, NAME, { clock, signal, warn: (message) => warnings.push(message) });
}

/** Everything that a build does; `site` adds a site image with the same mark. */
export async function publishSample(
  out: string,
  mark: string,
  options: { site?: boolean; warnings?: string[]; clock?: Clock } = {},
): Promise<void> {
  const publication = await openSample(out, options.warnings, options.clock);
  try {
    const site = options.site ? siteImage(mark) : undefined;
    await publication.write(sampleFiles(mark), sampleBeside(mark, site));
    await publication.publish();
  } finally {
    await publication.discard();
  }
}

export interface State {
  /** The mark in all of the bundle's files; undefined without a bundle; throws when it is not whole. */
  readonly bundle: string | undefined;
  readonly tar: string | undefined;
  readonly pkg: string | undefined;
  readonly site: string | undefined;
  /** Names in the directory that no finished build leaves. */
  readonly litter: readonly string[];
}

export function stateOf(out: string): State {
  const bundle = join(out, NAME);
  const places = [NAME, `${NAME}.tar`, `${NAME}.pkg`, `${NAME}.site.img`];
  const text = (path: string): string | undefined =>
    existsSync(path) ? readFileSync(path, 'utf8').replaceAll('\0', '') : undefined;
  const marks = existsSync(bundle) ? PATHS.map((path) => markIn(text(join(bundle, path)), path)) : [];
  if (new Set(marks).size > 1) throw new Error(`mixed bundle: ${marks.join(', ')}`);
  return {
    bundle: marks[0],
    tar: markIn(text(`${bundle}.tar`), `${NAME}/`),
    pkg: markIn(text(`${bundle}.pkg`), COMPACT_MANIFEST),
    site: markIn(text(`${bundle}.site.img`), 'site'),
    litter: readdirSync(out).filter((name) => !places.includes(name)),
  };
}

function markIn(text: string | undefined, path: string): string | undefined {
  if (text === undefined) return undefined;
  if (!text.startsWith(`${path} `)) throw new Error(`${path} is damaged: ${JSON.stringify(text)}`);
  return text.slice(path.length + 1).trimEnd();
}
