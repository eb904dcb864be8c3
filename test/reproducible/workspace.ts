import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const OTHER_CLOCK = fileURLToPath(new URL('other-clock.js', import.meta.url));

/** What a build is made of and by. */
const PARTS = [
  'bin',
  'docs',
  'generators',
  'overlays',
  'profiles',
  'tools/compile.js',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
];

/** A change of the sources: in `file`, `from` becomes `to`. */
export interface Patch {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** How the files of a copy lie on the disk. */
export interface Layout {
  /** Made in this order, each a day older or younger than the one before. */
  readonly reverse: boolean;
  readonly mode: number;
  /** Modification time of the first file, seconds since 1970. */
  readonly since: number;
}

/** Copies airhive, as git has it, to `folder`, which must not be there yet. */
export function copyProject(
  folder: string,
  { reverse, mode, since }: Layout,
  patches: readonly Patch[] = [],
): void {
  const files = PARTS.flatMap(filesOf).sort();
  if (reverse) files.reverse();
  for (const [index, file] of files.entries()) {
    const path = join(folder, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, readFileSync(join(ROOT, file)));
    chmodSync(path, mode);
    utimesSync(path, since, since + index * 86_400);
  }
  for (const { file, from, to } of patches) {
    const path = join(folder, file);
    const text = readFileSync(path, 'utf8');
    if (!text.includes(from))
      throw new Error(`${file} has no ${JSON.stringify(from)} any more: mend the patch`);
    writeFileSync(path, text.replaceAll(from, to));
  }
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
}

function filesOf(part: string): string[] {
  const path = join(ROOT, part);
  if (part.includes('.')) return [part];
  const entries = readdirSync(path, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)));
}

/** Compiles a copy, as `npm ci` does. */
export function compile(folder: string): void {
  execFileSync(process.execPath, ['tools/compile.js'], { cwd: folder, stdio: 'pipe' });
}

export function copyCompiled(from: string, to: string): void {
  cpSync(join(from, '.build'), join(to, '.build'), { recursive: true });
}

export interface Surroundings {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly umask: string;
  readonly otherClock: boolean;
}

/** Runs `airhive build` of the copy in `project`, with exactly this environment. */
export function build(
  project: string,
  args: readonly string[],
  { cwd, env, umask, otherClock }: Surroundings,
) {
  const { bin } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')) as {
    bin: { airhive: string };
  };
  const clock = otherClock ? ['--import', OTHER_CLOCK] : [];
  const command = [process.execPath, ...clock, join(project, bin.airhive), 'build', '--offline', ...args];
  return spawnSync('/bin/sh', ['-c', `umask ${umask}; exec "$@"`, 'sh', ...command], {
    cwd,
    env,
    encoding: 'utf8',
  });
}
