import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll } from 'vitest';
import { encodeFat } from '../../../generators/formats/fat/encode.ts';
import type { SampleFile } from './arbitraries.ts';
import { RELEASE_DAY } from './images.ts';

const folder = mkdtempSync(join(tmpdir(), 'airhive-fat-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let count = 0;
/** A path that nothing has used yet, in a folder that is removed after the tests of this file. */
export const fresh = (): string => join(folder, String(count++));

/** Runs a tool with nothing of the user's own settings; fails when its exit code is not 0. */
export function run(tool: string, args: readonly string[], zone = 'UTC'): string {
  const env = { PATH: process.env.PATH, TZ: zone, LC_ALL: 'C.UTF-8', MTOOLSRC: '/dev/null' };
  return execFileSync(tool, args, { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

export function writeImage(files: readonly SampleFile[], size: number, time = RELEASE_DAY): string {
  const path = fresh();
  writeFileSync(path, encodeFat({ label: 'AIRHIVE', files, time, size }));
  return path;
}

/** Files below a folder by relative path. */
export function readFolder(root: string): Map<string, Buffer> {
  const entries = readdirSync(root, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return new Map(paths.map((path) => [relative(root, path), readFileSync(path)]));
}
