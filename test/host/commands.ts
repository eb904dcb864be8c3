import { readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { CALL } from './call/program.ts';

/** No command of FreeBSD's: what the fakes share, and what plays a boot. */
const PARTS = ['bench.sh', 'boot', 'fetch.js', 'netif'];

/** Every command that a script may call: those with a fake, and those that this machine's own tools play. */
export const COMMANDS: readonly string[] = [
  ...readdirSync(new URL('fakes', import.meta.url)).filter((name) => !PARTS.includes(name)),
  ...[...readFileSync(new URL('call/options.h', import.meta.url), 'utf8').matchAll(/^ {4}\{"([^"]+)"/gm)].map(
    ([, name = '']) => name,
  ),
  'sha256',
];

/** Makes a link in `bin` for each of them, by which a call reaches the counting and the fakes. */
export function linkCommands(bin: string): void {
  for (const name of new Set(COMMANDS)) symlinkSync(CALL, join(bin, name));
}
