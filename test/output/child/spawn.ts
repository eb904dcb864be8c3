import { build } from 'esbuild';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** Compiles the child's program, with counted-fs.ts in place of node:fs/promises, into `folder`. Returns its path. */
export async function buildPublisher(folder: string): Promise<string> {
  const outfile = `${folder}/publish.mjs`;
  await build({
    entryPoints: [here('publish.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    alias: { 'node:fs/promises': here('counted-fs.ts') },
    logLevel: 'error',
  });
  return outfile;
}

/** Starts it. With `calls` it ends by SIGKILL after so many changes of the disk. */
export function startPublisher(
  program: string,
  args: readonly string[],
  calls?: number,
): { child: ChildProcess; ended: Promise<{ signal: string | null; output: string }> } {
  const env = { ...process.env, ...(calls === undefined ? {} : { CALLS_TO_LIVE: String(calls) }) };
  const child = spawn(process.execPath, [program, ...args], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  const ended = once(child, 'close').then(([code, signal]: unknown[]) => {
    if (code !== 0 && signal === null) throw new Error(`exit ${String(code)}`);
    return { signal: signal as string | null, output };
  });
  return { child, ended };
}
