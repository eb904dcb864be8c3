import { createHash, createPublicKey, createVerify, type KeyObject, type Verify } from 'node:crypto';
import { AirhiveError } from '../errors.ts';

// OpenPGP (RFC 9580), as much of it as a detached signature over a file needs: packets of version 4, RSA, SHA-2, armor.
// A file whose signature is of another kind is refused.

/** A primary key, with what its owner has signed about it. Times are seconds since 1970. */
export interface PublicKey {
  /** 40 upper-case hex digits. */
  readonly fingerprint: string;
  readonly owner: string;
  readonly key: KeyObject;
  readonly created: number;
  readonly expires: number | undefined;
  readonly revoked: boolean;
}

/** A signature over a file, not checked yet. */
export interface DetachedSignature {
  /** Fingerprint or key id of who is said to have made it. */
  readonly issuer: string;
  readonly created: number;
  readonly expires: number | undefined;
  /** To be fed with the bytes of the file. */
  readonly begin: () => Verify;
  /** Whether the key signed what `begin` was fed with. */
  readonly isBy: (key: PublicKey, fed: Verify) => boolean;
}

/** @throws AirhiveError verification for anything that is no signature over a file, or not one that is safe */
export function readSignature(text: string, what: string): DetachedSignature {
  const packets = packetsOf(unarmored(text, 'SIGNATURE', what), what);
  const [packet] = packets;
  if (!packet || packets.length > 1 || packet.tag !== TAG.signature)
    throw unreadable(what, 'holds something else than one signature');
  const signature = parseSignature(packet.body, what);
  if (signature.type !== 0) throw unreadable(what, 'does not sign the bytes of a file');
  const hash = hashOf(signature);
  if (hash === undefined)
    throw unreadable(
      what,
      `uses the hash number ${signature.hash}; only SHA-256, SHA-384 and SHA-512 are safe`,
    );
  return {
    ...{ issuer: signature.issuer, created: signature.created, expires: signature.expires },
    begin: () => createVerify(hash),
    isBy: ({ key }, fed) => fed.update(trailerOf(signature)).verify(key, padded(signature.value, key)),
  };
}

/** Whether a signature says that it is by this key: by the fingerprint, or by its end, which is the key id. */
export function isIssuer(
  { issuer }: Pick<DetachedSignature, 'issuer'>,
  { fingerprint }: Pick<PublicKey, 'fingerprint'>,
): boolean {
  return issuer !== '' && fingerprint.endsWith(issuer);
}

/**
 * Reads an armored public key. Its owner, and when it expires, are believed only as far as the key itself has signed them.
 * @throws AirhiveError verification when there is none, several, or one that has not signed its own user id
 */
export function readPublicKey(text: string, what: string): PublicKey {
  const packets = packetsOf(unarmored(text, 'PUBLIC KEY BLOCK', what), what);
  const [first] = packets;
  if (first?.tag !== TAG.publicKey || packets.filter(({ tag }) => tag === TAG.publicKey).length > 1)
    throw unreadable(what, 'holds something else than one public key');
  const { key, created } = parseRsaKey(first.body, what);
  const prefix = Buffer.alloc(3);
  prefix[0] = 0x99;
  prefix.writeUInt16BE(first.body.length, 1);
  const hashed = Buffer.concat([prefix, first.body]);
  const fingerprint = createHash('sha1').update(hashed).digest('hex').toUpperCase();
  const own = ownSignatures(packets.slice(1), { key, hashed, fingerprint }, what);
  const revokedIds = own.filter(({ type }) => type === TYPE.idRevocation).map(({ id }) => id);
  const certified = own.filter(({ type, id }) => CERTIFYING.has(type) && !revokedIds.includes(id));
  // Of several the last word of the owner counts; of one second the one that ends sooner.
  const [last] = certified.toSorted(
    (a, b) => b.created - a.created || (a.keyExpires ?? Infinity) - (b.keyExpires ?? Infinity),
  );
  const named = certified.find(({ id }) => id !== undefined);
  if (!last || named?.id === undefined)
    throw unreadable(what, 'has no user id that the key itself has signed');
  return {
    ...{ fingerprint, key, created, owner: named.id },
    expires: last.keyExpires === undefined ? undefined : created + last.keyExpires,
    revoked: own.some(({ type }) => type === TYPE.revocation),
  };
}

const TAG = { signature: 2, publicKey: 6, userId: 13 };
const TYPE = { directKey: 0x1f, revocation: 0x20, idRevocation: 0x30 };
const CERTIFYING: ReadonlySet<number> = new Set([0x10, 0x11, 0x12, 0x13, TYPE.directKey]);

/** By their numbers in RFC 9580, section 9.5. MD5 and SHA-1 can be forged. */
const HASHES: ReadonlyMap<number, string> = new Map([
  [8, 'sha256'],
  [9, 'sha384'],
  [10, 'sha512'],
]);

/** RSA; 3 is RSA for signing only. */
const RSA: ReadonlySet<number> = new Set([1, 3]);

function unreadable(what: string, problem: string): AirhiveError {
  return new AirhiveError('verification', `${what} ${problem}`);
}

/** The bytes in the one armor of this kind. The checksum at its end is left alone: a signature is a better one. */
function unarmored(text: string, kind: string, what: string): Buffer {
  const lines = text.split('\n').map((line) => line.trim());
  const begin = lines.indexOf(`-----BEGIN PGP ${kind}-----`);
  const end = lines.indexOf(`-----END PGP ${kind}-----`);
  const armors = lines.filter((line) => line.startsWith('-----BEGIN PGP ')).length;
  const empty = lines.indexOf('', begin);
  if (begin < 0 || end < begin || armors > 1 || empty < 0 || empty > end)
    throw unreadable(what, `is not one armored PGP ${kind.toLowerCase()}`);
  const body = lines.slice(empty + 1, end).filter((line) => !/^=[A-Za-z0-9+/]{4}$/.test(line));
  const base64 = body.join('');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) throw unreadable(what, 'is damaged: its armor is not Base64');
  return Buffer.from(base64, 'base64');
}

interface Packet {
  readonly tag: number;
  readonly body: Buffer;
}

/** RFC 9580, section 4.2. Lengths that are not told at the beginning are not used for keys and signatures. */
function packetsOf(bytes: Buffer, what: string): Packet[] {
  const packets: Packet[] = [];
  let at = 0;
  while (at < bytes.length) {
    const header = bytes[at] ?? 0;
    const isNew = (header & 0x40) !== 0;
    const length = isNew ? newLength(bytes, at + 1) : oldLength(bytes, at + 1, header & 3);
    const start = at + 1 + length.width;
    const end = start + length.value;
    if ((header & 0x80) === 0 || length.width === 0 || !(end <= bytes.length))
      throw unreadable(what, 'is damaged: it is not made of whole packets');
    packets.push({ tag: isNew ? header & 0x3f : (header & 0x3c) >> 2, body: bytes.subarray(start, end) });
    at = end;
  }
  return packets;
}

interface Length {
  /** In how many bytes it is written; 0 when it cannot be read. */
  readonly width: number;
  readonly value: number;
}

function numberAt(bytes: Buffer, at: number, width: number): Length {
  if (at + width > bytes.length) return { width: 0, value: 0 };
  return { width, value: bytes.readUIntBE(at, width) };
}

function oldLength(bytes: Buffer, at: number, kind: number): Length {
  return kind === 3 ? { width: 0, value: 0 } : numberAt(bytes, at, 2 ** kind);
}

function newLength(bytes: Buffer, at: number): Length {
  const first = bytes[at] ?? 0;
  if (first >= 224 && first < 255) return { width: 0, value: 0 };
  return lengthIn(bytes, at, first);
}

/** The form that new packets and the parts of a signature have in common. */
function lengthIn(bytes: Buffer, at: number, first: number): Length {
  if (first < 192) return numberAt(bytes, at, 1);
  if (first < 255) {
    const { width, value } = numberAt(bytes, at, 2);
    return { width, value: value - 0xc000 + 192 };
  }
  const { width, value } = numberAt(bytes, at + 1, 4);
  return { width: width === 0 ? 0 : 5, value };
}

/** A number of any size, with its length in bits before it. */
function mpiAt(bytes: Buffer, at: number, what: string): { value: Buffer; end: number } {
  const bits = numberAt(bytes, at, 2);
  const end = at + 2 + Math.ceil(bits.value / 8);
  if (bits.width === 0 || end > bytes.length)
    throw unreadable(what, 'is damaged: a number in it is cut short');
  return { value: bytes.subarray(at + 2, end), end };
}

function parseRsaKey(body: Buffer, what: string): { key: KeyObject; created: number } {
  const [version, algorithm = 0] = [body[0], body[5]];
  if (version !== 4 || !RSA.has(algorithm))
    throw unreadable(what, 'is not an RSA key of version 4; only those can be checked');
  const modulus = mpiAt(body, 6, what);
  const exponent = mpiAt(body, modulus.end, what);
  if (exponent.end !== body.length || modulus.value.length < 256)
    throw unreadable(what, 'is damaged, or shorter than 2048 bits');
  const jwk = {
    kty: 'RSA',
    n: modulus.value.toString('base64url'),
    e: exponent.value.toString('base64url'),
  };
  try {
    return { key: createPublicKey({ key: jwk, format: 'jwk' }), created: body.readUInt32BE(1) };
  } catch {
    throw unreadable(what, 'holds numbers that are no RSA key');
  }
}

interface Signature {
  readonly type: number;
  readonly hash: number;
  readonly issuer: string;
  readonly created: number;
  readonly expires: number | undefined;
  /** Seconds after the key was made. */
  readonly keyExpires: number | undefined;
  /** From the version to the end of what is signed too. */
  readonly hashed: Buffer;
  readonly value: Buffer;
}

function parseSignature(body: Buffer, what: string): Signature {
  const [version, type = 0, algorithm = 0, hash = 0] = body;
  if (version !== 4 || !RSA.has(algorithm))
    throw unreadable(what, 'is not an RSA signature of version 4; only those can be checked');
  const hashed = partsAt(body, 4, what);
  const unhashed = partsAt(body, hashed.end, what);
  // Two bytes of the hash follow, for those who look for a key.
  const value = mpiAt(body, unhashed.end + 2, what);
  if (value.end !== body.length) throw unreadable(what, 'is damaged: something stands behind its end');
  const number = (part: Buffer | undefined) => (part?.length === 4 ? part.readUInt32BE() : undefined);
  const created = number(hashed.parts.get(2));
  if (created === undefined) throw unreadable(what, 'does not say when it was made');
  const after = (seconds: number | undefined) =>
    seconds === undefined || seconds === 0 ? undefined : seconds;
  const expires = after(number(hashed.parts.get(3)));
  // Who made it is only a hint where to look: the key decides.
  const issuer =
    hashed.parts.get(33)?.subarray(1) ?? hashed.parts.get(16) ?? unhashed.parts.get(16) ?? Buffer.alloc(0);
  return {
    ...{ type, hash, created, value: value.value, hashed: body.subarray(0, hashed.end) },
    issuer: issuer.toString('hex').toUpperCase(),
    expires: expires === undefined ? undefined : created + expires,
    keyExpires: after(number(hashed.parts.get(9))),
  };
}

/** What RFC 9580, section 5.2.3.7, has; one of these may be marked as important, and changes nothing for a file. */
const KNOWN: ReadonlySet<number> = new Set([
  ...[2, 3, 4, 5, 6, 7, 9, 11, 12, 16, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35],
]);

/** The parts of a signature that begin at `at` with their length; of repeated ones the last. */
function partsAt(
  body: Buffer,
  at: number,
  what: string,
): { parts: ReadonlyMap<number, Buffer>; end: number } {
  const damaged = unreadable(what, 'is damaged: its parts do not fit');
  const { width, value } = numberAt(body, at, 2);
  const end = at + 2 + value;
  if (width === 0 || end > body.length) throw damaged;
  const parts = new Map<number, Buffer>();
  let start = at + 2;
  while (start < end) {
    const length = lengthIn(body, start, body[start] ?? 0);
    const type = body[start + length.width] ?? 0;
    const next = start + length.width + length.value;
    if (length.width === 0 || length.value < 1 || next > end) throw damaged;
    if ((type & 0x80) !== 0 && !KNOWN.has(type & 0x7f))
      throw unreadable(what, `has a part that airhive does not know, and must: number ${type & 0x7f}`);
    parts.set(type & 0x7f, body.subarray(start + length.width + 1, next));
    start = next;
  }
  return { parts, end };
}

function hashOf({ hash }: Signature): string | undefined {
  return HASHES.get(hash);
}

/** What is signed behind the file: RFC 9580, section 5.2.4. */
function trailerOf({ hashed }: Signature): Buffer {
  const end = Buffer.from([4, 0xff, 0, 0, 0, 0]);
  end.writeUInt32BE(hashed.length, 2);
  return Buffer.concat([hashed, end]);
}

/** With the zeros at its beginning that are not written. */
function padded(value: Buffer, key: KeyObject): Buffer {
  const size = Math.ceil((key.asymmetricKeyDetails?.modulusLength ?? 0) / 8);
  return value.length >= size ? value : Buffer.concat([Buffer.alloc(size - value.length), value]);
}

/** Others may have signed the key in any way that there is. */
function readable(body: Buffer, what: string): Signature | undefined {
  try {
    return parseSignature(body, what);
  } catch (error) {
    if (error instanceof AirhiveError) return undefined;
    throw error;
  }
}

interface OwnSignature extends Signature {
  /** The user id that it is about. */
  readonly id: string | undefined;
}

/** Those packets behind a primary key in which the key itself says something of itself or of a user id, and rightly so. */
function ownSignatures(
  packets: readonly Packet[],
  { key, hashed, fingerprint }: { key: KeyObject; hashed: Buffer; fingerprint: string },
  what: string,
): OwnSignature[] {
  const own: OwnSignature[] = [];
  let about: Packet | undefined;
  for (const packet of packets) {
    if (packet.tag !== TAG.signature) {
      about = packet;
      continue;
    }
    if (about && about.tag !== TAG.userId) continue;
    const signature = readable(packet.body, what);
    const hash = signature && hashOf(signature);
    if (!signature || hash === undefined || !isIssuer(signature, { fingerprint })) continue;
    const verify = createVerify(hash).update(hashed);
    if (about) {
      const prefix = Buffer.from([0xb4, 0, 0, 0, 0]);
      prefix.writeUInt32BE(about.body.length, 1);
      verify.update(prefix).update(about.body);
    }
    if (!verify.update(trailerOf(signature)).verify(key, padded(signature.value, key))) continue;
    own.push({ ...signature, id: about?.body.toString('utf8') });
  }
  return own;
}
