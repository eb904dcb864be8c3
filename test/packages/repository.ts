import { createHash, createSign, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import type { MirrorFile } from '../mirror/mirror.ts';

// Small repositories as Alpine makes them: a signed index and signed packages, which can be wrong in every place.

export interface Signer {
  /** The file name of its public half, as in /etc/apk/keys. */
  readonly name: string;
  readonly key: KeyObject;
  readonly publicKey: string;
}

export function newSigner(name: string): Signer {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { name, key: privateKey, publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString() };
}

export const SIGNER = newSigner('test@airhive-00000001.rsa.pub');

/** Seconds since 1970; an index of this time, or so much later. */
export const MADE = Date.UTC(2026, 5, 20, 12) / 1000;

/** Fields of an index record by their letters; V and A have defaults. */
export type Fields = Readonly<Record<string, string>>;

const END_OF_ARCHIVE = 1024;

async function tar(files: Readonly<Record<string, Uint8Array | string>>, mtime: number): Promise<Buffer> {
  const archive = pack();
  for (const [name, content] of Object.entries(files))
    archive.entry({ name, mode: 0o644, mtime: new Date(mtime * 1000) }, Buffer.from(content));
  archive.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of archive as AsyncIterable<Uint8Array>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const cut = (archive: Buffer): Buffer => archive.subarray(0, archive.length - END_OF_ARCHIVE);

export interface SigningOptions {
  readonly signer?: Signer;
  /** RSA: with SHA-1, as Alpine signs. RSA256: with SHA-256. */
  readonly kind?: 'RSA' | 'RSA256';
}

/** Bytes with the stream before them that has their signature. */
export async function signed(
  bytes: Buffer,
  { signer = SIGNER, kind = 'RSA' }: SigningOptions = {},
): Promise<Buffer> {
  const signature = createSign(kind === 'RSA' ? 'RSA-SHA1' : 'RSA-SHA256')
    .update(bytes)
    .sign(signer.key);
  return Buffer.concat([
    gzipSync(cut(await tar({ [`.SIGN.${kind}.${signer.name}`]: signature }, MADE))),
    bytes,
  ]);
}

/** The text of an index, signed. */
export async function indexOf(
  text: string,
  { date = MADE, ...signing }: SigningOptions & { date?: number } = {},
): Promise<Buffer> {
  return signed(gzipSync(await tar({ DESCRIPTION: 'test', APKINDEX: text }, date)), signing);
}

interface Built {
  readonly file: string;
  readonly bytes: Buffer;
  readonly record: string;
}

export interface ApkOptions extends SigningOptions {
  /** What comes in the place of the packed files; `size` and `sha256` when these are not bytes. */
  readonly data?: { readonly bytes: Uint8Array } | { readonly size: number; readonly sha256: string };
  /** Lines of .PKGINFO that are other than the record says. */
  readonly info?: Fields;
}

/** A package: its beginning when its data is only described. */
export async function apkOf(fields: Fields, options: ApkOptions = {}): Promise<Built> {
  const { P = '', V = '1-r0', A = 'x86_64' } = fields;
  const data = options.data ?? { bytes: gzipSync(await tar({ [`usr/share/${P}`]: P }, MADE)) };
  const bytes = 'bytes' in data ? data.bytes : new Uint8Array();
  const datahash = 'bytes' in data ? createHash('sha256').update(bytes).digest('hex') : data.sha256;
  const info = { pkgname: P, pkgver: V, arch: A, datahash, ...options.info };
  const text = Object.entries(info).map(([key, value]) => `${key} = ${value}\n`);
  const control = gzipSync(cut(await tar({ '.PKGINFO': `# made by a test\n${text.join('')}` }, MADE)));
  const head = await signed(control, options);
  const size = head.length + ('bytes' in data ? bytes.length : data.size);
  const checksum = createHash('sha1').update(control).digest('base64');
  const all: Fields = { C: `Q1${checksum}`, P, V, A, S: String(size), I: '4096', T: P, L: 'none', ...fields };
  const record = Object.entries(all).map(([letter, value]) => `${letter}:${value}\n`);
  return { file: `${P}-${V}.apk`, bytes: Buffer.concat([head, bytes]), record: record.join('') };
}

/** What the guest's packages need of each other, in short. */
export const PACKAGES: readonly Fields[] = [
  { P: 'alpine-base', D: 'openrc musl' },
  { P: 'dnsmasq', V: '2.91-r0', D: 'dnsmasq-common=2.91-r0 so:libc.musl-x86_64.so.1' },
  { P: 'dnsmasq-common', V: '2.91-r0', D: '!dnsmasq-common<2.91-r0' },
  { P: 'dnsmasq-openrc', V: '2.91-r0', i: 'openrc dnsmasq=2.91-r0' },
  { P: 'e2fsprogs' },
  { P: 'iptables', V: '1.8.13-r0', D: 'so:libxtables.so.12', p: 'cmd:iptables=1.8.13-r0' },
  { P: 'iptables-openrc', V: '1.8.13-r0', i: 'openrc iptables=1.8.13-r0' },
  { P: 'iw' },
  { P: 'libxtables', V: '1.8.13-r0', D: 'iptables', p: 'so:libxtables.so.12=12.7.0' },
  { P: 'musl', p: 'so:libc.musl-x86_64.so.1=1' },
  { P: 'openrc' },
  { P: 'openssh' },
  { P: 'wpa_supplicant' },
];

export const MAIN = 'v3.24/main/x86_64';
export const COMMUNITY = 'v3.24/community/x86_64';

/** The files of a mirror, by their path below its address. `options`: of single packages, by their name. */
export async function mirrorFiles(
  packages: readonly Fields[] = PACKAGES,
  options: Readonly<Record<string, ApkOptions>> = {},
  index: SigningOptions & { date?: number; below?: string } = {},
): Promise<Record<string, MirrorFile>> {
  const { below = MAIN } = index;
  const built = await Promise.all(packages.map((fields) => apkOf(fields, options[fields.P ?? ''])));
  const text = built.map(({ record }) => `${record}\n`).join('');
  return {
    [`${below}/APKINDEX.tar.gz`]: await indexOf(text, index),
    ...Object.fromEntries(built.map(({ file, bytes }) => [`${below}/${file}`, bytes])),
  };
}
