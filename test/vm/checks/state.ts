import assert from 'node:assert/strict';
import { open, readFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { buildBundle, forwarding } from '../bundle.ts';
import { check } from '../check.ts';
import type { Bench, Boot } from '../check.ts';
import { runCommand, tryCommand } from '../command.ts';
import { copyDisk, writeBlank } from '../disks.ts';
import { HOME, HOME_NETWORK } from './boots.ts';

// The state disk, over several boots of one machine.

const LAST_BLOCK = 4096;
const MARKER = 'airhive: this disk is being formatted';
const withdrawn = { ssid: 'withdrawn', passphrase: 'old secret' };

const state: Boot = {
  name: 'state disk',
  prepare: async (tools) => {
    const file = join(tools.folder, 'state.img');
    await writeBlank(file, 64);
    const bundle = await buildBundle(tools, {
      flavor: 'extended',
      networks: [HOME_NETWORK, withdrawn],
      secrets: { ssh_host_ed25519_key: undefined },
    });
    return { ...bundle, state: file };
  },
  started: ({ air }) => air.start(HOME),
};

const up = (bench: Bench): Promise<unknown> => bench.machine.console.waitFor(/airhive login:/, 120);
const stateOf = async (bench: Bench): Promise<string> =>
  (await bench.guestOk('awk \'$2 == "/var/lib/airhive" { print $3, $4 }\' /proc/mounts')).trim();
const networksOf = async (bench: Bench): Promise<string[]> => {
  const listed = await bench.guestOk('wpa_cli -i wlan0 list_networks');
  return listed
    .split('\n')
    .slice(1)
    .map((line) => line.split('\t')[1] ?? '')
    .filter(Boolean)
    .sort();
};
/** Of all but the first block, whose superblock e2fsck marks with what it found. */
const digest = async (file: string): Promise<string> =>
  createHash('sha256')
    .update((await readFile(file)).subarray(4096))
    .digest('hex');

const remembered: { identity?: string; hostKey?: string } = {};
const IDENTITY = 'blkid | sed -n \'s/.*LABEL="AIRHIVESTATE".* UUID="\\([^"]*\\)".*/\\1/p\'';

check('state: a blank disk is formatted and used', state, async (bench) => {
  await up(bench);
  assert.match(await stateOf(bench), /^ext4 rw/);
  assert.doesNotMatch(bench.machine.console.text, /state disk.*(left alone|cannot|no state disk)/);
  remembered.identity = await bench.guestOk(IDENTITY);
  assert.match(remembered.identity, /\S{36}/);
  remembered.hostKey = await bench.guestOk('ssh-keygen -y -f /run/airhive/ssh_host_ed25519_key');
  assert.equal(await bench.guestOk('stat -c %a /var/lib/airhive/wifi /var/lib/airhive/ssh'), '700\n700\n');
});

check('state: what was learnt and saved survives a power cut', state, async (bench) => {
  const cli = 'wpa_cli -i wlan0';
  const saved = await bench.guestOk(`n=$(${cli} add_network) && ${cli} set_network $n ssid '"learnt"' &&
    ${cli} set_network $n psk '"learnt secret"' && ${cli} enable_network $n && ${cli} save_config`);
  assert.match(saved, /OK\n$/);
  // No word to the guest: what it answered for must be on the disk. Meanwhile the site has lost a network.
  await buildBundle(bench, {
    flavor: 'extended',
    networks: [HOME_NETWORK],
    secrets: { ssh_host_ed25519_key: undefined },
  });
  await bench.restart();
  await up(bench);
  assert.deepEqual(await networksOf(bench), ['home', 'learnt']);
  assert.equal(await bench.guestOk(IDENTITY), remembered.identity, 'not formatted again');
  assert.equal(await bench.guestOk('ssh-keygen -y -f /run/airhive/ssh_host_ed25519_key'), remembered.hostKey);
  await forwarding(bench, 60);
});

/** Starts with a spoilt disk: still a gateway, and the disk's content is not changed. */
async function leftAlone(bench: Bench, file: string, said: RegExp): Promise<void> {
  const before = await digest(file);
  await bench.restart({ state: file });
  await up(bench);
  assert.match(bench.machine.console.text, said);
  assert.equal(await stateOf(bench), '');
  await forwarding(bench, 60);
  await bench.machine.cut();
  assert.equal(await digest(file), before, 'the disk is as it was');
}

check("state: somebody else's disk is left alone", state, async (bench) => {
  const file = join(bench.folder, 'foreign.img');
  await writeBlank(file, 16);
  const handle = await open(file, 'r+');
  await handle.write(Buffer.from('x'), 0, 1, 9_000_000);
  await handle.close();
  await leftAlone(bench, file, /neither blank nor a state disk, or it is damaged; it was left alone/);
});

check('state: a damaged one is left alone', state, async (bench) => {
  const file = join(bench.folder, 'damaged.img');
  await copyDisk(join(bench.folder, 'state.img'), file);
  await tryCommand('e2fsck', ['-fy', file]);
  // The root folder is gone: nothing that e2fsck -p would decide by itself.
  await runCommand('debugfs', ['-w', '-R', 'clri <2>', file]);
  await leftAlone(bench, file, /damaged beyond automatic repair and was left alone/);
});

check('state: mkfs cut short is done again', state, async (bench) => {
  const file = join(bench.folder, 'half.img');
  const size = 16 * 1024 * 1024;
  await writeBlank(file, 16);
  await runCommand('mkfs.ext4', ['-q', '-F', '-b', '4096', '-L', 'AIRHIVESTATE', file, '4095']);
  const handle = await open(file, 'r+');
  // Half of what mkfs wrote is there, and still the marker that was put down before it.
  await handle.write(Buffer.alloc(100_000), 0, 100_000, 8192);
  await handle.write(Buffer.from(MARKER), 0, MARKER.length, size - LAST_BLOCK);
  await handle.close();
  await bench.restart({ state: file });
  await up(bench);
  assert.match(await stateOf(bench), /^ext4 rw/);
  await bench.machine.powerOff(30);
  assert.equal((await tryCommand('e2fsck', ['-fn', file])).code, 0, 'a whole file system, cleanly unmounted');
  const bytes = await readFile(file);
  assert.ok(
    bytes.subarray(size - LAST_BLOCK).every((byte) => byte === 0),
    'the marker is gone',
  );
});
