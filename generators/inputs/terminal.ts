import { openSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { ReadStream, WriteStream } from 'node:tty';
import type { Dialogue } from '../ports.ts';

/**
 * Opens the terminal of this process for questions, as ssh(1) does: standard input may be the listing, and standard output
 * the profile. Undefined when the process has none.
 */
export function openTerminal(signal: AbortSignal): Dialogue | undefined {
  let device: number;
  try {
    device = openSync('/dev/tty', 'r+');
  } catch {
    return undefined;
  }
  const input = new ReadStream(device);
  const output = new WriteStream(openSync('/dev/tty', 'r+'));
  // The terminal edits the line itself: then ^C is a signal, as everywhere else in airhive.
  const lines = createInterface({ input, output, terminal: false });
  const answers = lines[Symbol.asyncIterator]();
  return {
    ask: async (question) => {
      output.write(question);
      const interrupted = new Promise<never>((_, reject) => {
        const stop = () => reject(signal.reason as Error);
        if (signal.aborted) stop();
        else signal.addEventListener('abort', stop, { once: true });
      });
      const answer = await Promise.race([answers.next(), interrupted]);
      return answer.done ? undefined : answer.value;
    },
    close: () => {
      lines.close();
      input.destroy();
      output.destroy();
    },
  };
}
