import assert from 'node:assert/strict';
import { join } from 'node:path';
import { SERVER } from '../air-config.ts';
import { buildBundle, forwarding } from '../bundle.ts';
import type { Choice } from '../bundle.ts';
import { check } from '../check.ts';
import type { Bench, Boot } from '../check.ts';
import { Client } from '../client.ts';
import { writeBlank } from '../disks.ts';
import { eventually } from '../eventually.ts';
import { padInitramfs } from '../padding.ts';
import { download } from '../path.ts';
import { wlanAddress } from '../probe.ts';
import { HOME, HOME_NETWORK } from './boots.ts';
import { mebibytes, usage } from './lean-figures.ts';
import { hasPackages } from './standard-iso.ts';

// A bundle that has everything, on the standard ISO: its first boot needs no network.

/** What only a guest says that has to fetch. */
const FETCHING = /being fetched|not here yet|fetched, checked|no packet filter|damaged/;
const ROUTER = '10.77.0.1';
/** A card whose firmware the ISO is not known to have. */
const NEWER_CARD = { passthrough: [{ pci: '4/0/0', id: '8086:2725' }] };
/** Greatest number first, as the driver asks for them; and both names of the last. */
const FIRMWARE = ['-89.ucode', '-86.ucode', '.pnvm'].map((end) => `iwlwifi-ty-a0-gf-a0${end}`);

export const COMPLETE: Choice = {
  flavor: 'standard',
  networks: [HOME_NETWORK],
  complete: true,
  profile: NEWER_CARD,
};

/** Machines of this boot whose network is gone for good. */
const withoutWifi = new Set<string>();

const complete: Boot = {
  name: 'complete bundle',
  prepare: async (tools) => {
    const state = join(tools.folder, 'state.img');
    await writeBlank(state, 64);
    return { ...(await buildBundle(tools, COMPLETE)), state };
  },
  started: async ({ air, folder }) => {
    if (withoutWifi.has(folder)) return;
    // A hotspot's router that leads nowhere, and whose DNS server answers nothing.
    await air.start({ ...HOME, dnsmasq: ['port=0'] });
    await air.ok(`ip addr del ${SERVER.address}/32 dev lo; ip addr del ${SERVER.address6}/128 dev lo`);
  },
};

async function isClosedNoMore(bench: Bench): Promise<void> {
  assert.equal(await hasPackages(bench), true);
  assert.equal(await bench.guestOk('cat /proc/sys/net/ipv4/ip_forward'), '1\n');
  const rules = await bench.guestOk('iptables-save');
  assert.match(rules, /-A POSTROUTING -s 172\.24\.1\.0\/24 -o wlan0 -j MASQUERADE/);
  const own = await bench.host.exec('dig', ['+short', '+tries=1', '+time=5', 'airhive']);
  assert.equal(own.stdout, `${bench.host.addresses.guest}\n`);
}

/** The rules are loaded before there is any Wi-Fi, and nothing was fetched. */
function bootedInOrder({ machine }: Bench): void {
  const { text } = machine.console;
  const at = (line: RegExp): number => {
    const found = text.search(line);
    assert.ok(found >= 0, String(line));
    return found;
  };
  assert.ok(
    at(/Installing the packages that the ISO lacks .*\[ ok \]/) < at(/Loading the firewall .*\[ ok \]/),
  );
  assert.ok(at(/Loading the firewall/) < at(/Starting airhive-wifi/));
  assert.doesNotMatch(text, FETCHING);
}

check(
  'complete: a gateway at the first boot, on a network without Internet',
  complete,
  async (bench) => {
    const { air, host, machine } = bench;
    await eventually('an answer of the router', 600, async () => {
      const { code } = await host.exec('ping', ['-c', '1', '-W', '1', ROUTER]);
      return code === 0;
    });
    bench.report(`host to the router ${machine.seconds().toFixed(1)} s after QEMU's start`);
    const address = await wlanAddress(bench);
    assert.match(address, /^10\.77\.0\./);
    assert.equal((await host.exec('curl', ['-s', `http://${ROUTER}/ip`])).stdout, `${address}\n`, 'NAT');
    await isClosedNoMore(bench);
    const client = await Client.plugIn(bench, 'jail0');
    client.ask();
    const lease = await eventually('a lease for a client', 60, () => client.lease());
    assert.equal(lease.router, host.addresses.guest);
    await machine.console.waitFor(/airhive login:/, 180);
    assert.match(await bench.guestOk('rc-status -a'), /^ *airhive-fetch +\[ +started/m);
    assert.equal(await bench.guestOk('ls /var/lib/airhive/packages'), 'vdisk\n');
    assert.doesNotMatch(await bench.guestOk('cat /etc/apk/world'), /></);
    assert.deepEqual(
      (await air.requests()).filter((line) => line.includes('alpine')),
      [],
    );
    bootedInOrder(bench);
    const { memory, root, total } = await usage(bench);
    bench.report(`${mebibytes(memory)} of ${mebibytes(total)} in use, ${mebibytes(root)} of it the root`);
  },
  { limit: 900 },
);

/** Asks the kernel for a file of firmware as a driver does; prints it. */
const ask = (name: string): string =>
  `modprobe test_firmware && printf %s ${name} >/sys/devices/virtual/misc/test_firmware/trigger_request && cat /dev/test_firmware`;

check('complete: firmware is found on the vdisk and in the modloop', complete, async (bench) => {
  assert.equal(await bench.guestOk('readlink /lib/firmware'), '/lib/modules/firmware\n');
  assert.equal(
    await bench.guestOk('cat /sys/module/firmware_class/parameters/path'),
    '/media/vda/firmware\n',
  );
  const known = await bench.guestOk('sha256sum </lib/firmware/regulatory.db');
  assert.equal(await bench.guestOk(`(${ask('regulatory.db')}) | sha256sum`), known);
  await bench.guestOk('mount -t tmpfs tmpfs /lib/firmware');
  for (const name of FIRMWARE)
    for (const path of [name, `intel/iwlwifi/${name}`])
      assert.equal(await bench.guestOk(ask(path)), `${name}\n`, path);
  assert.notEqual((await bench.guest(ask('regulatory.db'))).code, 0, 'only there');
  await bench.guestOk('umount /lib/firmware');
});

check(
  'complete: and with everything of the network gone',
  complete,
  async (bench) => {
    await bench.air.points.get('ap0')?.off();
    await isClosedNoMore(bench);
    withoutWifi.add(bench.folder);
    await bench.restart();
    await bench.machine.console.waitFor(/airhive login:/, 600);
    await isClosedNoMore(bench);
    bootedInOrder(bench);
    const { stdout } = await bench.host.exec('dig', ['+tries=1', '+time=5', SERVER.name]);
    assert.match(stdout, /status: (REFUSED|SERVFAIL)/, 'it answers, without a server to ask');
  },
  { limit: 900 },
);

const floor: Boot = {
  name: 'complete bundle at the memory floor',
  prepare: async (tools) => {
    const state = join(tools.folder, 'state.img');
    const initramfs = join(tools.folder, 'initramfs');
    await writeBlank(state, 64);
    await padInitramfs(tools.base.media.debian, initramfs);
    const bundle = await buildBundle(tools, COMPLETE);
    return { ...bundle, state, memory: 256, initramfs };
  },
  started: ({ air }) => air.start(HOME),
};

check(
  'floor: a complete bundle is a gateway at its first boot with 256M',
  floor,
  async (bench) => {
    await forwarding(bench, 600);
    bench.report(`host to far side ${bench.machine.seconds().toFixed(1)} s after QEMU's start`);
    await download(bench, 40_000_000, 120);
    await bench.machine.console.waitFor(/airhive login:/, 180);
    bootedInOrder(bench);
    assert.deepEqual(
      (await bench.air.requests()).filter((line) => line.includes('alpine')),
      [],
    );
    assert.doesNotMatch(await bench.guestOk('dmesg'), /[Oo]ut of memory|oom-kill/);
    const { memory, root, total } = await usage(bench);
    bench.report(`${mebibytes(memory)} of ${mebibytes(total)} in use, ${mebibytes(root)} of it the root`);
  },
  { limit: 1000 },
);
