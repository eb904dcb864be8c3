import assert from 'node:assert/strict';
import { join } from 'node:path';
import { buildBundle, forwarding, keysFor, rewriteSite } from '../bundle.ts';
import { check } from '../check.ts';
import type { Bench, Boot } from '../check.ts';
import { writeBlank } from '../disks.ts';
import { eventually } from '../eventually.ts';
import { sshExec } from '../keys.ts';
import { SLOT } from '../qemu.ts';
import { HOME, HOME_NETWORK } from './boots.ts';
import { powerOff } from './power.ts';

// One machine that meets everything that goes wrong on a Wi-Fi, and gets over it without a restart.

/** Seconds to be forwarding again. */
const RECOVERY = 15;

const trouble: Boot = {
  name: 'wifi trouble',
  prepare: async (tools) => {
    const state = join(tools.folder, 'state.img');
    await writeBlank(state, 64);
    const bundle = await buildBundle(tools, {
      flavor: 'extended',
      networks: [{ ...HOME_NETWORK, passphrase: 'battery staple' }],
    });
    return { ...bundle, state, card: 'manual' };
  },
  started: ({ air }) => air.start(HOME),
};

const point = (bench: Bench) => {
  const found = bench.air.points.get('ap0');
  assert.ok(found);
  return found;
};

async function recovers(bench: Bench, what: string): Promise<void> {
  const begin = Date.now();
  await forwarding(bench, RECOVERY);
  bench.report(`forwarding ${((Date.now() - begin) / 1000).toFixed(1)} s after ${what}`);
}

check('wifi: a card that is late', trouble, async (bench) => {
  const { console } = bench.machine;
  await console.waitFor(/no card: there is no Wi-Fi card/, 180);
  await console.waitFor(/airhive login:/, 180);
  assert.equal((await bench.host.exec('ping', ['-c', '1', '-W', '2', bench.host.addresses.guest])).code, 0);
  await eventually('half a minute', 120, () => Promise.resolve(bench.agent.uptime() > 30));
  await bench.air.card('add');
});

check('wifi: a wrong passphrase is said so', trouble, async (bench) => {
  const { machine } = bench;
  const { at } = await machine.console.waitFor(/wrong passphrase for "home"/, 180);
  bench.report(`said ${at.toFixed(1)} s after QEMU's start`);
  assert.match(await bench.guestOk('cat /var/lib/airhive/log/airhive.log'), /wrong passphrase for "home"/);
  assert.doesNotMatch(
    machine.console.text + (await bench.guestOk('cat /var/log/messages')),
    /battery staple/,
  );
});

check('wifi: corrected over ssh', trouble, async (bench) => {
  const { admin } = await keysFor(bench);
  await rewriteSite(bench, { flavor: 'extended', networks: [HOME_NETWORK] });
  const from = bench.machine.console.position;
  const done = await sshExec(bench.host, admin, 'root', 'rc-service airhive-site reload');
  assert.equal(done.code, 0, done.stdout + done.stderr);
  await recovers(bench, 'the reload');
  await bench.machine.console.waitFor(/connected to "home"/, 5, from);
});

check('wifi: access point off and on, on another channel', trouble, async (bench) => {
  await point(bench).off();
  const from = bench.machine.console.position;
  await bench.machine.console.waitFor(/none of the known networks is in reach/, 180, from);
  await point(bench).change({ channel: 6 });
  await recovers(bench, 'the radio came back');
});

check('wifi: another address and another router', trouble, async (bench) => {
  await point(bench).change({ network: '10.88.0' });
  await recovers(bench, 'the new network');
  // The route is there before the servers' file is.
  const wanted = /^default via 10\.88\.0\.1 dev wlan0[^]*\nnameserver 10\.88\.0\.1\n$/;
  await eventually("the new network's router and name server", 15, async () =>
    wanted.test(await bench.guestOk('ip route show default; cat /etc/resolv.conf')),
  );
});

check('wifi: a lease of a single address, with an off-link router', trouble, async (bench) => {
  await point(bench).change({
    network: '10.99.0',
    dnsmasq: ['dhcp-option-force=option:netmask,255.255.255.255'],
  });
  await recovers(bench, 'a /32');
  assert.match(await bench.guestOk('ip -4 addr show wlan0'), /inet 10\.99\.0\.1\d\d\/32 /);
  assert.match(await bench.guestOk('ip route show default'), /^default via 10\.99\.0\.1 dev wlan0 +onlink/);
  await point(bench).change({ dnsmasq: [] });
});

check('wifi: another network while nobody listened to wpa_supplicant', trouble, async (bench) => {
  await bench.guestOk('rc-service airhive-roam stop');
  await point(bench).change({ network: '10.66.0' });
  await eventually('a station', 120, async () => (await point(bench).stations()).length === 1);
  await bench.guestOk('rc-service airhive-roam start');
  await recovers(bench, 'somebody listened again');
});

check(
  'wifi: connected, and no address to be had',
  trouble,
  async (bench) => {
    const from = bench.machine.console.position;
    await point(bench).change({ dhcp: false });
    await bench.machine.console.waitFor(/connected, but the network gives out no address/, 180, from);
    await point(bench).change({ dhcp: true });
    await recovers(bench, 'the DHCP server was back');
  },
  { limit: 400 },
);

check("wifi: a lease in the host's own range is refused", trouble, async (bench) => {
  const from = bench.machine.console.position;
  await point(bench).change({ network: '172.24.1', range: [100, 150] });
  await bench.machine.console.waitFor(/which is the host's own range 172\.24\.1\.0\/24: refused/, 180, from);
  assert.doesNotMatch(await bench.guestOk('ip -4 addr show wlan0'), /inet /);
  const { admin } = await keysFor(bench);
  assert.equal((await sshExec(bench.host, admin, 'root', 'true')).code, 0);
  await point(bench).change({ network: '10.77.0' });
  await recovers(bench, 'a proper network was back');
});

check('wifi: a card that vanishes and comes back', trouble, async (bench) => {
  await bench.air.card('del');
  await eventually(
    'its interface gone',
    10,
    async () => (await bench.guest('test -e /sys/class/net/wlan0')).code !== 0,
  );
  await bench.air.card('add');
  await recovers(bench, 'the card was back');
  assert.doesNotMatch(await bench.guestOk('rc-status -a'), /crashed|failed/);
});

const alone: Boot = {
  name: 'public bundle',
  prepare: async (tools) => ({
    ...(await buildBundle(tools, { flavor: 'standard' })),
    passthrough: 'interface',
  }),
};

check('public bundle: reachable, and says what to do', alone, async (bench) => {
  const { console } = bench.machine;
  await console.waitFor(/no Wi-Fi network is configured: on the host run vm_site add/, 180);
  await console.waitFor(/no key may log in over ssh/, 10);
  await console.waitFor(/airhive login:/, 180);
  assert.equal((await bench.host.exec('ping', ['-c', '1', '-W', '2', bench.host.addresses.guest])).code, 0);
  assert.match(await bench.guestOk('cat /var/log/messages'), /no Wi-Fi network is configured/);
  const scan = await bench.host.exec('ssh-keyscan', ['-t', 'ed25519', bench.host.addresses.guest]);
  assert.match(scan.stdout, /ssh-ed25519 AAAA/);
});

check('public bundle: power button, with a card that has an interface', alone, async (bench) => {
  await bench.air.card('del');
  await bench.guestOk('ip link set eth1 name wlan0');
  await powerOff(bench, SLOT.interface);
});
