import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';

const HERE = new URL('.', import.meta.url).pathname;
const CACHE = new URL('../../../node_modules/.cache/airhive-host/', import.meta.url).pathname;

/** The compiled call.c; compileCall() makes it. */
export const CALL = join(CACHE, `call-${digest()}`);

/** Compiles the program that every command of the machine goes through, once for each version of it. */
export function compileCall(): void {
  if (existsSync(CALL)) return;
  mkdirSync(CACHE, { recursive: true });
  const made = `${CALL}.${process.pid}`;
  const args = ['-O2', '-static', '-Wall', '-Wextra', '-Werror', '-o', made, join(HERE, 'call.c')];
  const { status, stderr } = spawnSync('cc', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`cc cannot compile test/host/call/call.c:\n${stderr}`);
  renameSync(made, CALL);
}

function digest(): string {
  const hash = createHash('sha256');
  for (const file of readdirSync(HERE)
    .filter((file) => /\.[ch]$/.test(file))
    .toSorted())
    hash.update(readFileSync(join(HERE, file)));
  return hash.digest('hex').slice(0, 16);
}
