import { createHash, createCipheriv } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { answer, type Behaviour, type MirrorFile } from './answer.ts';

export type { Behaviour, MirrorFile };

interface SeenRequest {
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
    script: (...behaviours) => {
      script = [...behaviours];
    },
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
