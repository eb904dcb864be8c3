import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { buildBundle, forwarding } from '../bundle.ts';
import { makeChance } from '../chance.ts';
import type { Chance } from '../chance.ts';
import { check } from '../check.ts';
import type { Bench } from '../check.ts';
import { checkFileSystem } from '../disks.ts';
import { HOME_NETWORK } from './boots.ts';
import {
  CACHE_DIGEST,
  firstBoot,
  hasPackages,
  OUTDATE,
  restartInto,
  stateDisk,
  WITHDRAWN,
} from './standard-iso.ts';

// QEMU is killed at random moments, and whatever the guest has answered for must be there ever after.

type Phase = 'boot' | 'running' | 'networks' | 'cache';

/** Seconds from the beginning of a phase to the last moment of a cut. Of a boot: when the one before was through. */
const LONGEST: Readonly<Record<Phase, number>> = { boot: 20, running: 3, networks: 6, cache: 12 };

/** What the guest has answered for, or has been seen with, so far. */
interface Promised {
  readonly networks: Set<string>;
  bootSeconds?: number;
  cache?: string;
  hostKey?: string;
}

/** Two of five cuts come while the guest is up: the first while it saves networks. */
const phaseOf = (index: number, chance: Chance): Phase => {
  if (![0, 2].includes(index % 5)) return 'boot';
  if (index === 0) return 'networks';
  const phases = ['networks', 'cache', 'running'] as const;
  return phases[Math.floor(chance.next() * phases.length)] ?? 'running';
};

const knownNetworks = async (bench: Bench): Promise<string[]> => {
  const listed = await bench.guestOk('wpa_cli -i wlan0 list_networks');
  return listed.split('\n').flatMap((line) => line.split('\t')[1] ?? []);
};

/** A raw key: from a passphrase wpa_supplicant derives one at each start, for which it takes a second here. */
const PSK = '0123456789abcdef'.repeat(4);

/** Saves one network after another until the power is cut. */
async function saveNetworks(bench: Bench, promised: Promised, prefix: string): Promise<void> {
  const cli = 'wpa_cli -i wlan0';
  for (let number = 0; bench.machine.running; number++) {
    const name = `${prefix}-${number}`;
    const saved = await bench.guestOk(
      `n=$(${cli} add_network) && ${cli} set_network $n ssid '"${name}"' &&
      ${cli} set_network $n psk ${PSK} && ${cli} enable_network $n && ${cli} save_config`,
    );
    assert.match(saved, /\nOK\n$/);
    promised.networks.add(name);
  }
}

/** Cuts the power at a moment of the phase; returns which, in seconds. */
async function cut(bench: Bench, phase: Phase, promised: Promised, chance: Chance): Promise<number> {
  const longest = (phase === 'boot' ? promised.bootSeconds : undefined) ?? LONGEST[phase];
  const moment = chance.next() * longest;
  if (phase === 'boot') await restartInto(bench, 'silence');
  if (phase === 'cache') await bench.guestOk(`${OUTDATE} && rc-service --quiet airhive-fetch restart`);
  const ended = (error: unknown): void => assert.match(String(error), /the machine ended/);
  const saving =
    phase === 'networks' && saveNetworks(bench, promised, `net${promised.networks.size}`).catch(ended);
  await pause(moment * 1000);
  await bench.machine.cut();
  await saving;
  const { whole, said } = await checkFileSystem(bench.base.alpine, stateDisk(bench));
  assert.ok(whole, said);
  return moment;
}

/** Starts the guest: a gateway again, with everything that it has answered for. */
async function comesBack(bench: Bench, promised: Promised): Promise<void> {
  await restartInto(bench, 'well');
  await forwarding(bench, 180);
  promised.bootSeconds = bench.machine.seconds();
  const { console } = bench.machine;
  assert.doesNotMatch(console.text, /not here yet|no packet filter|damaged|cannot|left alone|no state disk/);
  const known = await knownNetworks(bench);
  const lost = [...promised.networks].filter((name) => !known.includes(name));
  assert.deepEqual(lost, [], 'saved, and gone');
  assert.ok(!known.includes(WITHDRAWN.ssid), 'the site has lost it');
  const hostKey = await bench.guestOk('ssh-keygen -y -f /run/airhive/ssh_host_ed25519_key');
  assert.equal(hostKey, (promised.hostKey ??= hostKey));
  assert.equal(await bench.guestOk(CACHE_DIGEST), promised.cache);
}

async function powerCuts(bench: Bench, count: number): Promise<void> {
  const chance = makeChance();
  const promised: Promised = { networks: new Set() };
  let done: string[] = [];
  bench.report(chance.replay);
  // From here on the guest has a host key of its own making, and the site one network less.
  await buildBundle(bench, {
    flavor: 'standard',
    networks: [HOME_NETWORK],
    secrets: { ssh_host_ed25519_key: undefined },
  });
  if (!(await hasPackages(bench))) {
    await restartInto(bench, 'well');
    await forwarding(bench, 200);
  }
  promised.cache = await bench.guestOk(CACHE_DIGEST);
  const tell = (): void => {
    if (done.length > 0)
      bench.report(`cut in ${done.join(', ')}; ${promised.networks.size} networks saved so far`);
    done = [];
  };
  try {
    for (let index = 0; index < count; index++) {
      const phase = phaseOf(index, chance);
      if (index > 0 && phase !== 'boot') await comesBack(bench, promised);
      done.push(`${phase} ${(await cut(bench, phase, promised, chance)).toFixed(1)} s`);
      if (done.length === 5) tell();
    }
    await comesBack(bench, promised);
  } finally {
    tell();
  }
}

check('power cuts: five', firstBoot, (bench) => powerCuts(bench, 5), { limit: 800 });
check('power cuts: fifty', firstBoot, (bench) => powerCuts(bench, 50), { limit: 3600, soak: true });
