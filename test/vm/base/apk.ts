import { createHash, createSign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import type { TreeEntry } from './tree.ts';

/** Signs as abuild does: RSA PKCS#1 v1.5 with SHA-1, looked up by file name in /etc/apk/keys (facts/alpine.md 6.3). */
export interface SigningKey {
  readonly name: string;
  readonly key: KeyObject;
}

export interface ApkPackage {
  readonly name: string;
  readonly version: string;
  readonly depends: readonly string[];
  /** Entries of the data part; `.pre-install` and `.post-install` at the top are scripts and go to the control part. */
  readonly entries: ReadonlyMap<string, TreeEntry>;
}

export interface BuiltApk {
  readonly fileName: string;
  readonly bytes: Buffer;
  /** The data part as a plain archive. */
  readonly plain: Buffer;
  /** Its record in the index, without the empty line that ends it. */
  readonly record: string;
}

const END_OF_ARCHIVE = 1024;

async function tar(entries: ReadonlyMap<string, TreeEntry>, cut: boolean): Promise<Buffer> {
  const archive = pack();
  const chunks: Buffer[] = [];
  archive.on('data', (chunk: unknown) => void chunks.push(chunk as Buffer));
  const common = { uid: 0, gid: 0, uname: 'root', gname: 'root', mtime: new Date(0) };
  for (const [name, entry] of entries) {
    if (entry.kind === 'file') {
      const pax = { 'APK-TOOLS.checksum.SHA1': createHash('sha1').update(entry.content).digest('hex') };
      archive.entry({ ...common, name, mode: entry.mode, pax }, entry.content);
    } else if (entry.kind === 'link') {
      archive.entry({ ...common, name, type: 'symlink', linkname: entry.target, mode: 0o777 });
    } else archive.entry({ ...common, name: `${name}/`, type: 'directory', mode: entry.mode });
  }
  archive.finalize();
  await new Promise<void>((resolve) => void archive.on('end', () => resolve()));
  const bytes = Buffer.concat(chunks);
  return cut ? bytes.subarray(0, bytes.length - END_OF_ARCHIVE) : bytes;
}

function fileEntries(files: Readonly<Record<string, Buffer | string>>): Map<string, TreeEntry> {
  return new Map(
    Object.entries(files).map(([name, content]) => [
      name,
      { kind: 'file', mode: name.startsWith('.p') ? 0o755 : 0o644, content: Buffer.from(content) },
    ]),
  );
}

async function signature(signed: Buffer, { name, key }: SigningKey): Promise<Buffer> {
  const bytes = createSign('RSA-SHA1').update(signed).sign(key);
  return gzipSync(await tar(fileEntries({ [`.SIGN.RSA.${name}`]: bytes }), true));
}

const SCRIPTS = ['.pre-install', '.post-install'];

/** Writes an .apk of version 2: signature, control and data, a gzip stream each (facts/alpine.md 6.3). */
export async function buildApk(apk: ApkPackage, key: SigningKey): Promise<BuiltApk> {
  const isScript = (path: string): boolean => SCRIPTS.includes(path);
  const plain = await tar(new Map([...apk.entries].filter(([path]) => !isScript(path))), false);
  const data = gzipSync(plain, { level: 1 });
  const info = [
    `pkgname = ${apk.name}`,
    `pkgver = ${apk.version}`,
    'arch = x86_64',
    ...apk.depends.map((name) => `depend = ${name}`),
    `datahash = ${createHash('sha256').update(data).digest('hex')}`,
    '',
  ].join('\n');
  const scripts = [...apk.entries].flatMap(([path, entry]) =>
    isScript(path) && entry.kind === 'file' ? [[path, entry.content] as const] : [],
  );
  const files = fileEntries({ '.PKGINFO': info, ...Object.fromEntries(scripts) });
  const control = gzipSync(await tar(files, true));
  const bytes = Buffer.concat([await signature(control, key), control, data]);
  const record = [
    `C:Q1${createHash('sha1').update(control).digest('base64')}`,
    `P:${apk.name}`,
    `V:${apk.version}`,
    'A:x86_64',
    `S:${bytes.length}`,
    `I:${data.length * 2}`,
    `T:stand-in for ${apk.name}`,
    ...(apk.depends.length === 0 ? [] : [`D:${apk.depends.join(' ')}`]),
    // A letter that apk does not know; its stand-in reads scripts only where it stands.
    ...(scripts.length === 0 ? [] : ['x:scripts']),
  ].join('\n');
  return { fileName: `${apk.name}-${apk.version}.apk`, bytes, plain, record };
}

/** Writes APKINDEX.tar.gz: a cut, signed head and the index itself (facts/alpine.md 6.2). */
export async function buildIndex(packages: readonly BuiltApk[], key: SigningKey): Promise<Buffer> {
  const text = packages.map(({ record }) => `${record}\n\n`).join('');
  const index = gzipSync(await tar(fileEntries({ DESCRIPTION: 'bench', APKINDEX: text }), false));
  return Buffer.concat([await signature(index, key), index]);
}
