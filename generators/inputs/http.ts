import { Readable } from 'node:stream';
import type { HttpGet } from '../ports.ts';

const MAX_REDIRECTS = 5;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** Bytes held back for a slow reader before the connection has to wait. */
const HELD = 1 << 20;

/** An address or an answer that no second try would make acceptable. Its text holds no credentials. */
export class RefusedRequest extends Error {
  override readonly name = 'RefusedRequest';
}

/**
 * HttpGet over the network. Follows up to 5 redirects, never from https to http. The body comes as sent
 * (`identity`, no decompression), with at most 1 MiB read ahead. Throws RefusedRequest besides what HttpGet says.
 */
export const httpGet: HttpGet = async (url, { headers, signal }) => {
  // Loaded on use: most builds find the ISO in the cache and need no client.
  const { default: fetch } = await import('node-fetch');
  let target = checkTarget(url, undefined);
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const response = await fetch(target.href, {
      headers: { 'user-agent': 'airhive', 'accept-encoding': 'identity', connection: 'close', ...headers },
      signal,
      redirect: 'manual',
      compress: false,
    });
    const body = response.body instanceof Readable ? response.body : Readable.from([]);
    const location = response.headers.get('location');
    if (!REDIRECTS.has(response.status) || location === null) {
      return { status: response.status, headers: new Map(response.headers.entries()), body: bytesOf(body) };
    }
    body.destroy();
    target = checkTarget(location, target);
  }
  throw new RefusedRequest(`more than ${MAX_REDIRECTS} redirects`);
};

/**
 * The bytes of a stream, all that arrived before an error included: Node's own iteration throws at once and drops
 * what it had buffered, so that a download over a bad connection would begin further back each time.
 */
function bytesOf(stream: Readable): AsyncIterable<Uint8Array> {
  const queue: Uint8Array[] = [];
  let held = 0;
  let ended = false;
  let failure: Error | undefined;
  let wake = (): void => undefined;

  stream.on('data', (bytes: Uint8Array) => {
    queue.push(bytes);
    held += bytes.length;
    if (held >= HELD) stream.pause();
    wake();
  });
  stream.once('error', (error: Error) => {
    failure = error;
    wake();
  });
  stream.once('close', () => {
    ended = true;
    wake();
  });

  async function* read(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        for (let bytes = queue.shift(); bytes !== undefined; bytes = queue.shift()) {
          yield bytes;
          held -= bytes.length;
          if (held < HELD) stream.resume();
        }
        if (failure !== undefined) throw failure;
        if (ended) return;
        await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      stream.destroy();
    }
  }
  return read();
}

/** The address to ask next: `address`, read as a link on the page `from` when it is a redirect. */
export function checkTarget(address: string, from: URL | undefined): URL {
  const verb = from === undefined ? 'the address' : 'redirected to an address that';
  if (!URL.canParse(address, from?.href)) throw new RefusedRequest(`${verb} cannot be read`);
  const target = new URL(address, from);
  if (target.protocol !== 'http:' && target.protocol !== 'https:') {
    throw new RefusedRequest(`${verb} starts with ${target.protocol}, only http: and https: are allowed`);
  }
  if (from?.protocol === 'https:' && target.protocol === 'http:') {
    throw new RefusedRequest(`redirected from https to http (${publicUrl(target.href)})`);
  }
  if (target.username !== '' || target.password !== '') {
    throw new RefusedRequest(`${verb} holds a user name or password, which is not supported`);
  }
  return target;
}

/** `url` for messages and logs: without user name, password, query and fragment, any of which may be a secret. */
export function publicUrl(url: string): string {
  if (!URL.canParse(url)) return '(an address that cannot be read)';
  const { protocol, host, pathname } = new URL(url);
  if (protocol !== 'http:' && protocol !== 'https:') return `(an address that starts with ${protocol})`;
  return `${protocol}//${host}${pathname}`;
}

/** Why a request or its body failed, in plain words and without the address (node-fetch's texts hold it). */
export function plainReason(error: unknown): string {
  if (error instanceof RefusedRequest) return error.message;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return NETWORK_REASONS[code] ?? (code === '' ? 'the request failed' : `the request failed (${code})`);
}

const NETWORK_REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'the connection broke',
  ECONNABORTED: 'the connection broke',
  EPIPE: 'the connection broke',
  ERR_STREAM_PREMATURE_CLOSE: 'the connection broke',
  ENOTFOUND: 'its name is not known',
  EAI_AGAIN: 'its name cannot be looked up now',
  EHOSTUNREACH: 'no route to it',
  ENETUNREACH: 'no network',
  ENETDOWN: 'no network',
  ETIMEDOUT: 'no connection in time',
};
