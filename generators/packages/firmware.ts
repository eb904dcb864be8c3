import { posix } from 'node:path';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { extract, type Extract as Archive } from 'tar-stream';
import { AirhiveError } from '../errors.ts';
import { compareCodeUnits, inPathOrder } from '../formats/order.ts';
import { fileOf, type File } from '../formats/tree.ts';
import { untrusted } from './archive.ts';

// Files out of Alpine's linux-firmware-NAME packages. linux-firmware stores many of them under another name than the one
// that drivers ask for, with a link between the two; Alpine packs them one by one with zstd, which the kernel unpacks by
// their ending. A FAT has no links, so a file is there twice: drivers of newer kernels ask for the name it is stored under.

/** The bytes of a package from its beginning; asked for twice. */
export type ReadPackage = () => AsyncIterable<Uint8Array>;

/** Which package it is, for messages and for the text that lies beside its files. */
export interface Origin {
  readonly name: string;
  readonly version: string;
  /** As the index has it. */
  readonly license: string;
}

export interface Taken {
  /** By their paths below /lib/firmware, in code unit order; licence texts are LICENCE.*. None when nothing was found. */
  readonly files: readonly File[];
  /** Of what was wanted: the first name of each that is not there under any of its names. */
  readonly missing: readonly string[];
  /** What is only a link into the files of another package. */
  readonly elsewhere: readonly Elsewhere[];
}

/** A name and where it leads, both below /lib/firmware and with the ending of the packed file. */
export interface Elsewhere {
  readonly name: string;
  readonly stored: string;
}

/** The endings that the kernel tries, in its order. */
const ENDINGS = ['', '.zst', '.xz'];
const ENDING = /\.(?:zst|xz)$/;

/** The greatest of Alpine's packages unpacks to some 600 MiB. */
const UNPACKED_LIMIT = 2 ** 31;
const ENTRY_LIMIT = 50_000;
const NAME_LIMIT = 1024;
const LINK_LIMIT = 40;
/** The greatest file of a Wi-Fi card has some 6 MB. */
const FILE_LIMIT = 32 << 20;
const TOTAL_LIMIT = 256 << 20;
const LICENCE_LIMIT = 1 << 20;
const LICENCE_COUNT = 32;
/** Files of one `*` that are taken. */
const GREATEST = 2;

/**
 * Takes files out of a package whose signature was checked. Holds the names in it and what is taken, not the package.
 * @param wanted names below /lib/firmware as drivers ask for them: `*` for a number, `|` between names of which one is enough
 * @throws AirhiveError verification for a package that no packer made; what `read` throws
 */
export async function takeFirmware(
  read: ReadPackage,
  wanted: readonly string[],
  origin: Origin,
): Promise<Taken> {
  const what = `${origin.name}-${origin.version}.apk`;
  const listing = await listPackage(read, what);
  const found: Elsewhere[] = [];
  const elsewhere: Elsewhere[] = [];
  const missing: string[] = [];
  for (const text of wanted) {
    const places = text.split('|').flatMap((name) => listing.find(name));
    if (places.length === 0) missing.push(text.split('|')[0] ?? text);
    for (const { isHere, ...place } of places) (isHere ? found : elsewhere).push(place);
  }
  const contents = await readContents(read, listing.membersOf(found), what);
  return { files: filesOf(found, contents, listing, origin), missing, elsewhere };
}

/** Everything by its path; one content has several. */
function filesOf(
  found: readonly Elsewhere[],
  contents: ReadonlyMap<string, Buffer>,
  listing: Listing,
  origin: Origin,
): File[] {
  const byPath = new Map<string, Buffer>();
  for (const { name, stored } of found) {
    const bytes = contents.get(listing.memberAt(stored));
    if (!bytes) continue;
    byPath.set(name, bytes);
    // Nobody asks for a name with other characters, which are those of single machines.
    if (/^[A-Za-z0-9._+@/-]+$/.test(stored)) byPath.set(stored, bytes);
  }
  if (byPath.size === 0) return [];
  const names = [...byPath.keys()].sort(compareCodeUnits);
  for (const member of listing.licencesOf(found)) {
    const name = posix.basename(member).replace(/[^A-Za-z0-9._+@-]/g, '_');
    const bytes = contents.get(member);
    if (bytes) byPath.set(`LICENCE.${origin.name}.${name}`, bytes);
  }
  byPath.set(`LICENCE.${origin.name}`, Buffer.from(licenceText(names, origin)));
  return inPathOrder([...byPath].map(([path, bytes]) => fileOf(path, bytes)));
}

/** Alpine's packages hold no licence texts. */
function licenceText(names: readonly string[], { name, version, license }: Origin): string {
  return (
    `These files are from the package ${name} ${version} of Alpine Linux, unchanged:\n` +
    names.map((file) => `  ${file}\n`).join('') +
    `The package gives its licence as: ${license}\n` +
    'The licence of each file is told by WHENCE and the LICENCE files of linux-firmware:\n' +
    '  https://git.kernel.org/pub/scm/linux/kernel/git/firmware/linux-firmware.git\n'
  );
}

/** A file of the package, or where a link leads: below /lib/firmware, undefined for a place outside. */
type Entry =
  | { readonly type: 'file'; readonly member: string }
  | { readonly type: 'link'; readonly target: string | undefined };

interface Place extends Elsewhere {
  readonly isHere: boolean;
}

/** What a package has below /lib/firmware. */
class Listing {
  readonly #entries: ReadonlyMap<string, Entry>;
  readonly #what: string;

  constructor(entries: ReadonlyMap<string, Entry>, what: string) {
    this.#entries = entries;
    this.#what = what;
    for (const path of entries.keys()) {
      for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1))
        if (entries.get(path.slice(0, end))?.type === 'file')
          throw untrusted(what, `has a file ${shown(path.slice(0, end))} with files in it`);
    }
  }

  /** Where the files are that drivers mean by a name; empty when there is none. */
  find(name: string): Place[] {
    if (!name.includes('*')) return this.#findOne(name);
    const places: Place[] = [];
    let names = 0;
    for (const numbered of this.#expand(name)) {
      const one = this.#findOne(numbered);
      if (one.length === 0) continue;
      places.push(...one);
      if (++names === GREATEST) break;
    }
    return places;
  }

  #findOne(name: string): Place[] {
    for (const ending of ENDINGS) {
      const path = `${name}${ending}`;
      const stored = this.#follow(path);
      if (this.#entries.get(stored)?.type === 'file') return [{ name: path, stored, isHere: true }];
      if (stored !== path && this.#entries.has(path)) return [{ name: path, stored, isHere: false }];
      const inDirectory = this.#onlyOneNamed(path);
      if (inDirectory !== undefined) return [{ name: path, stored: inDirectory, isHere: true }];
    }
    return [];
  }

  /** For a name without a directory whose link is not there any more: the one file that is called so. */
  #onlyOneNamed(name: string): string | undefined {
    if (name.includes('/')) return undefined;
    const paths = [...this.#entries].filter(
      ([path, { type }]) => type === 'file' && path.endsWith(`/${name}`),
    );
    return paths.length === 1 ? paths[0]?.[0] : undefined;
  }

  /** All names that there are for one with a `*`, the greatest number first. */
  #expand(name: string): string[] {
    const directory = posix.dirname(name);
    const [before = '', after = ''] = posix.basename(name).split('*');
    const there = directory === '.' ? '' : `${this.#follow(directory)}/`;
    const numbers = new Set<string>();
    for (const path of this.#entries.keys()) {
      // Names without a directory are looked for in all of them.
      if (there !== '' && (!path.startsWith(there) || path.includes('/', there.length))) continue;
      const file = posix.basename(path).replace(ENDING, '');
      const number = file.slice(before.length, file.length - after.length);
      if (file.startsWith(before) && file.endsWith(after) && /^[0-9]{1,9}$/.test(number)) numbers.add(number);
    }
    const start = directory === '.' ? '' : `${directory}/`;
    return [...numbers]
      .sort((a, b) => Number(b) - Number(a) || compareCodeUnits(a, b))
      .map((number) => `${start}${before}${number}${after}`);
  }

  /** A path with every link on its way replaced, whether something is there or not. */
  #follow(path: string): string {
    let rest = path.split('/');
    let done = '';
    for (let links = 0; rest.length > 0;) {
      const [step = '', ...others] = rest;
      const next = done === '' ? step : `${done}/${step}`;
      const entry = this.#entries.get(next);
      if (entry?.type !== 'link') {
        [done, rest] = [next, others];
        continue;
      }
      if (++links > LINK_LIMIT)
        throw untrusted(this.#what, `has links that lead in a circle: ${shown(path)}`);
      if (entry.target === undefined)
        throw untrusted(this.#what, `has a link that leads out of /lib/firmware: ${shown(path)}`);
      [done, rest] = ['', [...entry.target.split('/'), ...others]];
    }
    return done;
  }

  memberAt(stored: string): string {
    const entry = this.#entries.get(stored);
    return entry?.type === 'file' ? entry.member : '';
  }

  /** Texts that lie at the top, or beside what is taken. */
  licencesOf(found: readonly Elsewhere[]): string[] {
    const directories = new Set(['.', ...found.map(({ stored }) => posix.dirname(stored))]);
    return [...this.#entries]
      .flatMap(([path, entry]) =>
        entry.type === 'file' && LICENCE.test(posix.basename(path)) && directories.has(posix.dirname(path))
          ? [entry.member]
          : [],
      )
      .sort(compareCodeUnits)
      .slice(0, LICENCE_COUNT);
  }

  /** The members of the archive that have to be read, with the bytes that each may have. */
  membersOf(found: readonly Elsewhere[]): Map<string, number> {
    if (found.length === 0) return new Map();
    return new Map([
      ...this.licencesOf(found).map((member): [string, number] => [member, LICENCE_LIMIT]),
      ...found.map(({ stored }): [string, number] => [this.memberAt(stored), FILE_LIMIT]),
    ]);
  }
}

const LICENCE = /^(?:LICEN[CS]E|WHENCE|notice)/i;
const ROOT = /^(?:usr\/)?lib\/firmware\//;

async function listPackage(read: ReadPackage, what: string): Promise<Listing> {
  const entries = new Map<string, Entry>();
  let count = 0;
  for await (const entry of membersOf(read, what)) {
    const { name: member, type } = entry.header;
    // Null when there is none, whatever the declarations say.
    const linkname = (entry.header.linkname as string | null) ?? '';
    entry.resume();
    if (++count > ENTRY_LIMIT) throw untrusted(what, `has more than ${ENTRY_LIMIT} entries`);
    if (member.length > NAME_LIMIT || linkname.length > NAME_LIMIT)
      throw untrusted(what, `has a name with more than ${NAME_LIMIT} characters`);
    const path = member.replace(ROOT, '');
    if (path === member || path === '' || type === 'directory') continue;
    if (path.split('/').some((step) => step === '' || step === '.' || step === '..'))
      throw untrusted(what, `has a path that no package has: ${shown(member)}`);
    if (entries.has(path)) throw untrusted(what, `has two entries of one name: ${shown(member)}`);
    if (type === 'file') entries.set(path, { type, member });
    else if (type === 'symlink' || type === 'link')
      entries.set(path, { type: 'link', target: targetOf(path, linkname, type) });
    else throw untrusted(what, `has an entry that no firmware is: ${shown(member)}, ${type}`);
  }
  return new Listing(entries, what);
}

/** A hard link names its target from the top of the archive, a symbolic one from where it lies. */
function targetOf(path: string, linkname: string, type: 'symlink' | 'link'): string | undefined {
  const absolute = type === 'link' || linkname.startsWith('/');
  const full = posix.normalize(
    absolute ? linkname.replace(/^\/+/, '') : posix.join('lib/firmware', posix.dirname(path), linkname),
  );
  const target = full.replace(ROOT, '');
  return target === full || target === '' ? undefined : target.replace(/\/$/, '');
}

async function readContents(
  read: ReadPackage,
  wanted: ReadonlyMap<string, number>,
  what: string,
): Promise<Map<string, Buffer>> {
  const contents = new Map<string, Buffer>();
  let total = 0;
  if (wanted.size === 0) return contents;
  for await (const entry of membersOf(read, what)) {
    const { name, size } = entry.header;
    const limit = wanted.get(name);
    if (limit === undefined) {
      entry.resume();
      continue;
    }
    total += size;
    if (size > limit || total > TOTAL_LIMIT)
      throw untrusted(what, `has a larger file than any firmware: ${shown(name)}, ${size} bytes`);
    const chunks: Uint8Array[] = [];
    for await (const chunk of entry as AsyncIterable<Uint8Array>) chunks.push(chunk);
    contents.set(name, Buffer.concat(chunks));
    if (contents.size === wanted.size) break;
  }
  return contents;
}

type Member = Archive extends AsyncIterable<infer One> ? One : never;

const shown = (name: string): string => JSON.stringify(name.slice(0, 200));

/**
 * The members of all three archives of a package, one after the other. Its gzip streams unpack to one tar, because the
 * first two have no end. Each member has to be read, or left with resume().
 */
async function* membersOf(read: ReadPackage, what: string): AsyncGenerator<Member> {
  let failure: { readonly error: unknown } | undefined;
  const source = Readable.from(
    (async function* () {
      try {
        yield* read();
      } catch (error) {
        failure = { error };
        throw error;
      }
    })(),
  );
  const unpacked = createGunzip();
  // What goes wrong is thrown by who reads what is unpacked.
  pipeline(source, unpacked, () => undefined);
  const archive = extract();
  const fed = feed(unpacked, archive, what);
  try {
    yield* archive;
  } catch (cause) {
    if (failure) throw failure.error;
    if (cause instanceof AirhiveError) throw cause;
    throw untrusted(what, 'holds no whole tar archive');
  } finally {
    archive.destroy(null);
    unpacked.destroy();
    await fed;
  }
}

/** Writes as fast as the archive is read, so that no more than a few blocks wait. */
async function feed(unpacked: AsyncIterable<Uint8Array>, archive: Archive, what: string): Promise<void> {
  let go = (): void => undefined;
  archive.on('drain', () => go());
  archive.on('close', () => go());
  let size = 0;
  try {
    for await (const chunk of unpacked) {
      size += chunk.length;
      if (size > UNPACKED_LIMIT) throw untrusted(what, `unpacks to more than ${UNPACKED_LIMIT} bytes`);
      if (archive.destroyed) return;
      const ready = new Promise<void>((resolve) => (go = resolve));
      if (!archive.write(chunk)) await ready;
    }
    archive.end(undefined);
  } catch (error) {
    archive.destroy(error as Error);
  }
}
