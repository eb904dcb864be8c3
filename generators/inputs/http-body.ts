import type { Readable } from 'node:stream';

/** Bytes held back for a slow reader before the connection has to wait. */
const HELD = 1 << 20;

/**
 * The bytes of a stream, all that arrived before an error included: Node's own iteration throws at once and drops
 * what it had buffered, so that a download over a bad connection would begin further back each time.
 */
export function bytesOf(stream: Readable): AsyncIterable<Uint8Array> {
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
