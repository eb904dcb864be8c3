import assert from 'node:assert/strict';
import type { Bench } from '../check.ts';
import { check } from '../check.ts';
import { SERVER } from '../air-config.ts';
import { listening, tryPorts, wlanAddress } from '../probe.ts';
import { gateway } from './boots.ts';

// From the Wi-Fi side of a gateway that is up: only what the profile opens.

check('closed: TCP 1 to 1024 and every listener by name', gateway, async (bench) => {
  const address = await wlanAddress(bench);
  const own = await bench.guestOk("netstat -lnt | sed -n 's/^tcp .*:\\([0-9]*\\) .*LISTEN.*/\\1/p'");
  const named = own.split('\n').filter(Boolean).map(Number);
  assert.ok(named.includes(22) && named.includes(53), own);
  const ports = [...new Set([...Array.from({ length: 1024 }, (_, i) => i + 1), ...named])];
  assert.deepEqual(await tryPorts(bench, address, ports), { open: [], refused: [] });
});

check("closed: eth0's address and the host from the Wi-Fi side", gateway, async (bench) => {
  const { air, host } = bench;
  const address = await wlanAddress(bench);
  await air.ok(`ip route replace 172.24.1.0/24 via ${address}`);
  const seen = await watchHost(bench, 'src net 10.77.0.0/24 or src host 203.0.113.10');
  const { guest, host: hostAddress } = host.addresses;
  assert.deepEqual(await tryPorts(bench, guest, [22, 53, 80]), { open: [], refused: [] });
  assert.deepEqual(await tryPorts(bench, hostAddress, [22, 53, 80]), { open: [], refused: [] });
  assert.notEqual((await air.exec(`ping -c 2 -i 0.2 -W 1 ${guest}`)).code, 0);
  assert.notEqual((await air.exec(`ping -c 2 -i 0.2 -W 1 ${hostAddress}`)).code, 0);
  assert.equal(await seen(), '', 'nothing reached the host');
  await air.ok('ip route del 172.24.1.0/24');
});

check('closed: spoofed sources', gateway, async (bench) => {
  const { air, host } = bench;
  const address = await wlanAddress(bench);
  // The Wi-Fi side poses as the host: an answer would go to the real one.
  const seen = await watchHost(bench, `icmp and src host ${host.addresses.guest} or src host ${address}`);
  await air.ok(`ip addr add ${host.addresses.host}/32 dev lo`);
  await air.exec(`ping -c 2 -i 0.2 -W 1 -I ${host.addresses.host} ${address}`);
  await air.ok(`ip addr del ${host.addresses.host}/32 dev lo`);
  assert.equal(await seen(), '');
  // The host's side sends with an address that is not its own.
  await air.ok('tcpdump -i ap0 -n -U -w /tmp/spoofed.pcap host 10.9.9.9 >/dev/null 2>&1 & sleep 0.5');
  await host.sh(`ip addr add 10.9.9.9/32 dev lo
    ping -c 2 -i 0.2 -W 1 -I 10.9.9.9 ${SERVER.address}; ip addr del 10.9.9.9/32 dev lo`);
  const read = 'pkill tcpdump; sleep 0.5; tcpdump -n -r /tmp/spoofed.pcap 2>/dev/null';
  assert.equal((await air.exec(read)).stdout, '');
});

check('closed: no IPv6 on the Wi-Fi side', gateway, async (bench) => {
  assert.equal(await bench.guestOk('ip -6 addr show dev wlan0'), '');
  const own = /inet6 (fe80:\S+)\//.exec((await bench.air.ok('ip -6 addr show dev ap0')).stdout)?.[1];
  const { stdout } = await bench.air.exec('ping -6 -c 2 -i 0.2 -W 1 ff02::1%ap0');
  const answers = new Set([...stdout.matchAll(/bytes from (\S+)%ap0/g)].map(([, address]) => address));
  assert.deepEqual([...answers], [own], 'only the access point answers itself');
});

check("forwards: the profile's two, and no other", gateway, async (bench) => {
  const { air } = bench;
  const address = await wlanAddress(bench);
  const tcp = await listening(bench, 'tcp', 22, 'host-tcp');
  const udp = await listening(bench, 'udp', 5353, 'host-udp');
  const other = await listening(bench, 'tcp', 80, 'other');
  assert.equal((await air.exec(`nc -w 3 ${address} 8022 </dev/null`)).stdout, 'host-tcp');
  assert.equal((await air.exec(`echo x | nc -u -w 2 ${address} 8053`)).stdout, 'host-udp');
  assert.deepEqual(await tryPorts(bench, address, [22, 80, 5353, 8053, 8080]), { open: [], refused: [] });
  for (const stop of [tcp, udp, other]) stop();
});

/** Starts to note packets on the host's bridge; the function returned ends that and tells them. */
async function watchHost({ host, folder }: Bench, filter: string): Promise<() => Promise<string>> {
  const file = `${folder}/host.pcap`;
  const child = host.start('tcpdump', ['-i', host.addresses.bridge, '-n', '-U', '-w', file, filter]);
  await new Promise<void>((resolve) => {
    child.stderr?.on('data', (chunk: Buffer) => {
      if (chunk.includes('listening on')) resolve();
    });
  });
  return async () => {
    const ended = new Promise((resolve) => child.on('exit', resolve));
    // Packets on their way are given a moment: what must not come cannot be waited for.
    await host.sh('sleep 0.5');
    child.kill('SIGINT');
    await ended;
    return (await host.exec('tcpdump', ['-n', '-r', file])).stdout;
  };
}
