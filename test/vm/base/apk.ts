import { createHash, createPublicKey, createSign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import type { TreeEntry } from './tree.ts';

/** Signs as abuild does: RSA PKCS#1 v1.5 with SHA-1, looked up by file name in /etc/apk/keys. */
export interface SigningKey {
  readonly name: string;
  readonly key: KeyObject;
}

/** Who made a package's contents: Alpine, Debian's programs under Alpine's name, or this bench. */
export type Maker = 'official' | 'debian' | 'ours';

/**
 * One package. The fields are those of apk's installed database, by their letters (apk-installed(5), apk-index(5)): P name,
 * V version, A architecture, T description, D depends, p provides, i install_if, r replaces, q replaces' priority,
 * k provider's priority, I installed size, o origin, t build time, c commit, m maintainer, U url, L licence.
 */
export interface ApkPackage {
  readonly fields: Readonly<Record<string, string>>;
  readonly entries: ReadonlyMap<string, TreeEntry>;
  /** `pre-install`, `post-install`, `trigger`, ... to its text. */
  readonly scripts?: Readonly<Record<string, Buffer | string>>;
  /** Directories whose changes start the script `trigger`, with spaces between. */
  readonly triggers?: string;
  readonly maker: Maker;
}

export interface BuiltApk {
  readonly name: string;
  readonly version: string;
  readonly maker: Maker;
  readonly fileName: string;
  readonly bytes: Buffer;
  /** SHA-256 in hex of its files with their paths and modes; unlike the package it does not depend on the key. */
  readonly contents: string;
  /** Its record in the index, without the empty line that ends it. */
  readonly record: string;
}

const END_OF_ARCHIVE = 1024;
const EPOCH = new Date(1_765_894_768_000);

const sha1 = (bytes: Buffer | string, encoding: 'hex' | 'base64'): string =>
  createHash('sha1').update(bytes).digest(encoding);

/** Packs entries; `cut` leaves out the end of the archive, as in apk's signature and control parts. */
async function tar(entries: ReadonlyMap<string, TreeEntry>, cut: boolean): Promise<Buffer> {
  const archive = pack();
  const chunks: Buffer[] = [];
  archive.on('data', (chunk: unknown) => void chunks.push(chunk as Buffer));
  const checksum = (content: Buffer | string): Record<string, string> => ({
    'APK-TOOLS.checksum.SHA1': sha1(content, 'hex'),
  });
  for (const [name, entry] of entries) {
    const { uid = 0, gid = 0 } = entry;
    // apk looks an owner up by its name first, and these are the numbers that count.
    const owner = {
      uid,
      gid,
      mtime: EPOCH,
      uname: uid === 0 ? 'root' : '',
      gname: gid === 0 ? 'root' : '',
    };
    if (entry.kind === 'file')
      archive.entry({ ...owner, name, mode: entry.mode, pax: checksum(entry.content) }, entry.content);
    else if (entry.kind === 'link') {
      const link = { name, type: 'symlink', linkname: entry.target, mode: 0o777 } as const;
      archive.entry({ ...owner, ...link, pax: checksum(entry.target) });
    } else archive.entry({ ...owner, name: `${name}/`, type: 'directory', mode: entry.mode });
  }
  archive.finalize();
  await new Promise<void>((resolve) => void archive.on('end', () => resolve()));
  const bytes = Buffer.concat(chunks);
  return cut ? bytes.subarray(0, bytes.length - END_OF_ARCHIVE) : bytes;
}

const entriesOf = (files: Readonly<Record<string, Buffer | string>>, mode = 0o644): Map<string, TreeEntry> =>
  new Map(
    Object.entries(files).map(([name, content]) => [
      name,
      { kind: 'file', mode, content: Buffer.from(content) },
    ]),
  );

/** Signs bytes as apk and the modloop service check them. */
export const sign = (bytes: Buffer, { key }: SigningKey): Buffer =>
  createSign('RSA-SHA1').update(bytes).sign(key);

export const publicKey = ({ key }: SigningKey): string =>
  createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString();

async function signed(bytes: Buffer, key: SigningKey): Promise<Buffer> {
  const head = await tar(entriesOf({ [`.SIGN.RSA.${key.name}`]: sign(bytes, key) }), true);
  return Buffer.concat([gzipSync(head), bytes]);
}

/** Fields of .PKGINFO and the letter that has them in the database; a list is one line for each of its words. */
const INFO: readonly (readonly [name: string, letter: string, list?: 'list'])[] = [
  ['pkgname', 'P'],
  ['pkgver', 'V'],
  ['pkgdesc', 'T'],
  ['url', 'U'],
  ['builddate', 't'],
  ['size', 'I'],
  ['arch', 'A'],
  ['origin', 'o'],
  ['commit', 'c'],
  ['maintainer', 'm'],
  ['license', 'L'],
  ['depend', 'D', 'list'],
  ['provides', 'p', 'list'],
  ['install_if', 'i'],
  ['replaces', 'r', 'list'],
  ['replaces_priority', 'q'],
  ['provider_priority', 'k'],
];
const INDEXED = 'TULotcmkDpi';

function pkgInfo(fields: Readonly<Record<string, string>>, triggers: string, dataHash: string): string {
  const lines = INFO.flatMap(([name, letter, list]) => {
    const value = fields[letter] ?? '';
    const values = value === '' ? [] : list === 'list' ? value.split(' ').filter(Boolean) : [value];
    return values.map((one) => `${name} = ${one}`);
  });
  if (triggers !== '') lines.push(`triggers = ${triggers}`);
  return [...lines, `datahash = ${dataHash}`, ''].join('\n');
}

function contentsDigest(entries: ReadonlyMap<string, TreeEntry>): string {
  const hash = createHash('sha256');
  for (const [path, entry] of [...entries].sort(([one], [other]) => (one < other ? -1 : 1))) {
    const { kind } = entry;
    const text = kind === 'link' ? entry.target : entry.mode.toString(8);
    hash.update(`${path}\0${kind}\0${text}\0`);
    if (kind === 'file') hash.update(entry.content);
  }
  return hash.digest('hex');
}

/** Writes an .apk of version 2: signature, control and data, a gzip stream each (apk-v2(5)). */
export async function buildApk(apk: ApkPackage, key: SigningKey): Promise<BuiltApk> {
  const data = gzipSync(await tar(apk.entries, false), { level: 1 });
  // Of a package whose installed size is 0 apk unpacks nothing and runs no script.
  const size = String(
    [...apk.entries.values()].reduce((sum, one) => sum + (one.kind === 'file' ? one.content.length : 0), 1),
  );
  const fields: Readonly<Record<string, string>> = { A: 'x86_64', L: 'none', I: size, ...apk.fields };
  const { P: name = '', V: version = '' } = fields;
  const dataHash = createHash('sha256').update(data).digest('hex');
  const scripts = Object.entries(apk.scripts ?? {}).map(([kind, text]) => [`.${kind}`, text] as const);
  const control = new Map([
    ...entriesOf({ '.PKGINFO': pkgInfo(fields, apk.triggers ?? '', dataHash) }),
    ...entriesOf(Object.fromEntries(scripts), 0o755),
  ]);
  const controlPart = gzipSync(await tar(control, true));
  const bytes = Buffer.concat([await signed(controlPart, key), data]);
  const letters = INDEXED.split('').filter((letter) => (fields[letter] ?? '') !== '');
  const record = [
    `C:Q1${sha1(controlPart, 'base64')}`,
    `P:${name}`,
    `V:${version}`,
    `A:${fields.A ?? ''}`,
    `S:${bytes.length}`,
    `I:${fields.I ?? ''}`,
    ...letters.map((letter) => `${letter}:${fields[letter] ?? ''}`),
  ].join('\n');
  const contents = contentsDigest(apk.entries);
  return { name, version, maker: apk.maker, fileName: `${name}-${version}.apk`, bytes, contents, record };
}

/** Writes APKINDEX.tar.gz: a cut, signed head and the index itself. */
export async function buildIndex(packages: readonly BuiltApk[], key: SigningKey): Promise<Buffer> {
  const text = packages.map(({ record }) => `${record}\n\n`).join('');
  return signed(gzipSync(await tar(entriesOf({ DESCRIPTION: 'bench', APKINDEX: text }), false)), key);
}
