import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { addAbortSignal, type Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { isatty } from 'node:tty';
import { fileURLToPath } from 'node:url';
import { run } from './cli/program.ts';
import type { Terminal, World } from './cli/world.ts';

// The one place that reads the process: arguments, environment, directory, terminals, clock and signals.

// The compiled file lies in .build/, one below airhive's own directory.
const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');
const { version } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8')) as { version: string };

const interruption = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => interruption.abort());

// `airhive plan | head` closes the pipe early; that is the reader's choice, not an error.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return;
    if (stream === process.stdout)
      process.stderr.write(`error: cannot write the output: ${error.code ?? error.message}\n`);
    process.exit(7);
  });
}

const terminal = (stream: NodeJS.WriteStream): Terminal => ({
  // What only prints is written to as a log is.
  isTerminal: stream.isTTY && process.env.TERM !== 'dumb',
  get columns() {
    return stream.columns > 0 ? stream.columns : undefined;
  },
  write: (text) => void stream.write(text),
});

const world: World = {
  argv: process.argv.slice(2),
  env: process.env,
  cwd: process.cwd(),
  root,
  // Not touched before it is read: process.stdin would open it.
  stdin: {
    isTerminal: isatty(0),
    read: () => addAbortSignal(interruption.signal, process.stdin as Readable),
  },
  stdout: terminal(process.stdout),
  stderr: terminal(process.stderr),
  openTerminal: async () =>
    process.stderr.isTTY
      ? (await import('./inputs/terminal.ts')).openTerminal(interruption.signal)
      : undefined,
  http: async (url, options) => (await import('./inputs/http.ts')).httpGet(url, options),
  clock: {
    monotonic: () => performance.now(),
    sleep: async (ms, signal) => {
      await sleep(ms, undefined, { signal });
    },
  },
  now: () => Math.floor(Date.now() / 1000),
  signal: interruption.signal,
};

/** Resolves when the command has ended. */
export const finished = run(world, version).then((code) => {
  process.exitCode = code;
});
