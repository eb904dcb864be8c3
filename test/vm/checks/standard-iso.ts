import assert from 'node:assert/strict';
import { join } from 'node:path';
import { buildBundle, keysFor } from '../bundle.ts';
import type { Bench, Boot } from '../check.ts';
import { writeBlank } from '../disks.ts';
import { HOME, HOME_NETWORK } from './boots.ts';

// One machine over many starts: the standard ISO lacks iptables and dnsmasq, which the guest fetches over its own Wi-Fi
// and keeps on its state disk.

/** What a start finds around it: no radio, an access point and a mirror that falls silent, or everything as it should be. */
type Surroundings = 'silence' | 'stalled mirror' | 'well';

const surroundings = new Map<string, Surroundings>();

/** Restarts the machine into other surroundings. */
export async function restartInto(bench: Bench, next: Surroundings): Promise<void> {
  surroundings.set(bench.folder, next);
  await bench.restart();
}

/** Known to the site at first, and later not any more. */
export const WITHDRAWN = { ssid: 'withdrawn', passphrase: 'old secret' };

export const firstBoot: Boot = {
  name: 'first boot',
  prepare: async (tools) => {
    const state = join(tools.folder, 'state.img');
    await writeBlank(state, 64);
    const networks = [HOME_NETWORK, WITHDRAWN];
    return { ...(await buildBundle(tools, { flavor: 'standard', networks })), state };
  },
  started: async (bench) => {
    const around = surroundings.get(bench.folder) ?? 'silence';
    if (around === 'silence') return;
    // The network of the first fetch is a cheap hotspot's.
    await bench.air.start(around === 'stalled mirror' ? { ...HOME, refuses: 'AAAA' } : HOME);
    if (around === 'stalled mirror') await bench.air.faults([{ prefix: '/alpine', kind: 'stall' }]);
  },
};

export const stateDisk = (bench: Bench): string => bench.spec.state ?? '';

/** Which file system the state disk carries: a new one when it was formatted again. */
export const IDENTITY = 'blkid | sed -n \'s/.*LABEL="AIRHIVESTATE".* UUID="\\([^"]*\\)".*/\\1/p\'';

/** All files of the cache. The mirror's do not change, so an update makes the same again. */
export const CACHE_DIGEST =
  'cd /var/lib/airhive/packages/current && find . -type f | sort | xargs sha256sum | sha256sum';
/** The cache looks so old that airhive-fetch replaces it. */
export const OUTDATE = "touch -d '2020-01-01 00:00:00' /var/lib/airhive/packages/current";

/** Whether what the ISO lacks is installed. */
export const hasPackages = async (bench: Bench): Promise<boolean> =>
  (await bench.guest('apk info -e -q iptables && apk info -e -q dnsmasq')).code === 0;

/** The guest shows the ssh host key that the site gave it. */
export async function showsSiteHostKey(bench: Bench): Promise<void> {
  const { host } = await keysFor(bench);
  const scan = await bench.host.exec('ssh-keyscan', ['-t', 'ed25519', bench.host.addresses.guest]);
  assert.ok(scan.stdout.includes(host.public.split(' ')[1] ?? '-'), 'the host key of the site');
}
