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
  /** From the kernel's start to the first packet of the host that came back from the far side. */
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

/** Sends ten packets a second to the far side and waits for the first answer. */
export async function firstPacket(bench: Bench, limit: number): Promise<number> {
  const { host } = bench;
  // Otherwise the host would ask for the guest's Ethernet address only once in a second.
  await host.exec('ip', [
    ...['neigh', 'replace', host.addresses.guest, 'lladdr', '52:54:00:12:34:56'],
    ...['dev', host.addresses.bridge, 'nud', 'permanent'],
  ]);
  const child = host.start('timeout', [String(limit), 'ping', '-D', '-n', '-i', '0.1', SERVER.address]);
  const at = await new Promise<number>((resolve, reject) => {
    let text = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const answer = /^\[(\d+\.\d+)\] \d+ bytes from/m.exec(text)?.[1];
      if (answer !== undefined) resolve(Number(answer) * 1000);
    });
    child.on('exit', () => reject(new Error(`nothing forwarded within ${limit} s`)));
  });
  child.kill('SIGKILL');
  return (at - bench.agent.bootedAt) / 1000;
}

/** Mbit/s of one TCP connection through the guest for three seconds, as the receiver counts them. */
export async function throughput({ host }: Bench, direction: 'up' | 'down'): Promise<number> {
  const words = ['-c', SERVER.address, '-t', '3', '-J', ...(direction === 'up' ? [] : ['-R'])];
  const { code, stdout } = await host.exec('iperf3', words);
  if (code !== 0) throw new Error(`iperf3: ${stdout}`);
  const result = JSON.parse(stdout) as { end: { sum_received: { bits_per_second: number } } };
  return result.end.sum_received.bits_per_second / 1e6;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}
