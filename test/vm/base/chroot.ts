import { tryCommand } from '../command.ts';
import type { CommandOptions, CommandResult } from '../command.ts';

/** In a mount namespace of its own, so that nothing is left mounted whatever happens. */
const ENTER = `root=$1; shift
mount --bind "$root" "$root" && cd "$root" &&
mount -t proc proc proc && mount --rbind /sys sys && mount --rbind /dev dev || exit 125
exec chroot . "$@"`;

/** The environment of a login in Alpine; nothing of this machine's. */
const ENVIRONMENT = ['-i', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'HOME=/root', 'LC_ALL=C.UTF-8'];

/**
 * Runs a program inside a root directory that has /dev, /proc and /sys as directories. Needs to be root. The root itself is
 * a mount point there, which apk's `--root` asks for. Returns what it did, as `tryCommand`.
 */
export function inRoot(
  root: string,
  command: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const words = ['--mount', '--propagation', 'private', 'sh', '-c', ENTER, 'sh', root];
  return tryCommand('unshare', [...words, '/usr/bin/env', ...ENVIRONMENT, ...command], options);
}
