import assert from 'node:assert/strict';
import { join } from 'node:path';
import { SERVER } from '../air-config.ts';
import { buildBundle, forwarding, keysFor } from '../bundle.ts';
import type { Boot } from '../check.ts';
import { check } from '../check.ts';
import { writeBlank } from '../disks.ts';
import { eventually } from '../eventually.ts';
import { startIntruder } from '../intruder.ts';
import { sshArguments, sshExec } from '../keys.ts';
import { listeners, SILENCE, tryPorts, wlanAddress } from '../probe.ts';
import { HOME, HOME_NETWORK } from './boots.ts';

/** The network between host and guest of this boot's profile, by IPv6. */
export const LAN6 = { network: 'fd77:1:2:3::/64', guest: 'fd77:1:2:3::1', host: 'fd77:1:2:3::2' } as const;

/** The program behind all names of iptables. */
const FILTER = '/usr/sbin/xtables-nft-multi';

/**
 * One machine for much that needs a profile of its own: no reverse tunnel, IPv6 asked for. It starts where there is no
 * access point, and the packet filter's program fails until a check ends that.
 */
export const guarded: Boot = {
  name: 'guarded',
  prepare: async (tools) => {
    const state = join(tools.folder, 'state.img');
    await writeBlank(state, 64);
    const bundle = await buildBundle(tools, {
      flavor: 'extended',
      networks: [HOME_NETWORK],
      profile: {
        network: { host: '172.24.1.49/24', guest: '172.24.1.1', ipv6: LAN6.network },
        ssh: { reverse: false },
      },
    });
    return { ...bundle, state };
  },
  started: async (bench) => {
    // Long before the firewall: the guest has its files, and is about to load drivers.
    await eventually('drivers', 90, () => Promise.resolve(bench.agent.events.length > 0), 0.05);
    await bench.guestOk(`mount --bind /bin/busybox ${FILTER}`);
  },
};

check('no access point: up, reachable from the host, says why there is no Wi-Fi', guarded, async (bench) => {
  const { machine, host } = bench;
  const { at } = await machine.console.waitFor(/none of the known networks is in reach/, 180);
  bench.report(`said ${at.toFixed(1)} s after QEMU's start`);
  await machine.console.waitFor(/airhive login:/, 180);
  const logs = 'cat /var/lib/airhive/log/airhive.log /var/log/messages';
  await eventually('both logs saying it once', 5, async () => {
    return (await bench.guestOk(logs)).match(/none of the known networks is in reach/g)?.length === 2;
  });
  assert.equal((await host.exec('ping', ['-c', '1', '-W', '2', host.addresses.guest])).code, 0);
  const { admin } = await keysFor(bench);
  assert.equal((await sshExec(host, admin, 'root', 'cat /etc/hostname')).stdout, 'airhive\n');
});

check(
  'window: nothing gets in or through before the rules are loaded, nor while they are',
  guarded,
  async (bench) => {
    const { air, host, machine } = bench;
    await machine.console.waitFor(/the firewall rules cannot be loaded: not forwarding/, 10);
    await host.sh(`ip addr add ${LAN6.host}/64 dev bridge0 nodad`);
    const targets = [host.addresses.guest, host.addresses.host, LAN6.guest, LAN6.host];
    const intruder = await startIntruder(bench, ['172.24.1.0/24', LAN6.network], targets);
    await air.start({ ...HOME, ipv6: '2001:db8:1:1' });
    await machine.console.waitFor(/address 10\.77\.0\./, 180);
    const tries = await intruder.rounds();
    await eventually('more tries', 20, async () => (await intruder.rounds()) > tries + 5);
    const outwards = await host.exec('ping', ['-c', '1', '-W', '1', SERVER.address]);
    await bench.guestOk(`umount ${FILTER} && rc-service airhive-firewall start`);
    await forwarding(bench, 20);
    const loaded = await intruder.rounds();
    await eventually('a few more tries', 20, async () => (await intruder.rounds()) > loaded + 2);
    bench.report(`${await intruder.rounds()} tries of each way, ${tries} of them without an address`);
    assert.equal(await intruder.end(), '');
    assert.equal(outwards.code, 1, 'no way out without rules');
  },
  { limit: 400 },
);

check('tunnel: none unless the profile asks for it', guarded, async (bench) => {
  const { host } = bench;
  const { admin, tunnel } = await keysFor(bench);
  const reverse = (key: string, user: string): string[] => [
    ...[...sshArguments(key), '-o', 'ExitOnForwardFailure=yes', '-N', '-R', '2210:localhost:22'],
    `${user}@${host.addresses.guest}`,
  ];
  const refused = await host.exec('ssh', reverse(tunnel.path, 'tunnel'));
  assert.equal(refused.code, 255);
  assert.match(refused.stderr, /Permission denied \(publickey\)/);
  // Whoever may do everything may open a port, but the Wi-Fi side does not get at it.
  const own = host.start('ssh', reverse(admin.path, 'root'));
  await eventually("root's own port", 10, async () => (await listeners(bench, 'tcp')).includes(2210));
  assert.deepEqual(await tryPorts(bench, await wlanAddress(bench), [2210]), SILENCE);
  own.kill('SIGTERM');
});
