import assert from 'node:assert/strict';
import { SERVER } from '../air-config.ts';
import { check } from '../check.ts';
import type { Bench } from '../check.ts';
import { checkFileSystem } from '../disks.ts';
import {
  CACHE_DIGEST,
  firstBoot,
  hasPackages,
  IDENTITY,
  OUTDATE,
  restartInto,
  showsSiteHostKey,
  stateDisk,
} from './standard-iso.ts';

// What becomes of the packages that were fetched: continues first-boot.ts.

/** In the folder of the cache: the new one is complete, and being checked. */
const COMPLETE = 'set -- new/*/x86_64/*.apk; [ -e "$1" ]';

/** Moments of an update, and what is left of it then. */
const MOMENTS: readonly (readonly [what: string, near: string, seen: string, left: RegExp])[] = [
  ['the index is fetched', 'true', '[ -d new/cache ]', /^current\nnew\n$/],
  ['packages are fetched', 'set -- new/pool/*.apk; [ -e "$1" ]', 'true', /^current\nnew\n$/],
  ['the folders change places', COMPLETE, '[ ! -d current ] && [ -d new ]', /^new\nold\n$/],
];

/** Waits with half an eye for one thing, then as closely as a shell can for another, in which it starts no program. */
const awaitMoment = (near: string, seen: string): string =>
  `until ${near}; do sleep 0.1; done; until ${seen}; do :; done`;

/**
 * Kills an update, and all that it has started, as soon as the moment has come; returns what is left. Its mv is slow, so that the
 * moment between two of them is met on a busy computer too.
 */
async function killUpdate(bench: Bench, moment: string): Promise<string> {
  const script = `cd /var/lib/airhive/packages && ${OUTDATE} || exit 1
    mkdir -p /tmp/slow && printf '#!/bin/sh\\nsleep 1\\nexec /bin/mv "$@"\\n' >/tmp/slow/mv && chmod 755 /tmp/slow/mv
    PATH=/tmp/slow:$PATH setsid /usr/libexec/airhive/packages keep >/dev/null 2>&1 &
    ${moment}
    kill -9 -$!
    ls`;
  return bench.guestOk(script, { timeout: 180 });
}

check(
  'first boot: a cache update killed at any moment leaves a usable cache',
  firstBoot,
  async (bench) => {
    await bench.air.faults([]);
    await bench.guestOk('rc-service --quiet airhive-fetch stop');
    const before = await bench.guestOk(CACHE_DIGEST);
    for (const [what, near, seen, left] of MOMENTS) {
      assert.match(await killUpdate(bench, awaitMoment(near, seen)), left, what);
      // What the next boot does.
      await bench.guestOk('/usr/libexec/airhive/packages install');
      assert.equal(await bench.guestOk('ls /var/lib/airhive/packages'), 'current\n', what);
      assert.equal(await bench.guestOk(CACHE_DIGEST), before, what);
    }
  },
  { limit: 600 },
);

check(
  'second boot: everything at once, without a network, after a power cut',
  firstBoot,
  async (bench) => {
    const identity = await bench.guestOk(IDENTITY);
    // The reset comes from inside, at the very moment when the new cache has its name: what is not on the disk by then
    // is lost.
    const update = bench.guest(
      `cd /var/lib/airhive/packages && ${OUTDATE} || exit 1
      rc-service --quiet airhive-fetch start
      ${awaitMoment(COMPLETE, '[ -d old ] && [ -d current ]')}
      echo b >/proc/sysrq-trigger`,
      { timeout: 180 },
    );
    await assert.rejects(update, /the machine ended/);
    assert.equal((await checkFileSystem(bench.base.alpine, stateDisk(bench))).whole, true);
    await restartInto(bench, 'silence');
    await bench.machine.console.waitFor(/airhive login:/, 180);
    assert.equal(await hasPackages(bench), true);
    assert.equal(await bench.guestOk('cat /proc/sys/net/ipv4/ip_forward'), '1\n');
    assert.match(
      await bench.guestOk('iptables-save'),
      /-A POSTROUTING -s 172\.24\.1\.0\/24 -o wlan0 -j MASQUERADE/,
    );
    const answer = await bench.host.exec('dig', ['+tries=1', '+time=5', SERVER.name]);
    assert.match(answer.stdout, /status: (REFUSED|SERVFAIL)/, 'dnsmasq answers, without a server to ask');
    assert.doesNotMatch(bench.machine.console.text, /not here yet|being fetched|no packet filter/);
    assert.equal(await bench.guestOk(IDENTITY), identity, 'not formatted again');
    await showsSiteHostKey(bench);
  },
  { limit: 600 },
);
