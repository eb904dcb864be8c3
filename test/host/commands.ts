import { existsSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { CALL } from './call/program.ts';
import { PLACES } from './laptop.ts';

/**
 * Makes a link in `bin` for every command that the scripts of a bundle name, by which they reach the counting and the
 * stand-ins. Returns the paths by the names of their variables.
 */
export function linkCommands(bundle: string, bin: string): Record<string, string> {
  const commands: Record<string, string> = {};
  for (const [, name = '', path = ''] of textOf(bundle).matchAll(/\$\{([A-Z0-9_]+):=(\/[^}]+)\}/g)) {
    if (PLACES.has(name)) continue;
    const link = join(bin, basename(path));
    if (!existsSync(link)) symlinkSync(CALL, link);
    commands[name] = link;
  }
  return commands;
}

/** The text of all scripts of a bundle. */
function textOf(bundle: string): string {
  const paths = (readdirSync(bundle, { recursive: true }) as string[]).filter((path) =>
    /^(vm_|lib\/|rc\.d\/)/.test(path),
  );
  return paths.map((path) => readFileSync(join(bundle, path), 'utf8')).join('\n');
}
