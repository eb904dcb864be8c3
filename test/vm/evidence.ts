import type { Bench } from './check.ts';

/** What a person wants to see when a check failed. Secrets of a test are not secret. */
const QUESTIONS: readonly string[] = [
  'uptime; free -m; rc-status -a 2>&1',
  'ip addr; ip route; ip rule; cat /etc/resolv.conf',
  'iptables-save 2>&1',
  'ps',
  'netstat -lntup',
  'tail -n 80 /var/log/messages',
  'dmesg | tail -n 60',
  'mount; df',
  'ls -la /run /run/airhive /var/lib/airhive 2>&1',
];

async function ask(bench: Bench, command: string): Promise<string> {
  const { stdout, stderr } = await bench.guest(command, { timeout: 10 });
  return `--- guest: ${command}\n${stdout}${stderr}`;
}

/** Console tail, and what guest, host and access points say now; never waits for long. */
export async function collectEvidence(bench: Bench): Promise<string> {
  const parts = [`--- console\n${bench.machine.console.timeline().slice(-8000)}`];
  if (!bench.machine.running) return `${parts.join('\n')}\n--- the machine has ended`;
  const questions = (async () => {
    for (const question of QUESTIONS) parts.push(await ask(bench, question));
    for (const point of bench.air.points.values())
      parts.push(`--- access point ${point.name}\n${await point.logs()}`);
  })();
  const given = new Promise<void>((resolve) => setTimeout(resolve, 20_000).unref());
  await Promise.race([questions.catch((error: unknown) => parts.push(`--- ${String(error)}`)), given]);
  const host = await bench.host.sh('ip addr; ip route; ip neigh');
  parts.push(`--- host\n${host.stdout}`);
  return parts.join('\n');
}
