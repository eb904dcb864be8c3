import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { run } from '../../generators/cli/program.ts';
import { sha256 } from '../../generators/formats/checksums.ts';
import { encodeManifest, type Manifest } from '../../generators/formats/manifest.ts';
import { verifyBundle, type Verification } from '../../generators/verify/verify.ts';
import { ISO, PIN, RELEASES } from '../cli/projects.ts';
import { layOut } from '../fixtures/installation.ts';
import { freshFolder } from '../fixtures/scratch.ts';
import { realClock } from '../inputs/clock.ts';
import { mirrorFiles, SIGNER } from '../packages/repository.ts';

export const NAME = 'intel8260';
export const ISO_PATH = `iso/${PIN.file}`;

/** A bundle as it is built, but with small files as its ISO and its packages, as folder and as tar. */
export interface Built {
  readonly root: string;
  readonly folder: string;
  readonly tar: string;
  remove(): void;
}

export async function buildBundle(): Promise<Built> {
  const root = mkdtempSync(join(tmpdir(), 'airhive-verify-'));
  writeFileSync(join(root, 'pins.yaml'), RELEASES);
  writeFileSync(join(root, 'my.iso'), ISO);
  writeFileSync(join(root, SIGNER.name), SIGNER.publicKey);
  const files = await mirrorFiles();
  let said = '';
  const terminal = { isTerminal: false, write: (text: string) => void (said += text) };
  const code = await run(
    {
      argv: [
        ...['build', '--profile', NAME, '--releases', 'pins.yaml', '--iso', 'my.iso', '--cache', root],
        ...['--keys', '.', '--mirror', 'http://mirror.example', '--require-complete'],
      ],
      env: {},
      cwd: root,
      root: layOut(freshFolder()),
      stdin: { isTerminal: false, read: () => Readable.from([]) },
      stdout: terminal,
      stderr: terminal,
      openTerminal: () => Promise.resolve(undefined),
      http: (url) => {
        const bytes = files[url.replace('http://mirror.example/', '')] as Buffer;
        const headers = new Map([['content-length', String(bytes.length)]]);
        return Promise.resolve({ status: 200, headers, body: Readable.from([bytes]) });
      },
      clock: realClock,
      now: () => 0,
      signal: new AbortController().signal,
    },
    '1.2.3',
  );
  if (code !== 0) throw new Error(said);
  const folder = join(root, 'dist', NAME);
  return { root, folder, tar: `${folder}.tar`, remove: () => rmSync(root, { recursive: true, force: true }) };
}

export function verify(path: string, isPublic = false): Promise<Verification> {
  return verifyBundle(path, { public: isPublic, shown: path, signal: new AbortController().signal });
}

/** What is wrong with a bundle, a line for each thing; empty when nothing is. */
export async function problemsOf(path: string, isPublic = false): Promise<string[]> {
  try {
    await verify(path, isPublic);
    return [];
  } catch (error) {
    if (!(error instanceof Error) || !('kind' in error) || error.kind !== 'verification') throw error;
    const [first = '', ...lines] = error.message.split('\n  ');
    return lines.length > 0 ? lines : [first];
  }
}

/** A copy to change at will. */
export function copyOf(folder: string, root: string): string {
  const copy = join(mkdtempSync(join(root, 'copy-')), NAME);
  cpSync(folder, copy, { recursive: true, preserveTimestamps: true });
  return copy;
}

export function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as Manifest;
}

/** Writes the manifest, with digests and sizes of these files as they are now, and fresh sums for all of it. */
export function seal(folder: string, manifest: Manifest, ...changed: readonly string[]): void {
  const files = manifest.files.map((file) => {
    if (!changed.includes(file.path)) return file;
    const bytes = readFileSync(join(folder, file.path));
    return { ...file, size: bytes.length, sha256: sha256(bytes) };
  });
  writeFileSync(join(folder, 'manifest.json'), encodeManifest({ ...manifest, files }));
  sealSums(folder, 'manifest.json', ...changed);
}

/** Fresh sums for these files. */
export function sealSums(folder: string, ...changed: readonly string[]): void {
  const text = readFileSync(join(folder, 'SHA256SUMS'), 'utf8');
  const lines = text.split('\n').map((line) => {
    const path = line.slice(66);
    return changed.includes(path) ? `${sha256(readFileSync(join(folder, path)))}  ${path}` : line;
  });
  writeFileSync(join(folder, 'SHA256SUMS'), lines.join('\n'));
}
