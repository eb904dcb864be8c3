import { access, copyFile, chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { keysFor } from './bundle.ts';
import type { Bench } from './check.ts';
import type { CommandResult } from './command.ts';

const FOLDERS = ['/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** FreeBSD's lockf(1) for the one form that lib/common uses. */
const LOCKF = '#!/bin/sh\nshift 4\nexec /usr/bin/flock -o "$@"\n';

async function found(program: string): Promise<string> {
  for (const folder of FOLDERS) {
    const path = join(folder, program);
    if (
      await access(path).then(
        () => true,
        () => false,
      )
    )
      return path;
  }
  // FreeBSD's own; a command that needs it fails here.
  return '/bin/false';
}

/** Every command variable of lib/common, set to the program of that name here. */
async function variables(bundle: string, folder: string): Promise<string[]> {
  const common = await readFile(join(bundle, 'lib/common'), 'utf8');
  const commands = [...common.matchAll(/"\$\{([A-Z0-9_]+):=(\/[^}]+bin\/[^}]+)\}"/g)];
  const set = await Promise.all(
    commands.map(async ([, name = '', path = '']) => `${name}=${await found(basename(path))}`),
  );
  await writeFile(join(folder, 'lockf'), LOCKF, { mode: 0o755 });
  // Some process for bhyve: the guest is known to run.
  await writeFile(join(folder, 'pgrep'), '#!/bin/sh\necho 1\n', { mode: 0o755 });
  const own = { LOCKF: join(folder, 'lockf'), PGREP: join(folder, 'pgrep'), VAR: join(folder, 'var') };
  return [...set, ...Object.entries(own).map(([name, value]) => `${name}=${value}`)];
}

/**
 * Runs a command of the bundle on the host, with the keys that vm_install would have made. What needs FreeBSD does not
 * work (test/host plays that); what the command and the guest say to each other is real.
 */
export async function hostCommand(
  bench: Bench,
  words: readonly string[],
  options: { input?: string; timeout?: number } = {},
): Promise<CommandResult> {
  const bundle = join(bench.folder, 'dist/bench');
  const keys = join(bundle, 'data/keys');
  const { admin, host } = await keysFor(bench);
  await mkdir(keys, { recursive: true, mode: 0o700 });
  await copyFile(admin.path, join(keys, 'admin'));
  await chmod(join(keys, 'admin'), 0o600);
  await writeFile(join(keys, 'known_hosts'), `${bench.host.addresses.guest} ${host.public}\n`);
  const [script = '', ...rest] = words;
  const environment = await variables(bundle, bench.folder);
  return bench.host.exec('env', [...environment, '/bin/sh', join(bundle, script), ...rest], {
    timeout: 90,
    ...options,
  });
}
