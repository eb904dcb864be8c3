import assert from 'node:assert/strict';
import { join } from 'node:path';
import { buildBundle } from '../bundle.ts';
import type { Choice } from '../bundle.ts';
import { check } from '../check.ts';
import type { Bench, Boot, BootTools } from '../check.ts';
import { checkFileSystem, writeBlank } from '../disks.ts';
import { eventually } from '../eventually.ts';
import { HOME_NETWORK } from './boots.ts';
import { COMPLETE } from './complete.ts';
import { IDENTITY } from './standard-iso.ts';

// Alpine's own kernel and init, of which not a line is changed: no card, no agent, so everything is asked over the bundle's own
// sshd, and seen on the console.

const spec = async (tools: BootTools, flavor: 'standard' | 'extended', more: Partial<Choice> = {}) => {
  const state = join(tools.folder, 'state.img');
  await writeBlank(state, 64);
  const bundle = await buildBundle(tools, { flavor, networks: [HOME_NETWORK], ...more });
  return { ...bundle, state, kernel: 'alpine' as const };
};

const extended: Boot = {
  name: 'Alpine kernel',
  wants: 'extended',
  prepare: (tools) => spec(tools, 'extended'),
};
const standard: Boot = {
  name: 'Alpine kernel, standard ISO',
  wants: 'standard',
  prepare: (tools) => spec(tools, 'standard'),
};

const complete: Boot = {
  name: 'Alpine kernel, complete bundle',
  prepare: (tools) => spec(tools, 'standard', COMPLETE),
};

/** What no boot of the guest says. */
const WRONG = /ERROR|not found|[Nn]o such file|syntax|\[ !! \]/;

/** Waits until the guest is up: its last service is started, and root may log in over ssh. */
async function isUp(bench: Bench): Promise<void> {
  const { at } = await bench.machine.console.waitFor(/airhive login:/, 400);
  bench.report(`login prompt ${at.toFixed(1)} s after QEMU's start`);
  // Its supervisor counts as started before it listens.
  await eventually('sshd', 60, async () => (await bench.guest('true')).code === 0);
}

check(
  'Alpine kernel: boots in order, with nothing of the guest changed',
  extended,
  async (bench) => {
    await isUp(bench);
    const { console } = bench.machine;
    assert.equal(await bench.guestOk('uname -r'), `${bench.base.media.alpine.version}\n`);
    assert.match(console.text, /Verifying modloop/);
    assert.match(console.text, /Mounting the state disk .*\[ ok \]/);
    assert.doesNotMatch(console.text, WRONG);
    const status = await bench.guestOk('rc-status -a');
    for (const name of [
      'airhive-state',
      'airhive-site',
      'airhive-firewall',
      'airhive-dns',
      'sshd',
      'acpid',
      'networking',
    ])
      assert.match(status, new RegExp(`^ *${name} +\\[ +started`, 'm'));
    assert.doesNotMatch(status, /crashed|failed/);
  },
  { limit: 600 },
);

check('Alpine kernel: firewall rules are loaded, and then it forwards', extended, async (bench) => {
  const rules = await bench.guestOk('iptables-save');
  assert.match(rules, /-A POSTROUTING -s 172\.24\.1\.0\/24 -o wlan0 -j MASQUERADE/);
  assert.match(rules, /^:(INPUT|FORWARD) DROP/m);
  assert.equal(await bench.guestOk('cat /proc/sys/net/ipv4/ip_forward'), '1\n');
});

check('Alpine kernel: without a card it says so', extended, async (bench) => {
  await bench.machine.console.waitFor(/no card: there is no Wi-Fi card/, 180);
  assert.equal((await bench.guest('test -e /sys/class/net/wlan0')).code, 1);
});

check(
  'Alpine kernel: the state disk is formatted once, and whole after power-off',
  extended,
  async (bench) => {
    const { machine } = bench;
    assert.match(await bench.guestOk('grep /var/lib/airhive /proc/mounts'), / ext4 rw/);
    const identity = await bench.guestOk(IDENTITY);
    assert.match(identity, /\S{36}/);
    const from = machine.console.position;
    bench.report(`off after ${(await machine.powerOff(120)).toFixed(1)} s`);
    assert.equal(machine.qmp.shutdownReason, 'guest-shutdown');
    assert.doesNotMatch(machine.console.text.slice(from), /ERROR|\[ !! \]|[Ff]ailed|is busy/);
    const { whole, said } = await checkFileSystem(bench.base.alpine, bench.spec.state ?? '');
    assert.ok(whole, said);
    await bench.restart();
    await isUp(bench);
    assert.equal(await bench.guestOk(IDENTITY), identity);
    assert.doesNotMatch(bench.machine.console.text, WRONG);
  },
  { limit: 800 },
);

check(
  'Alpine kernel: a standard ISO boots, stays closed and says what is missing',
  standard,
  async (bench) => {
    await isUp(bench);
    assert.match(
      bench.machine.console.text,
      /no packet filter yet \(iptables is not on the ISO\): not forwarding/,
    );
    assert.equal(await bench.guestOk('cat /proc/sys/net/ipv4/ip_forward'), '0\n');
    assert.equal((await bench.guest('apk info -e -q iptables')).code, 1);
  },
  { limit: 600 },
);

check(
  'Alpine kernel: a complete bundle on a standard ISO forwards, and its firmware is looked for',
  complete,
  async (bench) => {
    await isUp(bench);
    const { text } = bench.machine.console;
    assert.doesNotMatch(text, WRONG);
    assert.doesNotMatch(text, /no packet filter|being fetched|firmware/);
    assert.match(
      await bench.guestOk('iptables-save'),
      /-A POSTROUTING -s 172\.24\.1\.0\/24 -o wlan0 -j MASQUERADE/,
    );
    assert.equal(await bench.guestOk('cat /proc/sys/net/ipv4/ip_forward'), '1\n');
    // A module in this kernel, which nothing else has loaded.
    assert.match(await bench.guestOk('lsmod'), /^firmware_class /m);
    assert.equal(
      await bench.guestOk('cat /sys/module/firmware_class/parameters/path'),
      '/media/vda/firmware\n',
    );
  },
  { limit: 600 },
);
