import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { runCommand, tryCommand } from './command.ts';
import type { CommandOptions, CommandResult } from './command.ts';

export interface HostAddresses {
  readonly host: string;
  readonly guest: string;
  readonly prefix: number;
  readonly bridge: string;
  readonly tap: string;
}

/** The prescription's addresses; the FreeBSD names are used for the bridge and the tap as well. */
export const PRESCRIBED: HostAddresses = {
  host: '172.24.1.49',
  guest: '172.24.1.1',
  prefix: 24,
  bridge: 'bridge0',
  tap: 'tap0',
};

const PREFIX = 'airhive-vm-';

/**
 * A network namespace that plays the FreeBSD host: bridge, tap, default route and DNS to the guest. Its name carries
 * this process' id, so that a later run can sweep what a killed one left behind.
 */
export class Host {
  readonly name: string;
  readonly addresses: HostAddresses;
  private readonly children = new Set<ChildProcess>();

  private constructor(name: string, addresses: HostAddresses) {
    this.name = name;
    this.addresses = addresses;
  }

  static async create(index: number, addresses: HostAddresses = PRESCRIBED): Promise<Host> {
    const host = new Host(`${PREFIX}${process.pid}-${index}`, addresses);
    await mkdir(join('/etc/netns', host.name), { recursive: true });
    await writeFile(
      join('/etc/netns', host.name, 'resolv.conf'),
      `nameserver ${addresses.guest}\noptions timeout:2 attempts:2\n`,
    );
    await runCommand('ip', ['netns', 'add', host.name]);
    const { bridge, tap } = addresses;
    const lines = [
      'link set lo up',
      `link add ${bridge} type bridge stp_state 0 forward_delay 0`,
      `tuntap add ${tap} mode tap`,
      `link set ${tap} master ${bridge}`,
      `link set ${tap} up`,
      `addr add ${addresses.host}/${addresses.prefix} dev ${bridge}`,
      `link set ${bridge} up`,
      `route add default via ${addresses.guest}`,
    ];
    await runCommand('ip', ['-netns', host.name, '-batch', '-'], { input: `${lines.join('\n')}\n` });
    return host;
  }

  /** Runs a program on the host and returns whatever it did. Default time limit: 90 s. */
  exec(program: string, args: readonly string[] = [], options: CommandOptions = {}): Promise<CommandResult> {
    return tryCommand('ip', ['netns', 'exec', this.name, program, ...args], { timeout: 90, ...options });
  }

  /** Runs a shell command on the host. */
  sh(command: string, options: CommandOptions = {}): Promise<CommandResult> {
    return this.exec('/bin/sh', ['-c', command], options);
  }

  /** Starts a program on the host that runs until it is stopped or the host is destroyed. */
  start(program: string, args: readonly string[]): ChildProcess {
    const child = spawn(
      'setpriv',
      ['--pdeathsig', 'KILL', '--', 'ip', 'netns', 'exec', this.name, program, ...args],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    this.children.add(child);
    child.on('exit', () => this.children.delete(child));
    return child;
  }

  /** What to put before a command to run it here; for QEMU. */
  prefix(): readonly string[] {
    return ['setpriv', '--pdeathsig', 'KILL', '--', 'ip', 'netns', 'exec', this.name];
  }

  async destroy(): Promise<void> {
    for (const child of this.children) child.kill('SIGKILL');
    await removeNamespace(this.name);
  }
}

async function removeNamespace(name: string): Promise<void> {
  const pids = await tryCommand('ip', ['netns', 'pids', name]);
  for (const pid of pids.stdout.split('\n').filter(Boolean)) {
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch {
      // It ended by itself meanwhile.
    }
  }
  await tryCommand('ip', ['netns', 'del', name]);
  await rm(join('/etc/netns', name), { recursive: true, force: true });
}

async function isBench(pid: string): Promise<boolean> {
  try {
    return (await readFile(`/proc/${pid}/cmdline`, 'utf8')).includes('test/vm/');
  } catch {
    return false;
  }
}

/** Removes namespaces and work folders of runs that are no longer alive, and with `own` this run's namespaces. */
export async function sweep(workRoot: string, own = false): Promise<void> {
  const listed = (await tryCommand('ip', ['netns', 'list'])).stdout
    .split('\n')
    .map((line) => line.split(' ')[0] ?? '');
  const settings = existsSync('/etc/netns') ? await readdir('/etc/netns') : [];
  const folders = await readdir(workRoot);
  for (const name of new Set([...listed, ...settings, ...folders])) {
    const [, pid = '', index] = new RegExp(`^${PREFIX}(\\d+)(-\\d+)?$`).exec(name) ?? [];
    const mine = pid === String(process.pid);
    if (pid === '' || (mine ? !own : await isBench(pid))) continue;
    if (index !== undefined) await removeNamespace(name);
    else if (!mine) await rm(join(workRoot, name), { recursive: true, force: true });
  }
}

/** Name of this run's work folder, swept like the namespaces. */
export const workFolderName = (): string => `${PREFIX}${process.pid}`;
