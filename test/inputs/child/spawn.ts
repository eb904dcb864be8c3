import { build } from 'esbuild';
import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { ChildLine, ChildOrder } from './obtain.ts';

export interface Child {
  readonly process: ChildProcess;
  readonly lines: readonly ChildLine[];
  /** Resolves with the first line that has this key; rejects when the child ends without one. */
  line<K extends 'step' | 'result' | 'error'>(key: K): Promise<Extract<ChildLine, Record<K, unknown>>>;
  /** Resolves when the child is gone and its output read. */
  ended(): Promise<void>;
  kill(): Promise<void>;
}

/** Compiles the child's program into `folder` and returns its path. */
export async function buildChild(folder: string): Promise<string> {
  const outfile = `${folder}/obtain.mjs`;
  await build({
    entryPoints: [fileURLToPath(new URL('obtain.ts', import.meta.url))],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
  });
  return outfile;
}

/** Starts the program. `wrapper`: a command in front of node's. It is killed when the test is over. */
export function startChild(
  program: string,
  order: ChildOrder,
  options: SpawnOptions & { wrapper?: readonly string[] } = {},
): Child {
  const wrapper = options.wrapper ?? ['/usr/bin/env'];
  const args = [...wrapper.slice(1), process.execPath, program, JSON.stringify(order)];
  const child = spawn(wrapper[0]!, args, { ...options, stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: ChildLine[] = [];
  const gone = Promise.all([once(child, 'exit'), once(child.stdout, 'close')]);
  const output = createInterface({ input: child.stdout });
  output.on('line', (line) => lines.push(JSON.parse(line) as ChildLine));
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await gone;
  };
  onTestFinished(kill);

  return {
    process: child,
    lines,
    kill,
    ended: async () => {
      await gone;
    },
    line: (key) =>
      new Promise((resolve, reject) => {
        const look = (): boolean => {
          const found = lines.find((line) => key in line);
          if (found !== undefined) resolve(found as never);
          return found !== undefined;
        };
        if (look()) return;
        output.on('line', look);
        void gone.then(() => look() || reject(new Error(`no ${key} in ${JSON.stringify(lines)}`)));
      }),
  };
}
