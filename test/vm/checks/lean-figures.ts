import { SERVER } from '../air-config.ts';
import type { Bench } from '../check.ts';

/** Sizes in KiB. */
export interface Usage {
  /** What the kernel has for everybody. */
  readonly total: number;
  /** Not available to programs. */
  readonly memory: number;
  /** Files of the root, which lies in RAM. */
  readonly root: number;
  readonly processes: number;
  /** Memory of those processes; what several share is divided among them. */
  readonly programs: number;
}

export interface Figures extends Usage {
  /** From the kernel's start to the first packet of the host on the far side, by the guest's clock. */
  readonly seconds: number;
}

export const mebibytes = (kibibytes: number): string => `${(kibibytes / 1024).toFixed(1)} MiB`;

/** The guest's own: neither kernel threads nor the bench's programs, which live in other mount namespaces. */
const PROCESSES = `own=$(readlink /proc/1/ns/mnt)
for path in /proc/[0-9]*; do
  [ "$(readlink $path/ns/mnt)" = "$own" ] && [ -n "$(readlink $path/exe)" ] || continue
  echo "pss $(sed -n 's/^Pss: *//p' $path/smaps_rollup | sed 's/ kB//')"
done
sed -n 's/^\\(MemTotal\\|MemAvailable\\): *\\([0-9]*\\) kB/\\1 \\2/p' /proc/meminfo`;

export async function usage(bench: Bench): Promise<Usage> {
  const { stdout } = await bench.agent.run('bench', PROCESSES);
  const numbers = (name: string): number[] =>
    [...stdout.matchAll(new RegExp(`^${name} (\\d+)$`, 'gm'))].map(([, text]) => Number(text));
  const sum = (list: readonly number[]): number => list.reduce((total, one) => total + one, 0);
  const processes = numbers('pss');
  const [total, free, size] = (await bench.guestOk("stat -f -c '%b %f %S' /")).split(' ').map(Number);
  const memory = sum(numbers('MemTotal'));
  return {
    total: memory,
    memory: memory - sum(numbers('MemAvailable')),
    root: (((total ?? NaN) - (free ?? NaN)) * (size ?? NaN)) / 1024,
    processes: processes.length,
    programs: sum(processes),
  };
}

/** Sends ten packets a second to the far side and waits for the first that gets there. */
export async function firstPacket({ host, air }: Bench, limit: number): Promise<number> {
  // Otherwise the host would ask for the guest's Ethernet address only once in a second.
  await host.exec('ip', [
    ...['neigh', 'replace', host.addresses.guest, 'lladdr', '52:54:00:12:34:56'],
    ...['dev', host.addresses.bridge, 'nud', 'permanent'],
  ]);
  const child = host.start('ping', ['-n', '-q', '-i', '0.1', SERVER.address]);
  const { stdout } = await air.ok(
    `tcpdump -i any --immediate-mode -n -Z root -c 1 'dst ${SERVER.address} and icmp' >/dev/null 2>&1
    cut -d ' ' -f 1 /proc/uptime`,
    { timeout: limit },
  );
  child.kill('SIGKILL');
  return Number(stdout);
}

/**
 * Mbit that one TCP connection carries through the guest in a second of QEMU's processor time, while it tries for one second:
 * an emulated guest has nothing but its processor, and what else this computer does does not count.
 */
export async function throughput(bench: Bench, direction: 'up' | 'down'): Promise<number> {
  const { host, machine } = bench;
  const words = ['-c', SERVER.address, '-t', '1', '-J', ...(direction === 'up' ? [] : ['-R'])];
  // On a computer that is busy for the whole second iperf3 ends well, and has no result.
  for (let left = 2; ; left--) {
    const begin = await machine.processorTime();
    const { code, stdout } = await host.exec('iperf3', words);
    const result = JSON.parse(stdout) as { end?: { sum_received?: { bytes: number } } };
    const received = result.end?.sum_received;
    if (code === 0 && received) return (received.bytes * 8) / 1e6 / ((await machine.processorTime()) - begin);
    if (code !== 0 || left === 0) throw new Error(`iperf3: ${stdout}`);
  }
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}
