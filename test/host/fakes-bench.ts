import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { Machine } from './machine.ts';

/** Calls fakes as a shell would; $S is their directory, $C that of the commands, $W an empty one, $D and $ETC the machine's. */
export function call(
  machine: Machine,
  line: string,
): { status: number | null; stdout: string; stderr: string } {
  const S = machine.variables().FAKES ?? '';
  const env = { ...machine.variables(), S, C: join(machine.root, 'bin'), ETC: machine.etc };
  const words = { W: join(machine.root, 'tmp'), D: machine.dev };
  return spawnSync('/bin/sh', ['-c', line], {
    env: { ...env, ...words, PATH: '/usr/bin:/bin' },
    encoding: 'utf8',
  });
}

/** The beginning of a line: an image with a FAT, then attached, then mounted. */
export const IMAGE =
  '"$S/newfs_msdos" -C 1m -L SITE "$W/a.img" >/dev/null; : >"$W/empty"; mkdir "$W/m" "$W/n";';
export const ATTACHED = `${IMAGE} "$S/mdconfig" -a -t vnode -f "$W/a.img" >/dev/null;`;
export const MOUNTED = `${ATTACHED} "$S/mount_msdosfs" "$D/md0" "$W/m";`;
