import { join } from 'node:path';
import { rm } from 'node:fs/promises';
import { Tree } from './base/tree.ts';
import { runCommand } from './command.ts';

/** Service name to runlevel links as an overlay carries them. */
export function addRunlevels(tree: Tree, levels: Readonly<Record<string, string>>): void {
  for (const [level, services] of Object.entries(levels)) {
    for (const service of services.split(' '))
      tree.link(`etc/runlevels/${level}/${service}`, `/etc/init.d/${service}`);
  }
}

/**
 * Packs a tree as an apkovl: no leading `./` (unless `dotted`, which is how it must not be), owners root by name.
 * `scratch` is a path that may be used meanwhile.
 * The real overlay is made by `build`; this is for overlays that the bench makes up itself.
 */
export async function packOverlay(
  tree: Tree,
  scratch: string,
  target: string,
  dotted = false,
): Promise<void> {
  await tree.write(scratch);
  const top = [...new Set([...tree.entries.keys()].map((path) => path.split('/')[0] ?? ''))];
  const names = dotted ? ['.'] : top;
  await runCommand('tar', [
    '-C',
    scratch,
    '--owner=root:0',
    '--group=root:0',
    '--sort=name',
    '-czf',
    target,
    ...names,
  ]);
  await rm(scratch, { recursive: true });
}

/** The services that Alpine's init starts when there is no overlay; one that has no reason not to names them all. */
export const STOCK_RUNLEVELS = {
  sysinit: 'devfs dmesg mdev hwdrivers modloop',
  boot: 'modules sysctl hostname bootmisc syslog',
  shutdown: 'mount-ro killprocs savecache',
} as const;

/** The bare gateway of test/vm/bare with its configuration. */
export async function bareTree(
  root: string,
  wpaConf: string,
  ssh: { hostKey: string; adminKey: string },
): Promise<Tree> {
  const tree = new Tree();
  await tree.folder(join(root, 'test/vm/bare'));
  tree.file('etc/bare.conf', wpaConf, 0o600);
  tree.file('etc/ssh/ssh_host_ed25519_key', ssh.hostKey, 0o600).file('etc/ssh/admin_keys', ssh.adminKey);
  addRunlevels(tree, { ...STOCK_RUNLEVELS, boot: 'hostname bare', default: 'sshd' });
  return tree;
}
