import { CHECKSUMS, MANIFEST } from '../bundle/bundle.ts';
import { decodeChecksums, type Checksum } from '../formats/checksums.ts';
import { encodeManifest, formatMode, type Manifest } from '../formats/manifest.ts';
import type { Found, FoundFile } from './found.ts';

/** What the lists say of a file; a list that has it not says nothing. */
interface Listed {
  /** The digest by each list's name. */
  readonly digests: Map<string, string>;
  size?: number;
  mode?: string;
}

/** Compares the files with both lists of them. Returns one line for each difference, naming the file. */
export function checkFiles(found: Found, manifest: Manifest): string[] {
  const problems: string[] = [];
  const sums = readSums(found, problems);
  const listed = new Map<string, Listed>();
  const at = (path: string): Listed => {
    const entry = listed.get(path) ?? { digests: new Map<string, string>() };
    listed.set(path, entry);
    return entry;
  };
  for (const { path, digest } of sums ?? []) list(at(path), CHECKSUMS, path, digest, problems);
  for (const { path, size, mode, sha256 } of manifest.files) {
    list(at(path), MANIFEST, path, sha256, problems);
    Object.assign(at(path), { size, mode });
  }
  // The two that list the others cannot be in their own list; their mode is a constant.
  Object.assign(at(MANIFEST), { mode: '0644' });
  Object.assign(at(CHECKSUMS), { mode: '0644' });
  for (const [path, entry] of listed)
    problems.push(...compare(path, found.files.get(path), entry, sums !== undefined));
  for (const path of found.files.keys())
    if (!listed.has(path)) problems.push(`${path}: not a file of this bundle`);
  return problems;
}

function list(entry: Listed, name: string, path: string, digest: string, problems: string[]): void {
  if (entry.digests.has(name)) problems.push(`${name}: it lists ${path} more than once`);
  entry.digests.set(name, digest);
}

function readSums(found: Found, problems: string[]): Checksum[] | undefined {
  const file = found.files.get(CHECKSUMS);
  // A missing one is reported with all other files.
  if (!file) return undefined;
  try {
    return decodeChecksums(Buffer.from(file.bytes).toString('utf8'));
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error));
    return undefined;
  }
}

function compare(path: string, file: FoundFile | undefined, listed: Listed, haveSums: boolean): string[] {
  if (!file) return [`${path}: missing`];
  const problems: string[] = [];
  const wrong = [...listed.digests].filter(([, digest]) => digest !== file.digest).map(([name]) => name);
  if (wrong.length > 0) problems.push(`${path}: its SHA-256 is not the one in ${wrong.join(' and ')}`);
  else if (listed.size !== undefined && listed.size !== file.bytes.length) {
    problems.push(`${path}: it has ${file.bytes.length} bytes, ${MANIFEST} says ${listed.size}`);
  }
  if (formatMode(file.mode) !== (listed.mode ?? '0644')) {
    problems.push(`${path}: its mode is ${formatMode(file.mode)}, it has to be ${listed.mode ?? '0644'}`);
  }
  const expected = [
    ...(haveSums && path !== CHECKSUMS ? [CHECKSUMS] : []),
    ...(path === MANIFEST || path === CHECKSUMS ? [] : [MANIFEST]),
  ];
  const silent = expected.filter((name) => !listed.digests.has(name));
  if (silent.length > 0) problems.push(`${path}: not in ${silent.join(' or ')}`);
  return problems;
}

/** Folders that hold none of the listed files, or that others may write into: what is in them may run as root. */
export function checkFolders(found: Found, manifest: Manifest): string[] {
  const known = new Set(['iso']);
  for (const { path } of manifest.files) {
    for (let end = path.indexOf('/'); end > 0; end = path.indexOf('/', end + 1))
      known.add(path.slice(0, end));
  }
  return [...found.folders].flatMap(([path, mode]) => {
    // Said already, and more clearly.
    if (path === 'data' || path.startsWith('data/')) return [];
    if (!known.has(path)) return [`${path}: not a folder of this bundle`];
    return (mode & 0o022) === 0 ? [] : [`${path}: its mode ${formatMode(mode)} lets others write into it`];
  });
}

/** What the manifest says more than once has to agree, and its text has to be the one that airhive writes. */
export function checkManifest(found: Found, manifest: Manifest): string[] {
  const text = Buffer.from(found.files.get(MANIFEST)?.bytes ?? []).toString('utf8');
  const { profile, iso, resolved } = manifest;
  const { name, release, alpine } = resolved as Partial<Record<string, Record<string, unknown>>>;
  const mirrors = Array.isArray(alpine?.mirrors) ? alpine.mirrors : [];
  const urls = mirrors.map((mirror) => `${String(mirror)}/${String(release?.path)}`);
  const pairs: [string, unknown, unknown][] = [
    ['profile', profile, name],
    ['iso.file', iso.file, release?.file],
    ['iso.sha256', iso.sha256, release?.sha256],
    ['iso.size', iso.size, release?.size],
    ['iso.urls', iso.urls.join(' '), urls.join(' ')],
    ...(found.prefix === undefined
      ? []
      : ([['profile', profile, found.prefix]] as [string, unknown, unknown][])),
  ];
  const problems = pairs
    .filter(([, said, elsewhere]) => said !== elsewhere)
    .map(
      ([key, said, elsewhere]) =>
        `${MANIFEST}: ${key} is ${String(said)}, but elsewhere it is ${String(elsewhere)}`,
    );
  if (text !== encodeManifest(manifest)) problems.push(`${MANIFEST}: not written as airhive writes it`);
  return problems;
}
