import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { readFat } from '../fixtures/fat-reader.ts';

export interface Found {
  readonly mode: number;
  /** Undefined for a folder. */
  readonly bytes?: Buffer;
}
export type Snapshot = ReadonlyMap<string, Found>;

/** All that a folder holds: names, modes, contents. */
export function snapshotOf(folder: string): Snapshot {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const found = entries.map((entry): [string, Found] => {
    const path = join(entry.parentPath, entry.name);
    const mode = statSync(path).mode & 0o7777;
    return [relative(folder, path), entry.isDirectory() ? { mode } : { mode, bytes: readFileSync(path) }];
  });
  return new Map(found.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** These differ whenever anything else does, so they are looked at last. */
const SUMMARIES = /(^|\/)(SHA256SUMS|manifest\.json|[^/]+\.tar)$/;

/**
 * Undefined when both hold the same names, modes and bytes; else one line for each path that differs, causes before
 * what only sums them up, and with the place inside of archives and images.
 */
export function explainDifferences(one: Snapshot, other: Snapshot): string[] | undefined {
  const paths = [...new Set([...one.keys(), ...other.keys()])];
  const lines = [
    ...paths.filter((path) => !SUMMARIES.test(path)),
    ...paths.filter((path) => SUMMARIES.test(path)),
  ]
    .map((path) => [path, explainFile(path, one.get(path), other.get(path))] as const)
    .flatMap(([path, line]) => (line === undefined ? [] : [`${path}: ${line}`]));
  return lines.length === 0 ? undefined : lines;
}

function explainFile(path: string, one: Found | undefined, other: Found | undefined): string | undefined {
  if (!one || !other) return `only in the ${one ? 'first' : 'second'}`;
  if (one.mode !== other.mode) return `mode ${one.mode.toString(8)} and ${other.mode.toString(8)}`;
  if (!one.bytes || !other.bytes) return one.bytes === other.bytes ? undefined : 'a folder and a file';
  return explainBytes(path, one.bytes, other.bytes);
}

function explainBytes(path: string, one: Buffer, other: Buffer): string | undefined {
  if (one.equals(other)) return undefined;
  const offset = one.findIndex((byte, index) => byte !== other[index]);
  const place = `${one.length} and ${other.length} bytes, first difference at ${offset === -1 ? one.length : offset}`;
  return `${place}${insideOf(path, one, other, offset)}`;
}

function insideOf(path: string, one: Buffer, other: Buffer, offset: number): string {
  if (path.endsWith('.gz'))
    return `; unpacked: ${explainBytes('.tar', gunzipSync(one), gunzipSync(other)) ?? 'equal'}`;
  if (path.endsWith('.tar')) return ` (${tarPlace(one, offset)})`;
  if (path.endsWith('.img')) return `; in it: ${explainFat(one, other)}`;
  return '';
}

/** The entry of a tar that an offset lies in, and which part of it. */
function tarPlace(tar: Buffer, offset: number): string {
  for (let start = 0; start < tar.length;) {
    const text = (at: number, length: number) =>
      tar.toString('latin1', start + at, start + at + length).replace(/\0[^]*/, '');
    const size = Number.parseInt(text(124, 12), 8) || 0;
    const end = start + 512 + Math.ceil(size / 512) * 512;
    const name = [text(345, 155), text(0, 100)].filter((part) => part !== '').join('/');
    if (offset < start + 512) return `entry ${name || 'of zeros at the end'}, header byte ${offset - start}`;
    if (offset < end) return `entry ${name}, content byte ${offset - start - 512}`;
    start = end;
  }
  return 'behind the end';
}

function explainFat(one: Buffer, other: Buffer): string {
  const [first, second] = [readFat(one), readFat(other)];
  for (const [index, file] of first.files.entries()) {
    const twin = second.files[index];
    if (file.path !== twin?.path) return `${file.path} and ${String(twin?.path)}`;
    const bytes = explainBytes(file.path, Buffer.from(file.bytes), Buffer.from(twin.bytes));
    if (bytes !== undefined) return `${file.path}: ${bytes}`;
    if (file.time !== twin.time) return `${file.path}: time ${file.time} and ${twin.time}`;
  }
  return 'the same files';
}
