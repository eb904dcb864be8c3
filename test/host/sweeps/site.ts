import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type Ended, Machine } from '../machine.ts';
import { PLANTED } from '../stories/laptop.ts';
import type { Swept } from './sweep.ts';

/** What the site disk in `data` says, and whether it goes with the keys beside it. */
export function siteOf(data: string): unknown {
  const image = join(data, 'site.img');
  if (!existsSync(image)) return undefined;
  const names = ['networks.conf', 'admin_keys', 'tunnel_keys', 'ssh_host_ed25519_key'];
  const read = (name: string): string =>
    spawnSync('mtype', ['-i', image, `::${name}`], { encoding: 'latin1' }).stdout;
  const [networks = '', admin = '', tunnel = '', host = ''] = names.map(read);
  const key = (name: string): string => {
    const file = join(data, 'keys', name);
    return existsSync(file) ? readFileSync(file, 'latin1') : 'none';
  };
  const core = (name: string): string => key(name).split(' ')[1] ?? 'none';
  return {
    networks,
    // A key that is there twice is as good.
    keys: new Set(admin.trim().split('\n')).size,
    admin: admin.includes(core('admin.pub')),
    tunnel: tunnel.includes(core('tunnel.pub')),
    host: host === key('guest_host'),
    pinned: key('known_hosts').includes(core('guest_host.pub')),
  };
}

export const namesBelow = (folder: string): string[] =>
  (readdirSync(folder, { recursive: true }) as string[])
    .filter((path) => !path.startsWith('site.work'))
    .map((path) => `${path} ${(statSync(join(folder, path)).mode & 0o777).toString(8)}`)
    .toSorted();

const dataOf = (machine: Machine): string => machine.data;

async function withSite(...commands: readonly string[][]): Promise<Machine> {
  const machine = new Machine();
  for (const words of [['init'], ...commands]) {
    const ended = await machine.tell('planted passphrase\n', 'vm_site', ...words);
    expect(ended.code, ended.said).toBe(0);
  }
  return machine;
}

function swept(
  name: string,
  prepare: () => Promise<Machine>,
  run: (machine: Machine) => Promise<Ended>,
): Swept {
  return {
    name: `vm_site ${name}`,
    prepare,
    run,
    picture: (machine) => ({ data: namesBelow(dataOf(machine)), site: siteOf(dataOf(machine)) }),
    // The guest may start at any moment: the disk is there, whole, and goes with the keys.
    always: (machine) =>
      expect(siteOf(dataOf(machine))).toMatchObject({ admin: true, tunnel: true, host: true, pinned: true }),
    secrets: () => PLANTED,
  };
}

const USERS_KEY =
  'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl user@laptop\n';

export const SITE_COMMANDS: readonly Swept[] = [
  swept('add', withSite, async (machine) =>
    machine.tell('planted passphrase\n', 'vm_site', 'add', 'a new net'),
  ),
  swept(
    'remove',
    async () => withSite(['add', 'a new net'], ['add', 'another']),
    async (machine) => machine.call('vm_site', 'remove', 'a new net'),
  ),
  swept(
    'import',
    async () => withSite(['remove', 'Home sweet home']),
    async (machine) => machine.call('vm_site', 'import'),
  ),
  swept(
    'authorize',
    async () => {
      const machine = await withSite();
      writeFileSync(join(machine.root, 'tmp/users-key'), USERS_KEY);
      return machine;
    },
    async (machine) => machine.call('vm_site', 'authorize', join(machine.root, 'tmp/users-key')),
  ),
];
