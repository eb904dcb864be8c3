import { isUtf8 } from 'node:buffer';
import { APKOVL, CHECKSUMS, LOCK, MANIFEST, PROFILE, SBOM, VDISK } from '../bundle/bundle.ts';
import { decodeGzip } from '../formats/gzip.ts';
import { decodeManifest, formatMode, type Manifest } from '../formats/manifest.ts';
import { compareCodeUnits } from '../formats/order.ts';
import { decodeTar } from '../formats/tar.ts';
import type { Entry, File } from '../formats/tree.ts';
import { APKS, decodeLock, FIRMWARE } from '../packages/lock.ts';
import { OVERVIEW } from '../plan/overview.ts';
import { parseYaml } from '../profile/document.ts';

/* In what two whole bundles differ. A bundle that may be damaged is first put through checkTree. */

/** A bundle as it is compared. */
export interface Side {
  readonly manifest: Manifest;
  readonly files: ReadonlyMap<string, File>;
  /** The guest's overlay. */
  readonly guest: ReadonlyMap<string, Entry>;
}

/** One thing by its name; null where it is not there. */
export interface Change {
  readonly name: string;
  readonly before: string | null;
  readonly after: string | null;
}

export interface FileChange {
  /** `host:vm_run`, `guest:/etc/inittab`. */
  readonly name: string;
  readonly what: 'new' | 'gone' | 'changed' | 'reordered' | 'binary' | 'mode';
  /** Lines that only the second, and only the first has. */
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

export interface Differences {
  /** airhive, profile, release, dates. */
  readonly bundle: readonly Change[];
  readonly packages: readonly Change[];
  readonly firmware: readonly Change[];
  /** Keys of the profile; undefined when one of the two does not have it. */
  readonly settings: readonly Change[] | undefined;
  readonly services: readonly Change[];
  readonly firewall: readonly FileChange[];
  readonly scripts: readonly FileChange[];
  readonly others: readonly FileChange[];
  /** Files of other bytes that list or hold what is named above. */
  readonly following: readonly string[];
}

/** @param files a bundle's, which are as they have to be */
export async function sideOf(files: ReadonlyMap<string, File>): Promise<Side> {
  const manifest = decodeManifest(textOf(files.get(MANIFEST)));
  const overlay = decodeGzip(files.get(APKOVL)?.bytes ?? new Uint8Array(), LARGEST);
  const guest = await decodeTar(overlay, APKOVL);
  return { manifest, files, guest: new Map(guest.map((entry) => [entry.path, entry])) };
}

/** Bytes that an overlay may unpack to; what is larger did not pass the checks. */
const LARGEST = 256 * 1024 * 1024;

/** Undefined when all files are the same, byte for byte. */
export function compareBundles(before: Side, after: Side): Differences | undefined {
  const found = differences(before, after, follows);
  if (!found || isExplained(found)) return found;
  return differences(before, after, (path) => path !== OVERVIEW && follows(path));
}

/** Whether there is something that the page repeats. A page that differs by itself was not made from its bundle. */
function isExplained({ settings = [], ...found }: Differences): boolean {
  const { bundle, packages, firmware, services, firewall, scripts, others } = found;
  const listed = [bundle, packages, firmware, settings, services, firewall, scripts, others];
  return listed.some((changes) => changes.length > 0);
}

function differences(before: Side, after: Side, follows: (path: string) => boolean): Differences | undefined {
  const following = different(before.files, after.files).filter(follows);
  const host = fileChanges('host:', without(before.files, follows), without(after.files, follows));
  const guest = fileChanges('guest:/', without(before.guest, isRunlevel), without(after.guest, isRunlevel));
  if (following.length === 0 && host.length === 0) return undefined;
  const all = [...host, ...guest];
  const isFirewall = ({ change }: Found) => /firewall[^/]*\.rules$/.test(change.name);
  const changesOf = (wanted: (found: Found) => boolean) => all.filter(wanted).map(({ change }) => change);
  return {
    bundle: changes(basicsOf(before.manifest), basicsOf(after.manifest)),
    packages: changes(packagesOf(before.manifest), packagesOf(after.manifest)),
    firmware: changes(firmwareOf(before), firmwareOf(after)),
    settings: settingsChanges(before, after),
    services: changes(servicesOf(before.guest), servicesOf(after.guest)),
    firewall: changesOf(isFirewall),
    scripts: changesOf((found) => found.isScript && !isFirewall(found)),
    others: changesOf((found) => !found.isScript && !isFirewall(found)),
    following,
  };
}

const LISTS: ReadonlySet<string> = new Set([
  ...[MANIFEST, CHECKSUMS, LOCK, SBOM, PROFILE, OVERVIEW],
  ...[VDISK, APKOVL],
]);

/** What is in such a file is compared by itself. */
function follows(path: string): boolean {
  return LISTS.has(path) || path.startsWith('iso/');
}

function isRunlevel(path: string): boolean {
  return path.startsWith('etc/runlevels/');
}

function without<T>(map: ReadonlyMap<string, T>, left: (path: string) => boolean): Map<string, T> {
  return new Map([...map].filter(([path]) => !left(path)));
}

function unionOf(before: ReadonlyMap<string, unknown>, after: ReadonlyMap<string, unknown>): string[] {
  return [...new Set([...before.keys(), ...after.keys()])].sort(compareCodeUnits);
}

function changes(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): Change[] {
  return unionOf(before, after)
    .map((name) => ({ name, before: before.get(name) ?? null, after: after.get(name) ?? null }))
    .filter((change) => change.before !== change.after);
}

function textOf(file: Entry | undefined): string {
  return Buffer.from(file?.type === 'file' ? file.bytes : []).toString('utf8');
}

function basicsOf({ airhive, profile, epoch, iso, resolved }: Manifest): Map<string, string> {
  const { release, flavor } = resolved.release as { readonly release?: unknown; readonly flavor?: unknown };
  const date = new Date(epoch * 1000).toISOString().replace('T00:00:00.000Z', '').replace('.000Z', 'Z');
  return new Map([
    ['airhive', airhive],
    ['profile', profile],
    ['release', `Alpine ${String(flavor)} ${String(release)}`],
    ['SHA-256 of the ISO', iso.sha256],
    ['date of all files', date],
  ]);
}

const LEFT_OUT = 'missing from the bundle';

function packagesOf({ vdisk, missing }: Manifest): Map<string, string> {
  const there = vdisk.flatMap(({ path }) => {
    const [, name, version] = /^([^/]+)-([^-]+-r[0-9]+)\.apk$/.exec(below(APKS, path)) ?? [];
    return name === undefined || version === undefined ? [] : [[name, version] as const];
  });
  return new Map([...missing.packages.map((name) => [name, LEFT_OUT] as const), ...there]);
}

/** The path below a directory of the vdisk; empty when it is elsewhere. */
function below(directory: string, path: string): string {
  return path.startsWith(`${directory}/`) ? path.slice(directory.length + 1) : '';
}

function firmwareOf({ manifest, files }: Side): Map<string, string> {
  const from = new Map(
    (decodeLock(textOf(files.get(LOCK)))?.firmware ?? []).flatMap(({ name, version, files: taken }) =>
      taken.map(({ path }) => [path, ` of ${name} ${version}`] as const),
    ),
  );
  const there = manifest.vdisk.flatMap(({ path, sha256 }) => {
    const name = below(FIRMWARE, path);
    return name === '' ? [] : [[name, `${sha256.slice(0, 12)}${from.get(name) ?? ''}`] as const];
  });
  return new Map([...manifest.missing.firmware.map((name) => [name, LEFT_OUT] as const), ...there]);
}

function settingsChanges(before: Side, after: Side): Change[] | undefined {
  const [one, other] = [before, after].map(({ files }) => files.get(PROFILE));
  if (!one || !other) return undefined;
  return changes(settingsOf(one), settingsOf(other));
}

/** The values of a profile by their dotted paths. */
function settingsOf(file: File): Map<string, string> {
  const settings = new Map<string, string>();
  const enter = (path: string, value: unknown): void => {
    if (Array.isArray(value) && value.some((item) => typeof item === 'object'))
      for (const [at, item] of value.entries()) enter(`${path}[${at}]`, item);
    else if (typeof value === 'object' && value !== null && !Array.isArray(value))
      for (const [key, one] of Object.entries(value)) enter(path === '' ? key : `${path}.${key}`, one);
    // Of an empty list nothing is said: there is no telling whether it is one of groups.
    else if (!Array.isArray(value)) settings.set(path, String(value));
    else if (value.length > 0) settings.set(path, value.join(' '));
  };
  enter('', parseYaml({ file: PROFILE, text: textOf(file) }).value);
  return settings;
}

/** In which runlevels each service starts. */
function servicesOf(guest: ReadonlyMap<string, Entry>): Map<string, string> {
  const services = new Map<string, string>();
  for (const path of guest.keys()) {
    const [, level, name] = /^etc\/runlevels\/([^/]+)\/([^/]+)$/.exec(path) ?? [];
    if (level === undefined || name === undefined) continue;
    const others = services.get(name);
    services.set(name, others === undefined ? level : `${others}, ${level}`);
  }
  return services;
}

/** Paths that are not the same in both. */
export function different(before: ReadonlyMap<string, Entry>, after: ReadonlyMap<string, Entry>): string[] {
  return unionOf(before, after).filter((path) => !isSame(before.get(path), after.get(path)));
}

function isSame(one: Entry | undefined, other: Entry | undefined): boolean {
  if (one?.type === 'file' && other?.type === 'file')
    return one.mode === other.mode && Buffer.compare(one.bytes, other.bytes) === 0;
  return JSON.stringify(one) === JSON.stringify(other);
}

interface Found {
  readonly change: FileChange;
  readonly isScript: boolean;
}

function fileChanges(
  prefix: string,
  before: ReadonlyMap<string, Entry>,
  after: ReadonlyMap<string, Entry>,
): Found[] {
  return different(before, after).map((path) => {
    const [one, other] = [before.get(path), after.get(path)];
    const isScript = [one, other].some((entry) => textOf(entry).startsWith('#!') || isSourced(entry));
    return { change: { name: `${prefix}${path}`, ...changeOf(one, other) }, isScript };
  });
}

/** What scripts source and start has no line that says so. */
function isSourced(entry: Entry | undefined): boolean {
  return entry?.type === 'file' && /^(lib|rc\.d|usr\/libexec\/airhive)\//.test(entry.path);
}

function changeOf(one: Entry | undefined, other: Entry | undefined): Omit<FileChange, 'name'> {
  const [before, after] = [linesOf(one), linesOf(other)];
  if (!one) return { what: 'new', added: after ?? [], removed: [] };
  if (!other) return { what: 'gone', added: [], removed: before ?? [] };
  if (!before || !after) return { what: 'binary', added: [], removed: [] };
  const [added, removed] = [lacking(after, before), lacking(before, after)];
  if (added.length > 0 || removed.length > 0) return { what: 'changed', added, removed };
  const moded = one.mode !== other.mode && before.join('\n') === after.join('\n');
  if (!moded) return { what: 'reordered', added: [], removed: [] };
  return { what: 'mode', added: [formatMode(other.mode)], removed: [formatMode(one.mode)] };
}

/** Undefined for what has no lines. */
function linesOf(entry: Entry | undefined): string[] | undefined {
  if (entry?.type === 'symlink') return [`a link to ${entry.target}`];
  if (entry?.type !== 'file' || !isUtf8(entry.bytes) || entry.bytes.includes(0)) return undefined;
  return textOf(entry).split('\n');
}

/** The lines that are not in the other list so many times. */
function lacking(lines: readonly string[], others: readonly string[]): string[] {
  const left = new Map<string, number>();
  for (const line of others) left.set(line, (left.get(line) ?? 0) + 1);
  return lines.filter((line) => {
    const count = left.get(line) ?? 0;
    left.set(line, count - 1);
    return count <= 0;
  });
}
