import assert from 'node:assert/strict';
import { watchAir, watchHost } from '../capture.ts';
import { check } from '../check.ts';
import { SERVER } from '../air-config.ts';
import { listeners, listening, SILENCE, tryPorts, tryUdp, wlanAddress } from '../probe.ts';
import { gateway } from './boots.ts';

// From the Wi-Fi side of a gateway that is up: only what the profile opens.

check('closed: TCP 1 to 1024 and every listener by name', gateway, async (bench) => {
  const address = await wlanAddress(bench);
  const named = await listeners(bench, 'tcp');
  assert.ok(named.includes(22) && named.includes(53), named.join());
  const ports = [...new Set([...Array.from({ length: 1024 }, (_, i) => i + 1), ...named])];
  assert.deepEqual(await tryPorts(bench, address, ports), SILENCE);
});

check('closed: every UDP listener by name', gateway, async (bench) => {
  const address = await wlanAddress(bench);
  const named = await listeners(bench, 'udp');
  assert.ok(named.includes(53) && named.includes(67), named.join());
  // No other port tells by its silence that these are different; 68 is the DHCP client's own.
  const ports = [...new Set([...named, 7, 68, 123, 1900, 5353, 33434])];
  const answers = [
    tryUdp(bench, address, ports),
    // As a DHCP server and a DNS server would.
    tryUdp(bench, address, [68], 67),
    tryUdp(bench, address, [53], 53),
  ];
  for (const one of await Promise.all(answers)) assert.deepEqual(one, SILENCE);
});

check("closed: eth0's address and the host from the Wi-Fi side", gateway, async (bench) => {
  const { air, host } = bench;
  const address = await wlanAddress(bench);
  await air.ok(`ip route replace 172.24.1.0/24 via ${address}`);
  const seen = await watchHost(bench, 'src net 10.77.0.0/24 or src host 203.0.113.10');
  const { guest, host: hostAddress } = host.addresses;
  const answers = [guest, hostAddress].map((target) => tryPorts(bench, target, [22, 53, 80]));
  for (const one of await Promise.all(answers)) assert.deepEqual(one, SILENCE);
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
  const beyond = await watchAir(bench, 'host 10.9.9.9');
  await host.sh(`ip addr add 10.9.9.9/32 dev lo
    ping -c 2 -i 0.2 -W 1 -I 10.9.9.9 ${SERVER.address}; ip addr del 10.9.9.9/32 dev lo`);
  assert.equal(await beyond(), '');
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
  assert.deepEqual(await tryPorts(bench, address, [22, 80, 5353, 8053, 8080]), SILENCE);
  for (const stop of [tcp, udp, other]) stop();
});
