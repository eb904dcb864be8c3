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

/**
 * Makes a link in `folder` for a shell that is one of several in one program: busybox tells from its own name that it is to
 * be a shell. Returns the program that is to be called.
 */
export function linkShell([program = '', applet]: readonly string[], folder: string): string {
  if (applet === undefined) return program;
  const link = join(folder, applet);
  if (!existsSync(link)) symlinkSync(program, link);
  return link;
}

/** The text of all scripts of a bundle. */
function textOf(bundle: string): string {
  const paths = (readdirSync(bundle, { recursive: true }) as string[]).filter((path) =>
    /^(vm_|lib\/|rc\.d\/)/.test(path),
  );
  return paths.map((path) => readFileSync(join(bundle, path), 'utf8')).join('\n');
}
