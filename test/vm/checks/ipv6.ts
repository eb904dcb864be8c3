import assert from 'node:assert/strict';
import { SERVER } from '../air-config.ts';
import { watchHost } from '../capture.ts';
import type { Bench } from '../check.ts';
import { check } from '../check.ts';
import { eventually } from '../eventually.ts';
import { listeners, SILENCE, tryPorts, tryUdp } from '../probe.ts';
import { guarded, LAN6 } from './guarded.ts';

// A profile that asks for IPv6. After the checks of guarded.ts, whose machine this is.

/** The address the guest made itself on the Wi-Fi from what the access point says. */
async function ownAddress(bench: Bench): Promise<string> {
  const shown = await bench.guestOk('ip -6 addr show dev wlan0 scope global');
  const address = /inet6 (2001:db8:1:1:\S+)\/64/.exec(shown)?.[1];
  assert.ok(address, shown);
  return address;
}

check('IPv6: the host reaches the far side, as the guest', guarded, async (bench) => {
  const { host } = bench;
  const address = await ownAddress(bench);
  await host.sh(`ip -6 route replace default via ${LAN6.guest}`);
  const page = await eventually('a page', 10, async () => {
    const { stdout } = await host.exec('curl', ['-s', '-m', '3', '-g', `http://[${SERVER.address6}]/ip`]);
    return stdout !== '' && stdout;
  });
  assert.equal(page, `${address}\n`);
});

check('IPv6: closed to the Wi-Fi side', guarded, async (bench) => {
  const { air } = bench;
  const address = await ownAddress(bench);
  const linkLocal = 'fe80::28:f8ff:fe00:42%ap0';
  const tcp = [...new Set([...(await listeners(bench, 'tcp')), 22, 53, 80, 2210])];
  const udp = [...new Set([...(await listeners(bench, 'udp')), 53, 67, 68, 546, 547, 5353])];
  await air.ok(`ip route replace ${LAN6.network} via ${address}`);
  const targets = [address, linkLocal, LAN6.guest, LAN6.host];
  const answers = targets.flatMap((target) => [tryPorts(bench, target, tcp), tryUdp(bench, target, udp)]);
  for (const one of await Promise.all(answers)) assert.deepEqual(one, SILENCE);
});

check('IPv6: spoofed sources', guarded, async (bench) => {
  const { air } = bench;
  const address = await ownAddress(bench);
  const seen = await watchHost(bench, `icmp6 and src host ${address}`);
  await air.ok(`ip route del ${LAN6.network}; ip addr add ${LAN6.host}/128 dev lo nodad`);
  await air.exec(`ping -6 -c 2 -i 0.2 -W 1 -I ${LAN6.host} ${address}`);
  await air.ok(`ip addr del ${LAN6.host}/128 dev lo`);
  assert.equal(await seen(), '');
});
