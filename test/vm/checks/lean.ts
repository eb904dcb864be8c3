import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SERVER } from '../air-config.ts';
import { buildBundle, forwarding } from '../bundle.ts';
import { check } from '../check.ts';
import type { Bench, Boot, BootSpec, BootTools } from '../check.ts';
import { writeFatImage, writeStateDisk } from '../disks.ts';
import { makeKeyPair } from '../keys.ts';
import { bareTree, packOverlay } from '../overlay.ts';
import { padInitramfs } from '../padding.ts';
import { download } from '../path.ts';
import { wlanAddress } from '../probe.ts';
import { HOME, HOME_NETWORK } from './boots.ts';
import { firstPacket, median, mebibytes, throughput, usage } from './lean-figures.ts';
import type { Figures } from './lean-figures.ts';
import { POWER_OFF_LIMIT } from './power.ts';

// What the guest costs, beside a hand-written script that does only what cannot be left out (test/vm/bare).

interface Run {
  /** How the bare gateway is started. */
  readonly bare: Partial<BootSpec>;
  guest?: Figures;
}

const runs = new Map<string, Run>();

const runOf = ({ folder }: Bench): Run => {
  const run = runs.get(folder);
  assert.ok(run, 'prepared');
  return run;
};

/** The bare gateway's disk, with the same network. */
async function makeBareDisk({ folder, root }: BootTools): Promise<string> {
  const [hostKey, admin] = [await makeKeyPair(folder, 'bare_host'), await makeKeyPair(folder, 'bare_admin')];
  const conf = `network={\n  ssid="${HOME_NETWORK.ssid}"\n  psk="${HOME_NETWORK.passphrase}"\n}\n`;
  const tree = await bareTree(root, conf, { hostKey: hostKey.private, adminKey: `${admin.public}\n` });
  const overlay = join(folder, 'bare.apkovl.tar.gz');
  await packOverlay(tree, join(folder, 'bare'), overlay);
  const disk = join(folder, 'bare.img');
  await writeFatImage(disk, 'AIRHIVE', 8, { 'bare.apkovl.tar.gz': await readFile(overlay) });
  return disk;
}

async function makeGuest(tools: BootTools): Promise<BootSpec> {
  // An ordinary start: the state disk was formatted at the first one.
  const state = join(tools.folder, 'state.img');
  await writeStateDisk(tools.base.alpine, state, 64);
  return { ...(await buildBundle(tools, { flavor: 'extended', networks: [HOME_NETWORK] })), state };
}

const lean: Boot = {
  name: 'lean',
  prepare: async (tools) => {
    const guest = await makeGuest(tools);
    const bare = { disk0: await makeBareDisk(tools), site: undefined, state: undefined };
    runs.set(tools.folder, { bare });
    return { ...guest, clock: 'instructions' };
  },
  started: ({ air }) => air.start(HOME),
};

async function measure(bench: Bench, which: string): Promise<Figures> {
  const seconds = await firstPacket(bench, 180);
  await bench.machine.console.waitFor(/login:/, 180);
  const found = { seconds, ...(await usage(bench)) };
  bench.report(
    `${which}: first packet forwarded ${seconds.toFixed(1)} s after the kernel's start; ` +
      `${mebibytes(found.memory)} in use, ${mebibytes(found.root)} of it the root; ` +
      `${found.processes} processes with ${mebibytes(found.programs)}`,
  );
  return found;
}

check('lean: the guest', lean, async (bench) => {
  runOf(bench).guest = await measure(bench, 'guest');
});

check('lean: power button', lean, async (bench) => {
  const { machine } = bench;
  const pressed = Number(await bench.guestOk("cut -d ' ' -f 1 /proc/uptime"));
  await machine.powerOff(120);
  const ended = /\[ *(\d+\.\d+)\] reboot: Power down/.exec(machine.console.text)?.[1];
  const seconds = Number(ended) - pressed;
  bench.report(`off after ${seconds.toFixed(1)} s`);
  assert.ok(seconds < POWER_OFF_LIMIT, `${seconds} s`);
});

check('lean: the bare gateway', lean, async (bench) => {
  const { bare: start, guest } = runOf(bench);
  await bench.restart(start);
  const bare = await measure(bench, 'bare');
  assert.ok(guest, 'the guest was measured');
  const ratio = (name: keyof Figures): string => (guest[name] / bare[name]).toFixed(2);
  bench.report(
    `guest / bare: first packet ${ratio('seconds')}, memory ${ratio('memory')}, processes ${ratio('processes')}`,
  );
});

const floor: Boot = {
  name: 'memory floor',
  prepare: async (tools) => {
    const initramfs = join(tools.folder, 'initramfs');
    await padInitramfs(tools.base.media.debian, initramfs);
    return { ...(await makeGuest(tools)), memory: 256, initramfs };
  },
  started: ({ air }) => air.start(HOME),
};

check(
  'floor: a gateway with 256M',
  floor,
  async (bench) => {
    await forwarding(bench, 180);
    await download(bench, 40_000_000, 80);
    await bench.machine.console.waitFor(/airhive login:/, 180);
    assert.doesNotMatch(await bench.guestOk('dmesg'), /[Oo]ut of memory|oom-kill/);
    const { memory, root, total } = await usage(bench);
    bench.report(`${mebibytes(memory)} of ${mebibytes(total)} in use, ${mebibytes(root)} of it the root`);
  },
  { limit: 400 },
);

/** Source address that the far side sees. */
const seenFrom = async ({ host }: Bench): Promise<string> =>
  (await host.exec('curl', ['-s', `http://${SERVER.address}/ip`])).stdout.trim();

check('floor: NAT beside plain routing', floor, async (bench) => {
  const { host, air } = bench;
  const address = await wlanAddress(bench);
  await air.ok(`ip route replace 172.24.1.0/24 via ${address}`);
  const found = {
    nat: { up: [] as number[], down: [] as number[] },
    plain: { up: [] as number[], down: [] as number[] },
  };
  const run = async (kind: keyof typeof found, from: string): Promise<void> => {
    assert.equal(await seenFrom(bench), from, kind);
    for (const direction of ['up', 'down'] as const)
      found[kind][direction].push(await throughput(bench, direction));
  };
  for (let turn = 0; turn < 5; turn++) {
    await run('nat', address);
    await bench.guestOk(`for table in mangle nat filter; do iptables -t $table -F; done
      iptables -P INPUT ACCEPT; iptables -P FORWARD ACCEPT`);
    await run('plain', host.addresses.host);
    await bench.guestOk('rc-service airhive-firewall reload');
  }
  assert.equal(await seenFrom(bench), address);
  await air.ok('ip route del 172.24.1.0/24');
  for (const direction of ['up', 'down'] as const) {
    const [nat, plain] = [median(found.nat[direction]), median(found.plain[direction])];
    const share = ((nat / plain) * 100).toFixed(0);
    bench.report(
      `${direction}: NAT ${nat.toFixed(0)} Mbit in a second of the processor, plain routing ${plain.toFixed(0)}: ${share} %`,
    );
  }
});
