import { readSigned, untrusted, type Keys } from './archive.ts';
import { isVersion, parseDependency, type Dependency } from './version.ts';

/** One package of an index (apk-index(5)). */
export interface Package {
  readonly name: string;
  readonly version: string;
  readonly arch: string;
  /** Bytes of the .apk. */
  readonly size: number;
  /** SHA-1 of its control stream, lower-case hex. */
  readonly checksum: string;
  readonly depends: readonly Dependency[];
  readonly provides: readonly Dependency[];
  readonly installIf: readonly Dependency[];
  /** Of several that provide the same, the greatest is taken. */
  readonly priority: number;
  /** Why it cannot be installed, whoever asks for it. */
  readonly unusable?: string;
  /** Of several repositories the one with the smallest number is preferred. */
  readonly repository: number;
  /** As the index has it; empty when it says nothing. */
  readonly license: string;
}

export interface Index {
  readonly packages: readonly Package[];
  /** When it was made: seconds since 1970, and inside of what is signed. */
  readonly date: number;
  /** Words that apk cannot read either and leaves out, such as a provided version that is none. */
  readonly notes: readonly string[];
}

/** Bytes of an APKINDEX.tar.gz. Alpine's greatest has less than 2 MiB. */
export const INDEX_LIMIT = 32 << 20;
const UNPACKED_LIMIT = 256 << 20;
const RECORD_LIMIT = 200_000;
/** Characters of one line; Alpine's longest has some 20,000. */
const LINE_LIMIT = 1 << 18;
/** Of a package, in bytes. */
const PACKAGE_LIMIT = 2 ** 32;
const SHOWN_PROBLEMS = 20;

/**
 * Checks and reads an APKINDEX.tar.gz.
 * @param what names it in messages
 * @throws AirhiveError verification when it is not whole, not signed by one of `keys`, or has a line that is none
 */
export async function readIndex(
  bytes: Buffer,
  { keys, arch, repository, what }: { keys: Keys; arch: string; repository: number; what: string },
): Promise<Index> {
  if (bytes.length > INDEX_LIMIT) throw untrusted(what, `is longer than ${INDEX_LIMIT} bytes`);
  const { members, end } = await readSigned(bytes, keys, UNPACKED_LIMIT, what);
  if (end !== bytes.length) throw untrusted(what, 'has something behind its end');
  const text = members.get('APKINDEX');
  if (!text) throw untrusted(what, 'holds no file APKINDEX');
  const parsed = parseIndex(text.bytes.toString(), { arch, repository });
  if (parsed.problems.length === 0) return { ...parsed, date: text.mtime };
  const shown = parsed.problems.slice(0, SHOWN_PROBLEMS).map((problem) => `\n  ${problem}`);
  const more = parsed.problems.length - shown.length;
  throw untrusted(what, `cannot be read:${shown.join('')}${more > 0 ? `\n  and ${more} more` : ''}`);
}

interface Parsed {
  readonly packages: Package[];
  readonly problems: string[];
  readonly notes: string[];
}

/** Reads the text of an index: every line that is wrong is a problem of its own, `line N: ...`. */
export function parseIndex(text: string, options: { arch: string; repository: number }): Parsed {
  const parsed: Parsed = { packages: [], problems: [], notes: [] };
  let fields = new Map<string, Field>();
  let start = 1;
  let line = 0;
  const end = (): void => {
    if (fields.size > 0) readRecord({ fields, line: start }, options, parsed);
    fields = new Map();
    start = line + 1;
  };
  for (const content of text.split('\n')) {
    line++;
    if (content === '') {
      end();
      if (parsed.packages.length <= RECORD_LIMIT) continue;
      parsed.problems.push(`line ${line}: more than ${RECORD_LIMIT} packages`);
      return parsed;
    }
    const letter = content.charAt(0);
    if (!/^[A-Za-z]:/.test(content)) parsed.problems.push(`line ${line}: not LETTER:VALUE`);
    else if (content.length > LINE_LIMIT)
      parsed.problems.push(`line ${line}: longer than ${LINE_LIMIT} characters`);
    else if (fields.has(letter)) parsed.problems.push(`line ${line}: a second ${letter}: in one record`);
    else fields.set(letter, { value: content.slice(2), line });
  }
  end();
  return parsed;
}

interface Field {
  readonly value: string;
  readonly line: number;
}

interface RecordLines {
  readonly fields: ReadonlyMap<string, Field>;
  readonly line: number;
}

/** Letters that are read here, and those that say nothing about what fits what. */
const KNOWN = /^[CPVASDpikITULotmrqFMRZasfgc]$/;

function readRecord(
  record: RecordLines,
  options: { arch: string; repository: number },
  parsed: Parsed,
): void {
  const { fields, line } = record;
  const text = (letter: string, rule: RegExp | ((value: string) => boolean), allowed: string): string => {
    const field = fields.get(letter);
    if (!field) parsed.problems.push(`line ${line}: a record without ${letter}: (${allowed})`);
    else if (typeof rule === 'function' ? rule(field.value) : rule.test(field.value)) return field.value;
    else parsed.problems.push(`line ${field.line}: ${letter}: is not ${allowed}`);
    return '';
  };
  const before = parsed.problems.length;
  const name = text('P', /^[A-Za-z0-9_][A-Za-z0-9_.+-]*$/, 'the name of a package');
  const version = text('V', /^[!-~]+$/, 'a version');
  const arch = text('A', /^[A-Za-z0-9_]+$/, 'an architecture');
  const size = Number(text('S', isSize, 'a size in bytes'));
  const checksum = text('C', /^Q1[A-Za-z0-9+/]{27}=$/, 'Q1 and a SHA-1 in base64');
  const priority = fields.has('k') ? Number(text('k', /^[0-9]{1,9}$/, 'a number')) : 0;
  if (parsed.problems.length > before) return;
  if (!isVersion(version)) {
    // Alpine's own indexes have had one; nothing can be said of what it is newer than.
    parsed.notes.push(`${name} ${version}: that is not a version, the package is left out`);
    return;
  }
  const words = (letter: string): { read: Dependency[]; unread: string[] } => {
    const read: Dependency[] = [];
    const unread: string[] = [];
    for (const word of fields.get(letter)?.value.split(' ') ?? []) {
      const dependency = word === '' ? undefined : parseDependency(word);
      if (dependency) read.push(dependency);
      else if (word !== '') unread.push(word);
    }
    if (unread.length > 0)
      parsed.notes.push(
        `${name}-${version}: ${unread.join(' ')} in ${letter}: cannot be read and is left out`,
      );
    return { read, unread };
  };
  const [depends, provides, installIf] = ['D', 'p', 'i'].map(words);
  const unusable = unusableBecause(record, arch, options.arch, depends?.unread ?? []);
  parsed.packages.push({
    name,
    version,
    arch,
    size,
    checksum: Buffer.from(checksum.slice(2), 'base64').toString('hex'),
    depends: depends?.read ?? [],
    provides: provides?.read ?? [],
    // Half of a rule would be another rule.
    installIf: installIf?.unread.length === 0 ? installIf.read : [],
    priority,
    repository: options.repository,
    license: fields.get('L')?.value ?? '',
    ...(unusable === undefined ? {} : { unusable }),
  });
}

/** What keeps apk from installing a package whose record can be read. */
function unusableBecause(
  { fields }: RecordLines,
  arch: string,
  wanted: string,
  unread: readonly string[],
): string | undefined {
  if (arch !== wanted && arch !== 'noarch') return `it is for ${arch}, not for ${wanted}`;
  const strange = [...fields.keys()].find((letter) => /[A-Z]/.test(letter) && !KNOWN.test(letter));
  if (strange !== undefined) return `its record has ${strange}:, which a newer apk may know`;
  return unread.length > 0 ? `it needs ${unread.join(' ')}, which cannot be read` : undefined;
}

function isSize(value: string): boolean {
  return /^[1-9][0-9]{0,11}$/.test(value) && Number(value) <= PACKAGE_LIMIT;
}
