import assert from 'node:assert/strict';
import { join } from 'node:path';
import { SERVER } from '../air-config.ts';
import type { ApSpec } from '../air-config.ts';
import { buildBundle, forwarding } from '../bundle.ts';
import { watchAir } from '../capture.ts';
import { check } from '../check.ts';
import type { Bench, Boot } from '../check.ts';
import { writeBlank } from '../disks.ts';
import { eventually } from '../eventually.ts';
import { hostCommand, startHostCommand } from '../host-commands.ts';
import { download, sizeTold } from '../path.ts';
import { HOME, HOME_NETWORK } from './boots.ts';

// From one network to another, as the host sees it: servers for names, search domains, MTU, addresses.

/** Seconds after the association in which the host sees the new network. */
const SEEN = 15;

/** What a server says may be remembered for ten minutes. */
const KEEP = 'local-ttl=600';

/** Two names that both networks know, each in its own way, and one in the domain of each. */
const atHome = [
  KEEP,
  'address=/shared.example/203.0.113.31',
  'address=/portal.corp.example/203.0.113.41',
  'dhcp-option=option:domain-search,corp.example,lab.example',
  'dhcp-option=option:mtu,1400',
];
const atCafe = [
  KEEP,
  'address=/shared.example/203.0.113.32',
  'address=/portal.cafe.example/203.0.113.42',
  // The older option, with one domain.
  'domain=cafe.example',
  'dhcp-option=option:mtu,1280',
];

const CAFE: ApSpec = {
  name: 'ap1',
  ssid: 'cafe',
  security: { kind: 'psk', passphrase: 'two lattes' },
  network: '10.99.0',
  dnsmasq: atCafe,
};

/** Two networks that it knows, and a state disk. */
export const roaming: Boot = {
  name: 'roaming',
  prepare: async (tools) => {
    const state = join(tools.folder, 'state.img');
    await writeBlank(state, 64);
    const networks = [HOME_NETWORK, { ssid: 'cafe', passphrase: 'two lattes' }];
    return { ...(await buildBundle(tools, { flavor: 'extended', networks })), state };
  },
  started: ({ air }) => air.start({ ...HOME, dnsmasq: atHome }),
};

export const point = (bench: Bench, name: string) => {
  const found = bench.air.points.get(name);
  assert.ok(found);
  return found;
};

/** What the host's own resolver says, with its search domains. */
async function resolve({ host }: Bench, name: string): Promise<string | undefined> {
  const { stdout } = await host.exec('getent', ['ahostsv4', name]);
  return /^\S+/.exec(stdout)?.[0];
}

interface Sight {
  /** The address of a name that is known everywhere. */
  readonly shared: string;
  /** The address of a name without its domain. */
  readonly portal?: string;
  readonly search?: string;
}

/** Waits until the host sees the network that the guest is in. */
async function sees(bench: Bench, what: string, sight: Sight): Promise<void> {
  const begin = Date.now();
  await eventually(what, SEEN, async () => {
    const [shared, portal] = await Promise.all([resolve(bench, 'shared.example'), resolve(bench, 'portal')]);
    const search = /^search (.*)$/m.exec((await bench.host.sh('cat /etc/resolv.conf')).stdout)?.[1];
    assert.deepEqual({ shared, portal, search }, { portal: undefined, search: undefined, ...sight });
    return true;
  });
  bench.report(`${what}: seen ${((Date.now() - begin) / 1000).toFixed(1)} s after the association`);
}

/** The largest size of TCP's segments that the far side is told of when the host connects. */
async function segmentSize(bench: Bench): Promise<string | undefined> {
  const seen = await watchAir(bench, 'tcp[tcpflags] & (tcp-syn|tcp-ack) == tcp-syn', 'any');
  await download(bench, 1_000_000);
  return /mss (\d+)/.exec(await seen())?.[1];
}

/** What the host is told of a packet that is not to be cut up and too large. */
async function tooLarge(bench: Bench): Promise<string> {
  await bench.host.sh('ip route flush cache');
  return sizeTold(bench, SERVER.address, 1450);
}

/** The present network says another size with the next lease, which the guest asks for at once. */
async function offerSize(bench: Bench, mtu: number): Promise<void> {
  await point(bench, 'ap1').changeLeases({ dnsmasq: [`dhcp-option=option:mtu,${mtu}`] });
  await bench.guestOk('pkill -x udhcpc');
}

check(
  'roaming: names, search domains and sizes of the first network',
  roaming,
  async (bench) => {
    // As beside bhyve: once the guest answers, it becomes names-watch.
    await startHostCommand(bench, ['lib/answer-watch', String(process.pid)]);
    await bench.host.sh(`${join(bench.folder, 'host-bin/resolvconf')} -u`);
    await bench.machine.console.waitFor(/connected to "home"/, 180);
    await forwarding(bench, 180);
    await eventually('a first word from the guest', 120, async () =>
      (await bench.host.sh('cat /etc/resolv.conf')).stdout.includes('search '),
    );
    await sees(bench, 'home', {
      shared: '203.0.113.31',
      portal: '203.0.113.41',
      search: 'corp.example lab.example',
    });
    assert.equal(await tooLarge(bench), '1400');
    assert.equal(await segmentSize(bench), '1360');
    const status = await hostCommand(bench, ['vm_status', '--json']);
    assert.match(status.stdout, /"state": "online"/);
  },
  { limit: 480 },
);

check(
  'roaming: option 121, good and hostile, two routers, and a name server that is gone for a while',
  roaming,
  async (bench) => {
    const { console } = bench.machine;
    await forwarding(bench, 180);
    const from = console.position;
    const by = '10.77.0.1';
    const routes = ['10.0.0.0/8', '172.24.1.0/24', '0.0.0.0/1', '128.0.0.0/1'].map((to) => `${to},${by}`);
    // Nobody is at the first router's address.
    const option = ['0.0.0.0/0,10.77.0.66', ...routes, `0.0.0.0/0,${by}`].join(',');
    await point(bench, 'ap0').change({ dnsmasq: [...atHome, `dhcp-option=121,${option}`] });
    await console.waitFor(
      /3 are not used: 172\.24\.1\.0\/24 \(the host's own range\), 0\.0\.0\.0\/1/,
      180,
      from,
    );
    await console.waitFor(/the router 10\.77\.0\.66 does not lead on: using 10\.77\.0\.1/, 60, from);
    await forwarding(bench, 30);
    const seen = await bench.guestOk('ip -4 route show');
    assert.match(seen, /^default via 10\.77\.0\.1 dev wlan0/m);
    assert.match(seen, /^10\.0\.0\.0\/8 via 10\.77\.0\.1 dev wlan0/m);
    assert.doesNotMatch(seen, /^(0|128)\.0\.0\.0\/1 |^172\.24\.1\..* dev wlan0/m);
    await point(bench, 'ap0').changeLeases({ dnsmasq: ['port=0'] });
    const limited = await hostCommand(bench, ['vm_status', '--json']);
    assert.equal(limited.code, 5);
    assert.match(
      limited.stdout,
      /"state": "limited",\n {2}"reason": "the network's name server does not answer/,
    );
    await point(bench, 'ap0').changeLeases({ dnsmasq: atHome });
    const back = await hostCommand(bench, ['vm_status', '--json']);
    assert.match(back.stdout, /"state": "online"/);
  },
  { limit: 480 },
);

check(
  'roaming: to another network',
  roaming,
  async (bench) => {
    const { console } = bench.machine;
    await bench.air.start(CAFE);
    const from = console.position;
    await point(bench, 'ap0').off();
    await console.waitFor(/connected to "cafe"/, 180, from);
    await sees(bench, 'cafe', { shared: '203.0.113.32', portal: '203.0.113.42', search: 'cafe.example' });
    await forwarding(bench, 10);
    assert.equal(await tooLarge(bench), '1280');
    assert.equal(await segmentSize(bench), '1240');
  },
  { limit: 400 },
);

check(
  'roaming: a network whose server has the address of the last one',
  roaming,
  async (bench) => {
    const { console } = bench.machine;
    const from = console.position;
    await point(bench, 'ap1').change({ dnsmasq: [KEEP, 'address=/shared.example/203.0.113.33'] });
    await console.waitFor(/connected to "cafe"/, 180, from);
    // Without a domain and an MTU of its own.
    await sees(bench, 'the other one', { shared: '203.0.113.33' });
    assert.match(await tooLarge(bench), /1458 bytes from/);
  },
  { limit: 400 },
);

check(
  'roaming: an MTU that is out of range is not used',
  roaming,
  async (bench) => {
    for (const mtu of [68, 575, 1501, 9000]) {
      const from = bench.machine.console.position;
      await offerSize(bench, mtu);
      await bench.machine.console.waitFor(
        new RegExp(`gives the MTU ${mtu}, which is not within 576 to 1500: using 1500`),
        20,
        from,
      );
      assert.equal(await bench.guestOk('cat /sys/class/net/wlan0/mtu'), '1500\n');
    }
    const from = bench.machine.console.position;
    await offerSize(bench, 576);
    await eventually(
      'the smallest',
      20,
      async () => (await bench.guestOk('cat /sys/class/net/wlan0/mtu')) === '576\n',
    );
    assert.equal(await segmentSize(bench), '536');
    assert.doesNotMatch(bench.machine.console.text.slice(from), /asks for packets/);
  },
  { limit: 400 },
);
