import assert from 'node:assert/strict';
import { join } from 'node:path';
import { readFile } from 'node:fs/promises';
import { bigDigest, SERVER } from '../air.ts';
import type { ApSpec } from '../air.ts';
import { check } from '../check.ts';
import type { Bench, Boot } from '../check.ts';
import { writeFatImage } from '../disks.ts';
import { eventually } from '../eventually.ts';
import { makeKeyPair, sshExec } from '../keys.ts';
import type { KeyPair } from '../keys.ts';
import { bareTree, packOverlay } from '../overlay.ts';

// The bench proves itself with the bare gateway: what fails here is the bench's own fault, not the guest's.

const HOME: ApSpec = { ssid: 'bench', security: { kind: 'psk', passphrase: 'correct horse' } };
const keys = new Map<string, KeyPair>();

const bare: Boot = {
  name: 'bare gateway',
  prepare: async ({ base, folder, root }) => {
    const [hostKey, admin] = [await makeKeyPair(folder, 'host_key'), await makeKeyPair(folder, 'admin')];
    keys.set(folder, admin);
    const conf = 'network={\n  ssid="bench"\n  psk="correct horse"\n}\n';
    const tree = await bareTree(root, conf, { hostKey: hostKey.private, adminKey: `${admin.public}\n` });
    const overlay = join(folder, 'bare.apkovl.tar.gz');
    await packOverlay(tree, join(folder, 'overlay'), overlay);
    const disk0 = join(folder, 'disk0.img');
    await writeFatImage(disk0, 'AIRHIVE', 8, { 'bare.apkovl.tar.gz': await readFile(overlay) });
    return { disk0, iso: base.iso.extended, memory: 384 };
  },
  started: ({ air }) => air.start(HOME),
};

const adminKey = ({ folder }: Bench): KeyPair => {
  const key = keys.get(folder);
  assert.ok(key, 'prepared');
  return key;
};

check('bench: login prompt on ttyS0', bare, async (bench) => {
  const { at } = await bench.machine.console.waitFor(/bare login:/, 90);
  bench.report(`login prompt ${at.toFixed(1)} s after QEMU's start`);
  bench.machine.console.type('root\n');
  await bench.machine.console.waitFor(/# /, 20);
  bench.machine.console.type('echo o""k; exit\n');
  await bench.machine.console.waitFor(/\nok/, 20);
});

check('bench: associated, leased, named', bare, async (bench) => {
  const point = bench.air.points.get('ap0');
  await eventually('a station', 30, async () => (await point?.stations())?.length === 1);
  await eventually('a lease', 30, async () =>
    /10\.77\.0\.1\d\d/.test(await bench.guestOk('ip -4 addr show wlan0')),
  );
  assert.match(await bench.guestOk('rc-status -a; hostname'), /bare\n$/);
});

check('bench: ssh from the host with a key, and not without', bare, async (bench) => {
  const good = await sshExec(bench.host, adminKey(bench), 'root', 'cat /etc/hostname');
  assert.deepEqual([good.code, good.stdout], [0, 'bare\n'], good.stderr);
  const other = await makeKeyPair(bench.folder, 'other');
  assert.equal((await sshExec(bench.host, other, 'root', 'true')).code, 255);
});

check('bench: ping, page, download and source address through NAT', bare, async (bench) => {
  const { host } = bench;
  const ping = await eventually('a ping', 30, async () => {
    const result = await host.exec('ping', ['-c', '1', '-W', '1', SERVER.address]);
    return result.code === 0 && result;
  });
  assert.match(ping.stdout, /1 received/);
  const lease = /inet (\S+)\//.exec(await bench.guestOk('ip -4 addr show wlan0'))?.[1];
  assert.equal((await host.exec('curl', ['-s', `http://${SERVER.address}/ip`])).stdout, `${String(lease)}\n`);
  const size = 5_000_000;
  const sum = await host.sh(`curl -s http://${SERVER.address}/big/${size} | sha256sum`);
  assert.equal(sum.stdout.split(' ')[0], bigDigest(size));
});

check('bench: access point off and on', bare, async (bench) => {
  const point = bench.air.points.get('ap0');
  assert.ok(point);
  await point.off();
  assert.notEqual((await bench.host.exec('ping', ['-c', '1', '-W', '1', SERVER.address])).code, 0);
  await point.change({ channel: 6 });
  await eventually(
    'a ping again',
    40,
    async () => (await bench.host.exec('ping', ['-c', '1', '-W', '1', SERVER.address])).code === 0,
  );
});

check('bench: card pulled out and plugged in', bare, async (bench) => {
  await bench.air.card('del');
  assert.notEqual((await bench.guest('test -e /sys/class/net/wlan0')).code, 0);
  await bench.air.card('add');
  await eventually('wlan0', 5, async () => (await bench.guest('test -e /sys/class/net/wlan0')).code === 0);
});

check('bench: power button', bare, async (bench) => {
  const answer = await bench.guest(
    'busybox acpid -c /etc/acpi 2>&1; mkdir -p /etc/acpi/PWRF; printf "#!/bin/sh\\npoweroff\\n" >/etc/acpi/PWRF/00000080; chmod 755 /etc/acpi/PWRF/00000080',
  );
  assert.equal(answer.code, 0, answer.stdout);
  bench.report(`off after ${(await bench.machine.powerOff(30)).toFixed(1)} s`);
  assert.equal(bench.machine.qmp.shutdownReason, 'guest-shutdown');
});
