import { createHash, createCipheriv } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

/** How one request is answered. Counts are bytes of this answer's body. */
export type Behaviour =
  | { readonly kind: 'serve' }
  /** The connection is cut after so many bytes; `silent`: of a body without a Content-Length (chunked). */
  | { readonly kind: 'cut'; readonly after: number; readonly silent?: boolean }
  /** After so many bytes nothing more comes until `release()`; -1: not even the status line. */
  | { readonly kind: 'hold'; readonly after: number }
  /** Right length, first byte wrong (of a file that is given as bytes). */
  | { readonly kind: 'wrong' }
  /** `step` bytes, then `pause` milliseconds, and so on. */
  | { readonly kind: 'slow'; readonly step: number; readonly pause: number }
  | { readonly kind: 'status'; readonly code: number; readonly headers?: Readonly<Record<string, string>> }
  | { readonly kind: 'redirect'; readonly to: string }
  /** Ignores Range. */
  | { readonly kind: 'noRange' }
  /** Other headers than the right ones; the body is right. An empty value leaves the header out. */
  | { readonly kind: 'headers'; readonly headers: Readonly<Record<string, string>> }
  /** A body of another length, without a Content-Length (chunked) when `silent`. */
  | { readonly kind: 'longer' | 'shorter'; readonly by: number; readonly silent: boolean }
  /** Accepts the connection and closes it without a word. */
  | { readonly kind: 'hangUp' };

export interface SeenRequest {
  /** Path below the mirror's address, without the leading slash. */
  readonly path: string;
  readonly range: string | undefined;
  readonly headers: IncomingMessage['headers'];
}

export interface Mirror {
  /** The mirror's address; a file's path follows it. */
  readonly url: string;
  readonly requests: readonly SeenRequest[];
  /** The behaviours of the coming requests; the last one stays. */
  script(...behaviours: readonly Behaviour[]): void;
  /** Resolves when so many requests have come in. */
  seen(count: number): Promise<void>;
  /** Lets all held answers go on, and those to come. */
  release(): void;
  close(): Promise<void>;
}

/** A file's bytes, or so many zero bytes that are never held in memory at once. */
export type MirrorFile = Uint8Array | { readonly zeros: number };

const STEP = 1 << 16;
const ZEROS = new Uint8Array(STEP);

interface Answering {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly file: MirrorFile;
  readonly released: Promise<void>;
}

/**
 * An HTTP server on 127.0.0.1 that serves `files` (by their path below the address) and misbehaves on demand.
 * `tls`: key and certificate, for an HTTPS server.
 */
export async function startMirror(options: {
  files: Readonly<Record<string, MirrorFile>>;
  tls?: { key: string; cert: string };
}): Promise<Mirror> {
  const requests: SeenRequest[] = [];
  const waiting = new Set<() => void>();
  let script: Behaviour[] = [];
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));

  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    const path = (request.url ?? '').replace(/^\/alpine\//, '').replace(/\?.*/, '');
    requests.push({ path, range: request.headers.range, headers: request.headers });
    for (const check of waiting) check();
    const behaviour = (script.length > 1 ? script.shift() : script[0]) ?? { kind: 'serve' };
    const file = options.files[path];
    // A client that goes away in the middle is what many tests are about.
    if (file === undefined) response.writeHead(404).end('not found\n');
    else answer({ request, response, file, released }, behaviour).catch(() => response.destroy());
  };
  const server = options.tls === undefined ? createServer(listener) : createTlsServer(options.tls, listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  return {
    url: `${options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${portOf(server)}/alpine`,
    requests,
    script: (...behaviours) => void (script = [...behaviours]),
    seen: (count) =>
      new Promise((resolve) => {
        const check = (): void => {
          if (requests.length < count) return;
          waiting.delete(check);
          resolve();
        };
        waiting.add(check);
        check();
      }),
    release,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** The address of a port that nobody listens on: the connection is refused. */
export async function deadMirrorUrl(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const port = portOf(server);
  server.close();
  await once(server, 'close');
  return `http://127.0.0.1:${port}/alpine`;
}

/** Bytes that look random and are the same at every run. */
export function generatedBytes(size: number, seed = 1): Buffer {
  return createCipheriv('aes-128-ctr', Buffer.alloc(16, seed), Buffer.alloc(16)).update(Buffer.alloc(size));
}

/** The pin of a generated file: what obtainIso needs to know of it. */
export function pinOf(bytes: Uint8Array, file = 'alpine-standard-3.24.1-x86_64.iso') {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { file, path: `v3.24/releases/x86_64/${file}`, size: bytes.length, sha256 };
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

async function answer(answering: Answering, behaviour: Behaviour): Promise<void> {
  const { response, released } = answering;
  switch (behaviour.kind) {
    case 'status':
      response.writeHead(behaviour.code, behaviour.headers).end('go away\n');
      return;
    case 'redirect':
      response.writeHead(302, { location: behaviour.to }).end('over there\n');
      return;
    case 'hangUp':
      response.destroy();
      return;
    case 'hold':
      if (behaviour.after < 0) await released;
      return sendBody(answering, behaviour);
    default:
      return sendBody(answering, behaviour);
  }
}

async function sendBody({ request, response, file, released }: Answering, behaviour: Behaviour): Promise<void> {
  const size = file instanceof Uint8Array ? file.length : file.zeros;
  const extra = behaviour.kind === 'longer' ? behaviour.by : behaviour.kind === 'shorter' ? -behaviour.by : 0;
  const total = size + extra;
  const asked = behaviour.kind === 'noRange' ? null : /^bytes=(\d+)-$/.exec(request.headers.range ?? '');
  const start = asked === null ? 0 : Number(asked[1]);
  if (start >= total) {
    response.writeHead(416, { 'content-range': `bytes */${total}` }).end();
    return;
  }
  const silent = 'silent' in behaviour && behaviour.silent === true;
  const headers = {
    ...(silent ? {} : { 'content-length': String(total - start) }),
    ...(asked === null ? {} : { 'content-range': `bytes ${start}-${total - 1}/${total}` }),
    ...(behaviour.kind === 'headers' ? behaviour.headers : {}),
  };
  response.writeHead(asked === null ? 200 : 206, Object.entries(headers).filter(([, value]) => value !== '').flat());
  response.flushHeaders();

  const step = behaviour.kind === 'slow' ? behaviour.step : STEP;
  for (let at = start; at < total; ) {
    const stop = 'after' in behaviour ? start + behaviour.after : total;
    if (behaviour.kind === 'hold' && at === stop) await released;
    if (behaviour.kind === 'cut' && at === stop) {
      // What was written must leave the machine before the connection is cut.
      response.socket?.end();
      return;
    }
    const end = Math.min(at + step, total, at < stop ? stop : total);
    if (!response.write(bytesOf(file, at, end, behaviour))) await drained(response);
    if (behaviour.kind === 'slow') await new Promise((resolve) => setTimeout(resolve, behaviour.pause));
    at = end;
  }
  response.end();
}

function bytesOf(file: MirrorFile, from: number, to: number, behaviour: Behaviour): Uint8Array {
  if (!(file instanceof Uint8Array)) return ZEROS.subarray(0, to - from);
  if (behaviour.kind !== 'wrong' || from > 0) return file.subarray(from, to);
  const bytes = Uint8Array.from(file.subarray(from, to));
  bytes[0]! ^= 1;
  return bytes;
}

async function drained(response: ServerResponse): Promise<void> {
  const waited = new AbortController();
  const { signal } = waited;
  if (!response.destroyed) await Promise.race([once(response, 'drain', { signal }), once(response, 'close', { signal })]);
  waited.abort();
  if (response.destroyed) throw new Error('the client went away');
}
