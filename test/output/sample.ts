import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bundle } from '../../generators/bundle/bundle.ts';
import { fileOf } from '../../generators/formats/tree.ts';
import { openStaging, type Staging } from '../../generators/output/staging.ts';
import { realClock } from '../inputs/clock.ts';

export const NAME = 'sample';

const PATHS = ['SHA256SUMS', 'a.txt', 'iso/some.iso.sha256', 'manifest.json', 'run', 'snippets/deep/b.conf'];
const MODES: Readonly<Record<string, number>> = { run: 0o755 };

/** A bundle whose every file holds `mark`. */
export function sampleBundle(mark: string): Bundle {
  const files = PATHS.map((path) => {
    const bytes = Buffer.from(`${path} ${mark}\n`);
    return fileOf(path, bytes, MODES[path]);
  });
  return { name: NAME, epoch: 0, files };
}

/** Its beginning is that of the bundle's tar. */
export function sampleTar(mark: string): Uint8Array {
  return Buffer.from(`${NAME}/ ${mark}\n`);
}

export function siteImage(mark: string): Uint8Array {
  const bytes = Buffer.alloc(1000);
  bytes.write(mark, 10);
  return bytes;
}

export async function openSample(out: string, warnings: string[] = []): Promise<Staging> {
  const { signal } = new AbortController();
  return openStaging(out, NAME, { clock: realClock, signal, warn: (message) => warnings.push(message) });
}

/** Everything that a build does with a staging; `site` adds a site image with the same mark. */
export async function publishSample(
  out: string,
  mark: string,
  options: { site?: boolean } = {},
): Promise<void> {
  const staging = await openSample(out);
  try {
    await staging.write(sampleBundle(mark), sampleTar(mark));
    if (options.site) await staging.writeSite(siteImage(mark));
    await staging.publish();
  } finally {
    await staging.discard();
  }
}

/** What a machine that runs the bundle in place leaves in it. */
export function addData(out: string): void {
  const data = join(out, NAME, 'data');
  mkdirSync(join(data, 'keys'), { recursive: true });
  chmodSync(data, 0o700);
  writeFileSync(join(data, 'state.img'), 'state of the machine');
  writeFileSync(join(data, 'keys/admin'), 'key of the machine');
  writeFileSync(join(data, 'site.img'), 'old site');
}

export interface State {
  /** The mark in all of the bundle's files; undefined without a bundle; throws when it is not whole. */
  readonly bundle: string | undefined;
  readonly tar: string | undefined;
  /** Files in data/ by name, with their text. */
  readonly data: Readonly<Record<string, string>>;
  /** Names in the folder that no finished build leaves. */
  readonly litter: readonly string[];
}

export function stateOf(out: string): State {
  const bundle = join(out, NAME);
  const tar = join(out, `${NAME}.tar`);
  const text = (path: string): string => readFileSync(path, 'utf8');
  const marks = existsSync(bundle) ? PATHS.map((path) => markIn(text(join(bundle, path)), path)) : [];
  if (new Set(marks).size > 1) throw new Error(`mixed bundle: ${marks.join(', ')}`);
  return {
    bundle: marks[0],
    tar: existsSync(tar) ? markIn(text(tar), `${NAME}/`) : undefined,
    data: dataIn(join(bundle, 'data')),
    litter: readdirSync(out).filter((name) => name !== NAME && name !== `${NAME}.tar`),
  };
}

function markIn(text: string, path: string): string {
  if (!text.startsWith(`${path} `)) throw new Error(`${path} is damaged: ${JSON.stringify(text)}`);
  return text.slice(path.length + 1).trimEnd();
}

function dataIn(folder: string): Record<string, string> {
  if (!existsSync(folder)) return {};
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  const paths = entries.map((entry) => join(entry.parentPath, entry.name)).sort();
  return Object.fromEntries(
    paths.map((path) => [path.slice(folder.length + 1), readFileSync(path, 'utf8').replaceAll('\0', '')]),
  );
}

export const MACHINE_DATA = { 'keys/admin': 'key of the machine', 'state.img': 'state of the machine' };
export const OLD_DATA = { ...MACHINE_DATA, 'site.img': 'old site' };
