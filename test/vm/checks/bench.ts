import assert from 'node:assert/strict';
import { join } from 'node:path';
import { readFile } from 'node:fs/promises';
import { SERVER } from '../air-config.ts';
import type { ApSpec } from '../air-config.ts';
import { check } from '../check.ts';
import type { Bench, Boot } from '../check.ts';
import { writeFatImage } from '../disks.ts';
import { eventually } from '../eventually.ts';
import { makeKeyPair, sshExec } from '../keys.ts';
import type { KeyPair } from '../keys.ts';
import { download } from '../path.ts';
import { addRunlevels, bareTree, packOverlay, STOCK_RUNLEVELS } from '../overlay.ts';
import { Tree } from '../base/tree.ts';
import { MIRROR_FOLDER } from '../base/base.ts';
import { readIso, WrongIso } from '../base/iso.ts';
import { writeIso } from '../base/media.ts';

// The bench proves itself with the bare gateway: what fails here is the bench's own fault, not the guest's.

const HOME: ApSpec = { ssid: 'bench', security: { kind: 'psk', passphrase: 'correct horse' } };
const keys = new Map<string, KeyPair>();

const bare: Boot = {
  name: 'bare gateway',
  prepare: async ({ folder, root }) => {
    const [hostKey, admin] = [await makeKeyPair(folder, 'host_key'), await makeKeyPair(folder, 'admin')];
    keys.set(folder, admin);
    const conf = 'network={\n  ssid="bench"\n  psk="correct horse"\n}\n';
    const tree = await bareTree(root, conf, { hostKey: hostKey.private, adminKey: `${admin.public}\n` });
    const overlay = join(folder, 'bare.apkovl.tar.gz');
    await packOverlay(tree, join(folder, 'overlay'), overlay);
    const disk0 = join(folder, 'disk0.img');
    await writeFatImage(disk0, 'AIRHIVE', 8, { 'bare.apkovl.tar.gz': await readFile(overlay) });
    return { disk0, flavor: 'extended', memory: 384 };
  },
  started: ({ air }) => air.start(HOME),
};

const adminKey = ({ folder }: Bench): KeyPair => {
  const key = keys.get(folder);
  assert.ok(key, 'prepared');
  return key;
};

/** Everything that an overlay can do wrong, in one. */
const careless: Boot = {
  name: 'careless overlay',
  prepare: async ({ folder }) => {
    const tree = new Tree();
    tree.file('etc/hostname', 'careless\n').file('etc/apk/world', 'iw\nno-such-package\niptables\n');
    tree.file('usr/sbin/iw', 'mine\n', 0o755).file('etc/profile', 'mine\n');
    tree.file('etc/init.d/lonely', '#!/sbin/openrc-run\nstart() { touch /run/lonely; }\n', 0o755);
    addRunlevels(tree, { sysinit: 'devfs mdev', boot: 'hostname', shutdown: STOCK_RUNLEVELS.shutdown });
    await packOverlay(tree, join(folder, 'overlay'), join(folder, 'careless.tar.gz'), true);
    const disk0 = join(folder, 'disk0.img');
    const files = { 'careless.apkovl.tar.gz': await readFile(join(folder, 'careless.tar.gz')) };
    await writeFatImage(disk0, 'AIRHIVE', 8, files);
    return { disk0 };
  },
};

/** What readIso() says of a medium with these files. */
async function saidOf(folder: string, name: string, files: readonly string[]): Promise<string> {
  const tree = new Tree();
  for (const path of files) tree.file(path, 'x\n');
  const file = join(folder, `${name}.iso`);
  await writeIso(tree, join(folder, 'stage'), file, 'TRIAL');
  return readIso(file).then(
    (contents) => JSON.stringify(contents),
    (error: unknown) => {
      assert.ok(error instanceof WrongIso, String(error));
      return error.message.replace(`--iso ${file}: `, '');
    },
  );
}

check('bench: an ISO that cannot be booted is refused with the reason', careless, async ({ folder }) => {
  const boot = ['boot/vmlinuz-lts', 'boot/initramfs-lts', 'boot/modloop-lts'];
  const stock = ['.alpine-release', 'apks/x86_64/APKINDEX.tar.gz', ...boot];
  assert.equal(await saidOf(folder, 'stock', stock), '{"kernel":"lts","hasFirewall":false}');
  const more = [...stock, 'apks/x86_64/iptables-1.8.11-r1.apk'];
  assert.equal(await saidOf(folder, 'more', more), '{"kernel":"lts","hasFirewall":true}');
  assert.match(await saidOf(folder, 'other', boot), /^this is no medium of Alpine/);
  const arm = ['.alpine-release', 'apks/aarch64/APKINDEX.tar.gz', ...boot];
  assert.equal(await saidOf(folder, 'arm', arm), 'this is for aarch64, and the guest is x86_64');
  const half = stock.filter((path) => path !== 'boot/modloop-lts');
  assert.equal(await saidOf(folder, 'half', half), 'it has boot/vmlinuz-lts and no boot/modloop-lts');
  const text = join(folder, 'disk0.img');
  await assert.rejects(readIso(text), /this is no ISO 9660 image/);
  await assert.rejects(readIso(join(folder, 'missing')), /there is no such file/);
});

check('alpine: what it does with a careless overlay', careless, async (bench) => {
  await bench.machine.console.waitFor(/careless login:/, 180);
  // A leading ./ does not protect a file outside etc.
  assert.equal(await bench.guestOk('cat /etc/profile'), 'mine\n');
  assert.notEqual(await bench.guestOk('head -c 5 /usr/sbin/iw'), 'mine\n');
  // Nothing is started that no link names, so there are no drivers; what the ISO lacks is left out in silence.
  assert.notEqual((await bench.guest('test -e /run/lonely')).code, 0);
  assert.notEqual((await bench.guest('test -e /lib/modules')).code, 0);
  assert.notEqual((await bench.guest('apk info -e iptables')).code, 0);
  assert.equal((await bench.guest('apk info -e iw')).code, 0);
  // Whatever the runlevels say, init links the clock.
  assert.equal((await bench.guest('test -h /etc/runlevels/boot/hwclock')).code, 0);
  // An overlay without etc/fstab gets that of alpine-baselayout, and init moves the medium to where it says.
  assert.equal(await bench.guestOk('ls -d /media/*/apks'), '/media/cdrom/apks\n');
});

check('bench: login prompt on ttyS0', bare, async (bench) => {
  const { console } = bench.machine;
  const { at } = await console.waitFor(/bare login:/, 180);
  bench.report(`login prompt ${at.toFixed(1)} s after QEMU's start`);
  const from = console.position;
  console.type('root\n');
  await console.waitFor(/# /, 20, from);
  console.type('echo o""k; exit\n');
  await console.waitFor(/\nok/, 20, from);
});

check('bench: associated, leased, named', bare, async (bench) => {
  const point = bench.air.points.get('ap0');
  await eventually('a station', 120, async () => (await point?.stations())?.length === 1);
  await eventually('a lease', 120, async () =>
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

check('bench: the vdisk refuses writes and does not say so, as under bhyve', bare, async (bench) => {
  assert.equal(await bench.guestOk('cat /sys/block/vda/ro'), '0\n');
  const before = await bench.guestOk('sha256sum /dev/vda');
  const written = await bench.guest('dd if=/dev/zero of=/dev/vda bs=4096 count=1 seek=1 conv=notrunc,fsync');
  assert.match(written.stderr, /I\/O error/);
  await bench.guestOk('echo 1 >/proc/sys/vm/drop_caches');
  assert.equal(await bench.guestOk('sha256sum /dev/vda'), before);
});

check('bench: ping, page, download and source address through NAT', bare, async (bench) => {
  const { host } = bench;
  const ping = await eventually('a ping', 120, async () => {
    const result = await host.exec('ping', ['-c', '1', '-W', '1', SERVER.address]);
    return result.code === 0 && result;
  });
  assert.match(ping.stdout, /1 received/);
  const lease = /inet (\S+)\//.exec(await bench.guestOk('ip -4 addr show wlan0'))?.[1];
  assert.equal((await host.exec('curl', ['-s', `http://${SERVER.address}/ip`])).stdout, `${String(lease)}\n`);
  await download(bench, 5_000_000);
});

check('bench: apk fetches from the mirror and refuses what is spoilt', bare, async (bench) => {
  const folder = '/tmp/pool';
  const apk = (words: string): ReturnType<Bench['guest']> =>
    bench.guest(`apk --repositories-file /tmp/mirror --cache-dir ${folder} ${words}`, { timeout: 60 });
  await bench.guestOk(
    `mkdir -p ${folder} /tmp/new; echo http://${SERVER.mirror}/${MIRROR_FOLDER} >/tmp/mirror`,
  );
  await bench.guestOk(
    `grep -q ${SERVER.address} /etc/hosts || echo ${SERVER.address} ${SERVER.mirror} >>/etc/hosts`,
  );
  await bench.air.faults([{ prefix: '/alpine', kind: 'garbage' }]);
  assert.notEqual((await apk('update')).code, 0, 'a garbled index');
  await bench.air.faults([]);
  assert.equal((await apk('update')).code, 0);
  await bench.air.faults([{ prefix: `/${MIRROR_FOLDER}/x86_64/dnsmasq`, kind: 'garbage' }]);
  assert.notEqual((await apk('fetch --recursive --output /tmp/new dnsmasq')).code, 0, 'a garbled package');
  await bench.air.faults([]);
  const fetched = await apk('fetch --recursive --output /tmp/new dnsmasq');
  assert.equal(fetched.code, 0, fetched.stderr);
  assert.equal((await apk('verify /tmp/new/*.apk')).code, 0);
  await bench.guestOk('cp /tmp/new/dnsmasq-*.apk /tmp/bad.apk; echo x >>/tmp/bad.apk');
  assert.notEqual((await apk('verify /tmp/bad.apk')).code, 0, 'one byte more');
  assert.notEqual((await bench.guest('apk info -e dnsmasq')).code, 0);
  const added = await apk('add dnsmasq');
  assert.equal(added.code, 0, added.stderr);
  assert.match(
    await bench.guestOk('apk info -e dnsmasq; dnsmasq --version; id dnsmasq'),
    /dnsmasq\nDnsmasq version/,
  );
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
  await bench.guestOk(
    `mkdir -p /etc/acpi/PWRF; printf '#!/bin/sh\\npoweroff\\n' >/etc/acpi/PWRF/00000080
    chmod 755 /etc/acpi/PWRF/00000080; rc-service acpid start`,
  );
  bench.report(`off after ${(await bench.machine.powerOff(120)).toFixed(1)} s`);
  assert.equal(bench.machine.qmp.shutdownReason, 'guest-shutdown');
});
