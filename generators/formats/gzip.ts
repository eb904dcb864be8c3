import { crc32, gunzipSync } from 'node:zlib';
import { AirhiveError } from '../errors.ts';

const STORED_BLOCK = 0xffff;
const HEADER_SIZE = 10;
const BLOCK_HEADER_SIZE = 5;
const TRAILER_SIZE = 8;

/**
 * Wraps bytes into a gzip member of stored blocks (RFC 1952, RFC 1951 section 3.2.4): nothing is compressed, so
 * no compressor's version or CPU can change the result. Node's own zlib gives different bytes in different
 * releases (docs/notes/reproducible.md); the overlay is small and its digest is what a user compares.
 */
export function encodeGzip(bytes: Uint8Array): Uint8Array {
  const blocks = Math.max(1, Math.ceil(bytes.length / STORED_BLOCK));
  const out = Buffer.alloc(HEADER_SIZE + blocks * BLOCK_HEADER_SIZE + bytes.length + TRAILER_SIZE);
  // Magic, method deflate, no flags, mtime 0, no extra flags, operating system 255 (unknown).
  out.set([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
  let at = HEADER_SIZE;
  for (let block = 0; block < blocks; block++) {
    const part = bytes.subarray(block * STORED_BLOCK, (block + 1) * STORED_BLOCK);
    out.writeUInt8(block === blocks - 1 ? 1 : 0, at);
    out.writeUInt16LE(part.length, at + 1);
    out.writeUInt16LE(part.length ^ 0xffff, at + 3);
    out.set(part, at + BLOCK_HEADER_SIZE);
    at += BLOCK_HEADER_SIZE + part.length;
  }
  out.writeUInt32LE(crc32(bytes), at);
  out.writeUInt32LE(bytes.length >>> 0, at + 4);
  return out;
}

/**
 * What a gzip file holds, however it was compressed.
 * @throws AirhiveError verification when it is damaged, unpacks to more than `largest` bytes, or has something behind its
 * end, which Node alone would pass over
 */
export function decodeGzip(bytes: Uint8Array, largest: number): Uint8Array {
  try {
    const options = { maxOutputLength: largest, info: true };
    const { buffer, engine } = gunzipSync(bytes, options) as unknown as {
      buffer: Buffer;
      engine: { bytesWritten: number };
    };
    if (engine.bytesWritten === bytes.length) return buffer;
  } catch (cause) {
    throw new AirhiveError(
      'verification',
      `not a gzip file: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
  throw new AirhiveError('verification', 'there is something behind the end of the gzip data');
}
