import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';

export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly said: string;
}

/** A script that was started: its process, and what it came to. */
export interface Started {
  readonly pid: number;
  readonly ended: Promise<Ended>;
}

interface Launch {
  /** The shell with its own words, the script, and the script's words. */
  readonly line: readonly string[];
  readonly env: Record<string, string>;
  /** The file that gets what the script says. A pipe would be kept open by what a killed vm_run leaves behind. */
  readonly words: string;
  readonly input?: string | undefined;
}

/** Starts a script. */
export function launch({ line: [program = '', ...args], env, words, input }: Launch): Started {
  const file = openSync(words, 'a');
  const child = spawn(program, args, {
    env,
    stdio: [input === undefined ? 'ignore' : 'pipe', file, file],
    // A process group of its own, as a terminal gives it.
    detached: true,
  });
  closeSync(file);
  // Whoever reads may be gone before it has read.
  child.stdin?.on('error', () => undefined).end(input);
  return { pid: child.pid ?? 0, ended: outcome(child, words) };
}

async function outcome(child: ChildProcess, words: string): Promise<Ended> {
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
  return { code, signal, said: existsSync(words) ? readFileSync(words, 'utf8') : '' };
}
