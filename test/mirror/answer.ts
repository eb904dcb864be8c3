import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** How one request is answered. Counts are bytes of this answer's body. */
export type Behaviour =
  | { readonly kind: 'serve' }
  /** The connection is cut after so many bytes; `silent`: of a body without a Content-Length (chunked). */
  | { readonly kind: 'cut'; readonly after: number; readonly silent?: true }
  /** After so many bytes nothing more comes until `release()`; -1: not even the status line. */
  | { readonly kind: 'hold'; readonly after: number }
  /** Right length, first byte wrong (of a file that is given as bytes); cut after so many bytes when these are named. */
  | { readonly kind: 'wrong'; readonly after?: number }
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

/** A file's bytes, or so many zero bytes, after a beginning, that are never held in memory at once. */
export type MirrorFile = Uint8Array | { readonly head?: Uint8Array; readonly zeros: number };

const STEP = 1 << 16;
const ZEROS = new Uint8Array(STEP);

/** One request, and what it takes to answer it. `released`: held answers may go on. */
interface Answering {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly file: MirrorFile;
  readonly released: Promise<void>;
}

/** Answers a request as told. Rejects when the client goes away. */
export async function answer(answering: Answering, behaviour: Behaviour): Promise<void> {
  const { response, released } = answering;
  if (behaviour.kind === 'status') {
    response.writeHead(behaviour.code, behaviour.headers).end('go away\n');
  } else if (behaviour.kind === 'redirect') {
    response.writeHead(302, { location: behaviour.to }).end('over there\n');
  } else if (behaviour.kind === 'hangUp') {
    response.destroy();
  } else {
    if (behaviour.kind === 'hold' && behaviour.after < 0) await released;
    await sendBody(answering, behaviour);
  }
}

async function sendBody(
  { request, response, file, released }: Answering,
  behaviour: Behaviour,
): Promise<void> {
  const size = file instanceof Uint8Array ? file.length : (file.head?.length ?? 0) + file.zeros;
  const extra = behaviour.kind === 'longer' ? behaviour.by : behaviour.kind === 'shorter' ? -behaviour.by : 0;
  const total = size + extra;
  const asked = behaviour.kind === 'noRange' ? null : /^bytes=(\d+)-$/.exec(request.headers.range ?? '');
  const start = asked === null ? 0 : Number(asked[1]);
  if (start >= total) {
    response.writeHead(416, { 'content-range': `bytes */${total}` }).end();
    return;
  }
  const silent = 'silent' in behaviour && behaviour.silent;
  const headers = {
    ...(silent ? {} : { 'content-length': String(total - start) }),
    ...(asked === null ? {} : { 'content-range': `bytes ${start}-${total - 1}/${total}` }),
    ...(behaviour.kind === 'headers' ? behaviour.headers : {}),
  };
  response.writeHead(
    asked === null ? 200 : 206,
    Object.entries(headers)
      .filter(([, value]) => value !== '')
      .flat(),
  );
  response.flushHeaders();

  const step = behaviour.kind === 'slow' ? behaviour.step : STEP;
  for (let at = start; at < total;) {
    const stop = start + (('after' in behaviour ? behaviour.after : undefined) ?? total);
    if (behaviour.kind === 'hold' && at === stop) await released;
    if (behaviour.kind !== 'hold' && at === stop) {
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
  if (!(file instanceof Uint8Array)) {
    if (file.head === undefined || from >= file.head.length) return ZEROS.subarray(0, to - from);
    const bytes = Buffer.alloc(to - from);
    bytes.set(file.head.subarray(from, to));
    return bytes;
  }
  const bytes = Buffer.alloc(to - from);
  bytes.set(file.subarray(from, to));
  if (behaviour.kind !== 'wrong' || from > 0) return bytes;
  bytes[0]! ^= 1;
  return bytes;
}

async function drained(response: ServerResponse): Promise<void> {
  const waited = new AbortController();
  const { signal } = waited;
  if (!response.destroyed)
    await Promise.race([once(response, 'drain', { signal }), once(response, 'close', { signal })]);
  waited.abort();
  if (response.destroyed) throw new Error('the client went away');
}
