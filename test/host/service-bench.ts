import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { run } from '../fixtures/scratch.ts';
import { Machine, type Ended } from './machine.ts';

/** For tests in which the scripts wait for much that never comes. */
export const SLOW = 120_000;

interface Installed {
  readonly machine: Machine;
  /** The rc.d script as rc(8) finds it. */
  readonly script: string;
  readonly service: (...words: string[]) => Promise<Ended>;
}

/** A machine with the bundle where vm_install puts it, and with the service enabled; `lines` go into rc.conf too. */
export function installed(...lines: string[]): Installed {
  return install(new Machine({ view: { reversePort: '', reverseTo: '' } }), lines);
}

/** The same with the reverse tunnel of the profile, and with the keys for it. */
export function withTunnel(): Installed {
  const { machine, ...rest } = install(new Machine(), []);
  provideKeys(machine.data);
  return { machine, ...rest };
}

function install(machine: Machine, lines: readonly string[]): Installed {
  const bundle = join(machine.directory, 'bundles/first');
  mkdirSync(dirname(bundle), { recursive: true });
  renameSync(machine.bundle, bundle);
  symlinkSync('bundles/first', join(machine.directory, 'current'));
  const script = join(machine.local, 'etc/rc.d/airhive');
  cpSync(join(bundle, 'rc.d/airhive'), script);
  mkdirSync(join(machine.var, 'log/airhive'), { recursive: true });
  const settings = ['airhive_enable="YES"', `airhive_dir="${machine.directory}"`, ...lines];
  appendFileSync(join(machine.etc, 'rc.conf'), `${settings.join('\n')}\n`);
  return { machine, script, service: async (...words) => machine.call(script, ...words) };
}

/** A file of the guest's run folder. */
export function read(machine: Machine, name: string): string {
  const file = join(machine.run, name);
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

export function serviceLog(machine: Machine): string {
  return readFileSync(join(machine.var, 'log/airhive/service.log'), 'utf8');
}

/** What a process of the fakes calls itself. */
export function titleOf(machine: Machine, pid: number): string {
  return machine.get(`processes/${pid}`).trim();
}

/** The process of the tunnel's ssh. */
export const tunnelSsh = (machine: Machine): number => Number.parseInt(machine.get('tunnel'), 10);

/** What vm_install makes in data/: the three keys, and the site disk with what the guest needs of them. */
export function provideKeys(data: string): void {
  const keys = join(data, 'keys');
  mkdirSync(keys, { recursive: true });
  for (const name of ['admin', 'tunnel', 'guest_host'])
    run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', `airhive ${name}`, '-f', join(keys, name)]);
  const publicOf = (name: string): string => readFileSync(join(keys, `${name}.pub`), 'utf8');
  writeFileSync(join(keys, 'known_hosts'), `172.24.1.1 ${publicOf('guest_host')}`);
  const disk = join(data, 'site.img');
  run('mkfs.vfat', ['-C', '-n', 'AIRHIVESITE', disk, '1024']);
  run('mcopy', ['-i', disk, join(keys, 'admin.pub'), '::admin_keys']);
  run('mcopy', ['-i', disk, join(keys, 'tunnel.pub'), '::tunnel_keys']);
  run('mcopy', ['-i', disk, join(keys, 'guest_host'), '::ssh_host_ed25519_key']);
}

/** For how many seconds the stopping itself has slept; the guest, its log and the tunnel sleep meanwhile too. */
export function sleptByStop(machine: Machine): number {
  const lines = machine.get('sleepers').split('\n');
  const ours = lines.filter((line) => /\/vm_kill |\/lib\/service | release_unowned /.test(line));
  return ours.reduce((sum, line) => sum + Number.parseInt(line, 10), 0);
}
