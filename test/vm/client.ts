import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bench } from './check.ts';
import type { CommandResult } from './command.ts';

/** udhcpc's script: takes what it is given, and notes it. */
const SCRIPT = `#!/bin/sh
case $1 in bound | renew) ;; *) exit 0 ;; esac
ip addr replace "$ip/$mask" dev eth0
ip route replace default via "$router"
echo "$1 $ip/$mask $router $dns" >"\${0%.script}.lease"
`;

export interface Lease {
  /** How it came about: bound or renew. */
  readonly event: string;
  readonly address: string;
  readonly prefix: number;
  readonly router: string;
  readonly dns: string;
}

/** Somebody else on the host's bridge, such as a jail with a network of its own or another VM, with a DHCP client. */
export class Client {
  private readonly bench: Bench;
  private readonly file: string;
  private readonly place: ChildProcess;
  private dhcp: ChildProcess | undefined;

  private constructor(bench: Bench, file: string, place: ChildProcess) {
    this.bench = bench;
    this.file = file;
    this.place = place;
  }

  /** A network namespace with one interface, eth0, whose other end is on the bridge. It ends with the host. */
  static async plugIn(bench: Bench, name: string): Promise<Client> {
    const { host, folder } = bench;
    await mkdir(join(folder, 'clients'), { recursive: true });
    const file = join(folder, 'clients', name);
    await writeFile(`${file}.script`, SCRIPT, { mode: 0o755 });
    const place = host.start('unshare', ['-n', '/bin/sh', '-c', 'echo made; exec sleep 3600']);
    // Until it says so, it may be in any of the namespaces it passes through, even this computer's own.
    await once(place.stdout ?? place, 'data');
    const pid = String(place.pid);
    const made = await host.sh(`set -e
      ip link add ${name} type veth peer name eth0 netns ${pid}
      ip link set ${name} master ${host.addresses.bridge} && ip link set ${name} up
      nsenter -t ${pid} -n sh -c 'ip link set lo up; ip link set eth0 up'`);
    if (made.code !== 0) throw new Error(`client ${name}: ${made.stderr}`);
    return new Client(bench, file, place);
  }

  sh(command: string): Promise<CommandResult> {
    return this.bench.host.exec('nsenter', ['-t', String(this.place.pid), '-n', '/bin/sh', '-c', command]);
  }

  /** Starts a program there, which stays. It may have its own /run. */
  start(command: string): ChildProcess {
    const words = ['-t', String(this.place.pid), '-n', 'unshare', '-m', '/bin/sh', '-c', command];
    return this.bench.host.start('nsenter', words);
  }

  /** Starts the DHCP client, which stays. */
  ask(): void {
    const arguments_ = ['-t', String(this.place.pid), '-n', 'busybox', 'udhcpc', '-f', '-i', 'eth0'];
    this.dhcp = this.bench.host.start('nsenter', [
      ...arguments_,
      '-s',
      `${this.file}.script`,
      '-t',
      '5',
      '-T',
      '2',
    ]);
  }

  /** Asks for the address that it has, before its time. */
  renew(): void {
    this.dhcp?.kill('SIGUSR1');
  }

  /** The last lease; undefined before the first. */
  async lease(): Promise<Lease | undefined> {
    const text = await readFile(`${this.file}.lease`, 'utf8').catch(() => '');
    const [event = '', place = '', router = '', dns = ''] = text.trim().split(' ');
    const [address = '', prefix = ''] = place.split('/');
    return event === '' ? undefined : { event, address, prefix: Number(prefix), router, dns };
  }
}
