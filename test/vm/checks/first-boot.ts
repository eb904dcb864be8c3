import assert from 'node:assert/strict';
import { join } from 'node:path';
import { SERVER } from '../air-config.ts';
import { buildBundle, forwarding } from '../bundle.ts';
import { check } from '../check.ts';
import type { Bench, Boot } from '../check.ts';
import { writeBlank } from '../disks.ts';
import { eventually } from '../eventually.ts';
import { tryPorts, wlanAddress } from '../probe.ts';
import { HOME, HOME_NETWORK } from './boots.ts';

// The standard ISO lacks iptables and dnsmasq: the guest fetches them over its own Wi-Fi and keeps them.

/** Folders of machines whose next start finds no access point. */
const inSilence = new Set<string>();

const first: Boot = {
  name: 'first boot',
  prepare: async (tools) => {
    const state = join(tools.folder, 'state.img');
    await writeBlank(state, 64);
    return { ...(await buildBundle(tools, { flavor: 'standard', networks: [HOME_NETWORK] })), state };
  },
  started: async (bench) => {
    if (inSilence.has(bench.folder)) return;
    await bench.air.start(HOME);
    await bench.air.faults([{ prefix: '/alpine', kind: 'garbage' }]);
  },
};

const there = async (bench: Bench): Promise<boolean> =>
  (await bench.guest('apk info -e -q iptables && apk info -e -q dnsmasq')).code === 0;

check('first boot: says what is missing and stays closed', first, async (bench) => {
  const { console } = bench.machine;
  await console.waitFor(/no packet filter yet \(iptables is not on the ISO\): not forwarding/, 120);
  await console.waitFor(/airhive login:/, 60);
  await console.waitFor(/address 10\.77\.0\./, 60);
  await console.waitFor(/dnsmasq iptables: not here yet \(http.*; trying again/, 60);
  assert.equal(await there(bench), false);
  assert.equal(await bench.guestOk('cat /proc/sys/net/ipv4/ip_forward'), '0\n');
  assert.notEqual((await bench.host.exec('ping', ['-c', '1', '-W', '2', SERVER.address])).code, 0);
  // The host can look what is going on.
  assert.equal((await bench.host.exec('ping', ['-c', '1', '-W', '2', bench.host.addresses.guest])).code, 0);
});

check('first boot: closed to the Wi-Fi side without a packet filter', first, async (bench) => {
  const { air, host } = bench;
  const address = await wlanAddress(bench);
  await air.ok(`ip route replace 172.24.1.0/24 via ${address}`);
  const listeners = await bench.guestOk("netstat -lnt | sed -n 's/^tcp .*:\\([0-9]*\\) .*LISTEN.*/\\1/p'");
  const ports = [22, 53, 80, ...listeners.split('\n').filter(Boolean).map(Number)];
  for (const target of [address, host.addresses.guest, host.addresses.host])
    assert.deepEqual((await tryPorts(bench, target, ports)).open, [], target);
  for (const target of [host.addresses.guest, host.addresses.host])
    assert.notEqual((await air.exec(`ping -c 2 -i 0.2 -W 1 ${target}`)).code, 0, target);
  await air.ok('ip route del 172.24.1.0/24');
});

check(
  'first boot: retries while the mirror is broken',
  first,
  async (bench) => {
    const { air } = bench;
    const tries = async (): Promise<number> =>
      (await air.requests()).filter((line) => line.includes('APKINDEX')).length;
    for (const kind of ['refuse', 'status'] as const) {
      await air.faults([{ prefix: '/alpine', kind, argument: 503 }]);
      const before = await tries();
      await eventually(`another try (${kind})`, 90, async () => (await tries()) > before);
    }
    assert.equal(await there(bench), false);
  },
  { limit: 200 },
);

check(
  'first boot: fetched, kept, a gateway',
  first,
  async (bench) => {
    await bench.air.faults([]);
    // By now it would wait a minute or more of its own accord.
    await bench.guestOk('rc-service airhive-fetch restart');
    const { at } = await bench.machine.console.waitFor(
      /fetched, checked and kept; the guest is a gateway now/,
      150,
    );
    bench.report(`a gateway ${at.toFixed(1)} s after QEMU's start, faults included`);
    await forwarding(bench, 20);
    await named(bench);
    assert.equal(await there(bench), true);
    assert.match(await bench.guestOk('ls /var/lib/airhive/packages'), /^current\n$/);
  },
  { limit: 200 },
);

async function named({ host }: Bench): Promise<void> {
  const answer = await eventually('a name', 15, async () => {
    const { code, stdout } = await host.exec('dig', ['+short', '+tries=1', '+time=2', SERVER.name]);
    return code === 0 && stdout;
  });
  assert.equal(answer, `${SERVER.address}\n`);
}

check('second boot: everything at once, without a network', first, async (bench) => {
  inSilence.add(bench.folder);
  await bench.restart();
  await bench.machine.console.waitFor(/airhive login:/, 120);
  assert.equal(await there(bench), true);
  assert.equal(await bench.guestOk('cat /proc/sys/net/ipv4/ip_forward'), '1\n');
  assert.match(
    await bench.guestOk('iptables-save'),
    /-A POSTROUTING -s 172\.24\.1\.0\/24 -o wlan0 -j MASQUERADE/,
  );
  assert.match(await bench.guestOk('netstat -lnu'), /172\.24\.1\.1:53 /);
  assert.doesNotMatch(bench.machine.console.text, /not here yet|no packet filter/);
  await bench.air.start(HOME);
  await forwarding(bench, 60);
  await named(bench);
  assert.deepEqual(await bench.air.requests(), [], 'nothing was asked of the mirror');
});
