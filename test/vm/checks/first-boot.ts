import assert from 'node:assert/strict';
import { SERVER } from '../air-config.ts';
import { forwarding } from '../bundle.ts';
import { makeChance } from '../chance.ts';
import { check } from '../check.ts';
import type { Bench } from '../check.ts';
import { checkFileSystem, isMarked, writtenBytes } from '../disks.ts';
import { eventually } from '../eventually.ts';
import { tryPorts, wlanAddress } from '../probe.ts';
import {
  firstBoot,
  hasPackages,
  IDENTITY,
  restartInto,
  showsSiteHostKey,
  stateDisk,
} from './standard-iso.ts';

// From an empty disk to a gateway.

/** What mkfs writes on a disk of 64 MiB, about. */
const WRITTEN_BY_MKFS = 4_300_000;

/** Cuts the power when mkfs has written a share of what it will; the disk is slow meanwhile. */
async function cutMkfs(bench: Bench, share: number): Promise<void> {
  const file = stateDisk(bench);
  const before = await writtenBytes(file);
  await eventually('mkfs under way', 180, () => isMarked(file), 0.002);
  if (share > 0) {
    const limits = { bps: 0, bps_rd: 0, bps_wr: 2_000_000, iops: 0, iops_rd: 0, iops_wr: 0 };
    await bench.machine.qmp.execute('block_set_io_throttle', { device: 'state', ...limits });
    const wanted = before + share * WRITTEN_BY_MKFS;
    await eventually('mkfs half way', 120, async () => (await writtenBytes(file)) > wanted, 0.002);
  }
  await bench.machine.cut();
  assert.equal(await isMarked(file), true, 'cut while mkfs was at work');
}

check(
  'state: an empty disk, and the power is cut while mkfs is at work',
  firstBoot,
  async (bench) => {
    const chance = makeChance();
    const share = 0.05 + 0.9 * chance.next();
    await cutMkfs(bench, 0);
    // What mkfs writes is told by the holes that it fills, so this comes once, and last.
    await restartInto(bench, 'silence');
    await cutMkfs(bench, share);
    const { whole } = await checkFileSystem(bench.base.alpine, stateDisk(bench));
    bench.report(
      `cut with the marker just there, then with ${Math.round(share * 100)} % written ` +
        `(to e2fsck ${whole ? 'whole' : 'broken'}); ${chance.replay}`,
    );
    await restartInto(bench, 'stalled mirror');
    await bench.machine.console.waitFor(/Mounting the state disk .*\[ ok \]/, 180);
    assert.doesNotMatch(bench.machine.console.text, /state disk.*(left alone|cannot|no state disk)/);
    assert.match(await bench.guestOk('grep /var/lib/airhive /proc/mounts'), / ext4 rw/);
    assert.equal(await isMarked(stateDisk(bench)), false, 'the marker is gone');
    assert.match(await bench.guestOk(IDENTITY), /\S{36}/);
    assert.equal(await bench.guestOk('stat -c %a /var/lib/airhive/wifi /var/lib/airhive/ssh'), '700\n700\n');
  },
  { limit: 600 },
);

check('first boot: says what is missing and stays closed', firstBoot, async (bench) => {
  const { console } = bench.machine;
  await console.waitFor(/no packet filter yet \(iptables is not on the ISO\): not forwarding/, 180);
  await console.waitFor(/airhive login:/, 180);
  await console.waitFor(/address 10\.77\.0\./, 180);
  await console.waitFor(/dnsmasq iptables: being fetched from http/, 60);
  assert.equal(await hasPackages(bench), false);
  assert.equal(await bench.guestOk('cat /proc/sys/net/ipv4/ip_forward'), '0\n');
  assert.notEqual((await bench.host.exec('ping', ['-c', '1', '-W', '2', SERVER.address])).code, 0);
  // The host can look what is going on.
  assert.equal((await bench.host.exec('ping', ['-c', '1', '-W', '2', bench.host.addresses.guest])).code, 0);
  await showsSiteHostKey(bench);
});

check('first boot: closed to the Wi-Fi side without a packet filter', firstBoot, async (bench) => {
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
  'first boot: a mirror that falls silent, sends rubbish, is down',
  firstBoot,
  async (bench) => {
    const { air, machine } = bench;
    const tries = async (): Promise<number> =>
      (await air.requests()).filter((line) => line.includes('APKINDEX')).length;
    assert.ok((await tries()) > 0, 'it waits for an answer');
    for (const kind of ['garbage', 'refuse', 'status'] as const) {
      await air.faults([{ prefix: '/alpine', kind, argument: 503 }]);
      const before = await tries();
      // The first two come by themselves, the third would be a while in coming.
      if (kind === 'status') await bench.guestOk('rc-service --quiet airhive-fetch restart');
      await eventually(`another try (${kind})`, 90, async () => (await tries()) > before);
    }
    await machine.console.waitFor(/dnsmasq iptables: not here yet \(http.*; trying again/, 1);
    assert.equal(await hasPackages(bench), false);
    assert.match(await bench.guestOk('ls -A /var/lib/airhive/packages'), /^(new\n)?$/);
  },
  { limit: 400 },
);

check(
  'first boot: fetched from a slow mirror, kept, a gateway',
  firstBoot,
  async (bench) => {
    const { air, machine } = bench;
    await air.faults([{ prefix: '/alpine/v3.24/main/x86_64/dnsmasq', kind: 'slow', argument: 250_000 }]);
    const begin = machine.seconds();
    await bench.guestOk('rc-service --quiet airhive-fetch restart');
    const { at } = await machine.console.waitFor(
      /fetched, checked and kept; the guest is a gateway now/,
      150,
    );
    bench.report(`fetched in ${(at - begin).toFixed(1)} s`);
    await forwarding(bench, 20);
    await named(bench);
    assert.equal(await hasPackages(bench), true);
    assert.match(await bench.guestOk('ls /var/lib/airhive/packages'), /^current\n$/);
  },
  { limit: 400 },
);

async function named({ host }: Bench): Promise<void> {
  const answer = await eventually('a name', 15, async () => {
    const { code, stdout } = await host.exec('dig', ['+short', '+tries=1', '+time=2', SERVER.name]);
    return code === 0 && stdout;
  });
  assert.equal(answer, `${SERVER.address}\n`);
}
