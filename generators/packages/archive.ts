import { createHash, createPublicKey, verify, type KeyObject } from 'node:crypto';
import { crc32, inflateRawSync } from 'node:zlib';
import { AirhiveError } from '../errors.ts';
import { tarMembers } from '../formats/tar.ts';

// What Alpine signs: gzip streams one after the other, each a tar archive. The first holds the signature of the second,
// byte for byte as it lies there; a package has a third with its files (apk-v2(5)).

/** Public keys by the file name under which a signature asks for them, as in /etc/apk/keys. */
export type Keys = ReadonlyMap<string, KeyObject>;

/** A file of this archive is wrong, or not from whom it should be. Exit 6. */
export function untrusted(what: string, problem: string, hint?: string): AirhiveError {
  return new AirhiveError('verification', `${what} ${problem}`, hint === undefined ? {} : { hint });
}

/** @throws AirhiveError usage when it is none */
export function parseKey(file: string, pem: string): KeyObject {
  try {
    const key = createPublicKey(pem);
    if (key.asymmetricKeyType === 'rsa') return key;
  } catch {
    // The same message.
  }
  throw new AirhiveError('usage', `${file} is not a public RSA key`, {
    hint: 'a directory of keys holds files like those of /etc/apk/keys: NAME.rsa.pub, in PEM',
  });
}

interface Stream {
  /** What was unpacked. */
  readonly content: Buffer;
  /** Where in the bytes the next stream begins. */
  readonly end: number;
}

/** RFC 1952: of the optional fields of a header Alpine's tools write none, but may. */
function headerEnd(bytes: Uint8Array, start: number): number {
  const flags = bytes[start + 3] ?? 0;
  let at = start + 10;
  if (flags & 4) at += 2 + (bytes[at] ?? 0) + (bytes[at + 1] ?? 0) * 256;
  for (const flag of [8, 16]) if (flags & flag) at = bytes.indexOf(0, at) + 1 || bytes.length;
  return flags & 2 ? at + 2 : at;
}

/** Unpacks the one gzip stream that begins at `start`, to at most `limit` bytes. */
function unpackStream(bytes: Buffer, start: number, limit: number, what: string): Stream {
  if (bytes[start] !== 0x1f || bytes[start + 1] !== 0x8b || bytes[start + 2] !== 8)
    throw untrusted(what, 'is not made of gzip streams');
  const begin = headerEnd(bytes, start);
  let unpacked: { buffer: Buffer; engine: { bytesWritten: number } };
  try {
    const options = { info: true, maxOutputLength: limit } as const;
    // The type of Node's declarations leaves out what `info` changes.
    unpacked = inflateRawSync(bytes.subarray(begin), options) as unknown as typeof unpacked;
  } catch (error) {
    const tooLong = error instanceof RangeError;
    throw untrusted(what, tooLong ? `unpacks to more than ${limit} bytes` : 'is cut short or damaged');
  }
  const content = unpacked.buffer;
  const trailer = begin + unpacked.engine.bytesWritten;
  if (bytes.length < trailer + 8) throw untrusted(what, 'is cut short or damaged');
  if (bytes.readUInt32LE(trailer) !== crc32(content) || bytes.readUInt32LE(trailer + 4) !== content.length)
    throw untrusted(what, 'is damaged: its CRC or its length is another');
  return { content, end: trailer + 8 };
}

interface Member {
  readonly bytes: Buffer;
  /** Seconds since 1970. */
  readonly mtime: number;
}

/** The files of a tar archive, with or without the blocks of zeros at its end. */
async function readTar(bytes: Buffer, what: string): Promise<Map<string, Member>> {
  const members = new Map<string, Member>();
  try {
    for await (const { header, bytes: content } of tarMembers(bytes)) {
      const mtime = Math.floor(header.mtime.getTime() / 1000);
      members.set(header.name, { bytes: content, mtime });
    }
  } catch {
    throw untrusted(what, 'holds no whole tar archive');
  }
  return members;
}

const SIGNATURE = /^\.SIGN\.(RSA|RSA256)\.([^/]+)$/;
/** A signature has 512 bytes; its archive as many again. */
const SIGNATURE_LIMIT = 64 << 10;

/** What the second of these streams holds, and where it lies. */
interface Signed {
  readonly members: ReadonlyMap<string, Member>;
  readonly start: number;
  readonly end: number;
}

/**
 * Reads the two leading streams, and believes them only with a good signature by one of `keys`.
 * @param limit of the second when it is unpacked, in bytes
 * @throws AirhiveError verification
 */
export async function readSigned(bytes: Buffer, keys: Keys, limit: number, what: string): Promise<Signed> {
  const head = unpackStream(bytes, 0, SIGNATURE_LIMIT, what);
  const signatures = [...(await readTar(head.content, what))].filter(([name]) => SIGNATURE.test(name));
  if (signatures.length === 0) throw untrusted(what, 'is not signed');
  const body = unpackStream(bytes, head.end, limit, what);
  const signed = bytes.subarray(head.end, body.end);
  const known = signatures.flatMap(([name, { bytes: signature }]) => {
    const [, kind, file = ''] = SIGNATURE.exec(name) ?? [];
    const key = keys.get(file);
    return key ? [{ file, good: verify(kind === 'RSA' ? 'sha1' : 'sha256', signed, key, signature) }] : [];
  });
  if (known.length === 0) {
    const names = signatures.map(([name]) => SIGNATURE.exec(name)?.[2]).join(', ');
    const hint = `known keys: ${[...keys.keys()].join(', ') || 'none'}; --keys names a directory of others`;
    throw untrusted(what, `is signed with a key that is not known: ${names}`, hint);
  }
  const good = known.find((one) => one.good);
  if (!good) throw untrusted(what, `has a wrong signature: not what ${known[0]?.file ?? ''} signed`);
  return { members: await readTar(body.content, what), start: head.end, end: body.end };
}

/** Bytes of a package that hold its two leading streams in any case, and what the second may unpack to. */
export const HEAD_LIMIT = 8 << 20;

/** What a package says of itself. Hashes in lower-case hex. */
export interface PackageHead {
  /** SHA-1 of its control stream as it lies there, which is its identity in an index. */
  readonly checksum: string;
  /** Where its third stream begins, and what SHA-256 the rest of the file from there has. */
  readonly dataStart: number;
  readonly dataHash: string;
  readonly name: string;
  readonly version: string;
  readonly arch: string;
}

/**
 * Reads and checks what comes before a package's files. `bytes`: its beginning, HEAD_LIMIT bytes if there are so many.
 * @throws AirhiveError verification
 */
export async function readPackageHead(bytes: Buffer, keys: Keys, what: string): Promise<PackageHead> {
  const { members, start, end } = await readSigned(bytes, keys, HEAD_LIMIT, what);
  const info = new Map<string, string>();
  for (const line of members.get('.PKGINFO')?.bytes.toString().split('\n') ?? []) {
    const [, key, value] = /^([a-z_]+) = (.*)$/.exec(line) ?? [];
    if (key !== undefined && value !== undefined && !info.has(key)) info.set(key, value);
  }
  const [name, version, arch, dataHash] = ['pkgname', 'pkgver', 'arch', 'datahash'].map((key) =>
    info.get(key),
  );
  if (
    name === undefined ||
    version === undefined ||
    arch === undefined ||
    !/^[0-9a-f]{64}$/.test(dataHash ?? '')
  )
    throw untrusted(what, 'does not say what it is: its .PKGINFO lacks pkgname, pkgver, arch or datahash');
  return {
    checksum: createHash('sha1').update(bytes.subarray(start, end)).digest('hex'),
    dataStart: end,
    dataHash: dataHash ?? '',
    name,
    version,
    arch,
  };
}
