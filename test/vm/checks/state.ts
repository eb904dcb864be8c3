import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildBundle, forwarding } from '../bundle.ts';
import { check } from '../check.ts';
import type { Bench, Boot } from '../check.ts';
import { runCommand } from '../command.ts';
import { ext4Ok, writeBlank, writeStateDisk } from '../disks.ts';
import type { Base } from '../base/base.ts';
import { HOME, HOME_NETWORK } from './boots.ts';

// State disks that the guest must not format; a damaged one is in clients.ts, for which the guest starts anew. What becomes
// of good ones: first-boot.ts and power-cuts.ts.

const MEBIBYTES = 16;

const imagePath = (folder: string, name: string): string => join(folder, `${name}.img`);

/** A disk with one byte on it that is nobody's file system. */
async function makeForeign(file: string): Promise<void> {
  await writeBlank(file, MEBIBYTES);
  const handle = await open(file, 'r+');
  await handle.write(Buffer.from('x'), 0, 1, 9_000_000);
  await handle.close();
}

/** A state disk with a file on it, spoilt by one command of debugfs. */
async function makeSpoilt({ alpine }: Base, file: string, command: string): Promise<void> {
  await writeStateDisk(alpine, file, MEBIBYTES);
  const note = `${file}.note`;
  await writeFile(note, 'kept\n');
  await ext4Ok(alpine, 'debugfs', ['-w', '-R', `write ${note} note`, file]);
  await ext4Ok(alpine, 'debugfs', ['-w', '-R', command, file]);
}

const untouchable: Boot = {
  name: 'state disk',
  prepare: async (tools) => {
    const file = imagePath(tools.folder, 'foreign');
    await makeForeign(file);
    const bundle = await buildBundle(tools, { flavor: 'extended', networks: [HOME_NETWORK] });
    return { ...bundle, state: file };
  },
  started: ({ air }) => air.start(HOME),
};

const mountedState = async (bench: Bench): Promise<string> =>
  (await bench.guestOk('awk \'$2 == "/var/lib/airhive" { print $3, $4 }\' /proc/mounts')).trim();

/** Of all but the first block, whose superblock e2fsck marks with what it found. */
const digest = async (file: string): Promise<string> =>
  createHash('sha256')
    .update((await readFile(file)).subarray(4096))
    .digest('hex');

/** The guest is a gateway without its disk, says so, and has not written to it. */
async function leftAlone(bench: Bench, before: string, said: RegExp): Promise<void> {
  const { state = '' } = bench.spec;
  await forwarding(bench, 180);
  assert.match(bench.machine.console.text, said);
  assert.equal(await mountedState(bench), '');
  await bench.guestOk('sync');
  assert.equal(await digest(state), before, 'the disk is as it was');
}

check(
  "state: somebody else's disk is left alone",
  untouchable,
  async (bench) => {
    const again = imagePath(bench.folder, 'again');
    await makeForeign(again);
    await leftAlone(
      bench,
      await digest(again),
      /neither empty nor a state disk, or it is damaged; it was left alone/,
    );
  },
  { limit: 400 },
);

/** Starts the guest with a damaged state disk and sees that it is left alone. */
export async function restartDamaged(bench: Bench): Promise<void> {
  const state = imagePath(bench.folder, 'damaged');
  // Without its root folder: nothing that e2fsck -p would decide by itself.
  await makeSpoilt(bench.base, state, 'clri <2>');
  const before = await digest(state);
  await bench.restart({ state });
  await leftAlone(bench, before, /damaged beyond automatic repair and was left alone/);
}

check('state: one that can be repaired is repaired and used', untouchable, async (bench) => {
  // Under the running guest, which has let go of the disk: it looks at the disk as at boot.
  const { state = '' } = bench.spec;
  const repairable = imagePath(bench.folder, 'repairable');
  await makeSpoilt(bench.base, repairable, 'set_inode_field note links_count 5');
  // Not cleanly unmounted, which is when e2fsck looks closer.
  await ext4Ok(bench.base.alpine, 'debugfs', ['-w', '-R', 'set_super_value state 0', repairable]);
  await runCommand('dd', [`if=${repairable}`, `of=${state}`, 'bs=1M', 'conv=notrunc']);
  await bench.guestOk('rc-service --quiet airhive-state restart');
  assert.match(await mountedState(bench), /^ext4 rw/);
  assert.equal(await bench.guestOk('cat /var/lib/airhive/note'), 'kept\n');
  assert.match(await bench.guestOk('cat /run/airhive/fsck.log'), /FIXED/);
});
