import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { inject, onTestFinished } from 'vitest';
import { run } from '../../generators/cli/program.ts';
import type { World } from '../../generators/cli/world.ts';
import { httpGet } from '../../generators/inputs/http.ts';
import { realClock } from '../inputs/clock.ts';
import { layOut } from '../fixtures/installation.ts';
import { freshFolder } from '../fixtures/scratch.ts';
import { temporaryFolder } from '../inputs/sandbox.ts';

export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves when standard error holds this. */
  says(text: string): Promise<void>;
}

export interface CommandOptions extends Pick<SpawnOptions, 'cwd' | 'uid' | 'gid'> {
  readonly env?: Readonly<Record<string, string>>;
  /** Folder of the airhive to start; the compiled one of all tests by default. */
  readonly root?: string;
  /** What Node runs in it. */
  readonly program?: string;
}

/** Starts the compiled program with an environment that holds nothing of the user's. Killed when the test is over. */
export function start(args: readonly string[], options: CommandOptions = {}): Started {
  const { env = {}, root = inject('airhive'), program = 'bin/airhive.cjs', ...rest } = options;
  const child = spawn(process.execPath, [join(root, program), ...args], {
    cwd: temporaryFolder(),
    env: { PATH: process.env.PATH, HOME: temporaryFolder(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...rest,
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = once(child, 'close').then(([code, signal]: unknown[]) => {
    return { code: code as number | null, signal: signal as string | null, stdout, stderr };
  });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const says = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (stderr.includes(text)) resolve();
      };
      child.stderr.on('data', look);
      look();
      void ended.then(() => reject(new Error(`it never said ${text}, but ${stderr}`)));
    });
  return { process: child, ended, says };
}

/** Runs the compiled program to its end. */
export function airhive(args: readonly string[], options: CommandOptions = {}): Promise<Ended> {
  return start(args, options).ended;
}

const installation = layOut(freshFolder());

/** Standard input with this text in it. */
export const typed = (text: string): World['stdin'] => ({
  isTerminal: false,
  read: () => Readable.from([Buffer.from(text)]),
});

/** What is said, with the lines of each warning in one. */
export const unwrapped = (text: string): string => text.replace(/\n {2}(?=\S)/g, ' ');

/** Runs the command line in this process, which is quicker: for what it says, not for how it deals with the system. */
export async function runInside(
  argv: readonly string[],
  world: Partial<World> = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  let [stdout, stderr] = ['', ''];
  const code = await run(
    {
      argv,
      env: { HOME: temporaryFolder() },
      cwd: temporaryFolder(),
      root: installation,
      stdin: typed(''),
      stdout: { isTerminal: false, write: (text) => void (stdout += text) },
      stderr: { isTerminal: false, write: (text) => void (stderr += text) },
      openTerminal: () => Promise.resolve(undefined),
      http: httpGet,
      clock: realClock,
      now: () => Date.UTC(2026, 6, 1) / 1000,
      signal: new AbortController().signal,
      ...world,
    },
    '1.2.3',
  );
  return { code, stdout, stderr };
}
