import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { freshFolder, run } from '../../fixtures/scratch.ts';
import { hasTool } from '../../tools.ts';
import { Guest } from './guest.ts';

// Files play the disks; the file systems are real.

const SIZE = 16 * 1024 * 1024;
const MOUNTED = 'mount -t ext4 -o noatime,dirsync dev/vdc var/lib/airhive';

/** A FAT of that label, as the host makes its own disks. */
function fat(label: string, size: number): Uint8Array {
  const file = join(freshFolder(), 'fat');
  writeFileSync(file, '');
  truncateSync(file, size);
  if (hasTool('mkfs.vfat')) run('mkfs.vfat', ['-n', label, file]);
  return readFileSync(file);
}

class Booting extends Guest {
  constructor() {
    super('state-disk');
    const lib = this.read('usr/libexec/airhive/lib');
    const byLabel = 'for file in "$GUEST"/dev/vd*; do [ "$(blkid -p -o value -s LABEL "$file" 2>/dev/null)" != "$1" ] || echo "$file"; done';
    this.write(
      'usr/libexec/airhive/lib',
      lib.replace(/^disk_labelled\(\) \{\n[^]*?^\}/m, `disk_labelled() {\n${byLabel}\n}`),
    );
    this.tool('blockdev', 'stat -c %s "$2"');
    // A disk of bhyve's that is read-only has ro 0, and a write is an I/O error.
    this.tool('dd', 'case " $* " in *of=*vda*|*of=*vdb*) exit 1 ;; esac\nexec /bin/dd "$@"');
    this.tool('mount', '[ ! -e "$GUEST/unmountable" ]');
    this.tool('mkfs.ext4', 'exec mke2fs -t ext4 "$@"');
    this.write('sys/block/vda/ro', '1\n');
    this.write('sys/block/vdc/ro', '0\n');
    writeFileSync(this.disk, '');
    truncateSync(this.disk, SIZE);
  }

  get disk(): string {
    return join(this.root, 'dev/vdc');
  }

  get bytes(): Buffer {
    return readFileSync(this.disk);
  }

  get mounted(): boolean {
    return this.calls('mount').map((line) => `mount ${line}`).includes(MOUNTED);
  }

  /** Throws unless the disk carries a whole file system and no marker; returns what tells it from any other. */
  identity(): string {
    run('e2fsck', ['-fn', this.disk]);
    expect(this.bytes.subarray(SIZE - 4096).every((byte) => byte === 0)).toBe(true);
    return /UUID:\s+(\S+)/.exec(run('dumpe2fs', ['-h', this.disk]).toString())?.[1] ?? '';
  }
}

const formatted = (): Booting => {
  const guest = new Booting();
  guest.call();
  return guest;
};

/** Boots again: nothing but the superblock, where e2fsck notes what it found, may change. */
function leftAlone(guest: Booting): void {
  guest.write('calls', '');
  const before = guest.bytes.subarray(4096);
  guest.call();
  expect(guest.bytes.subarray(4096).equals(before)).toBe(true);
  expect(guest.calls('mkfs.ext4')).toEqual([]);
  expect(guest.said.join()).toMatch(/dev\/vdc is damaged beyond automatic repair and was left alone/);
}

describe.skipIf(!hasTool('mke2fs') || !hasTool('mkfs.vfat'))('the state disk (needs e2fsprogs, dosfstools)', () => {
  it('is formatted when it is empty, and never again', () => {
    const guest = formatted();
    expect(guest.mounted).toBe(true);
    const identity = guest.identity();
    expect(identity).toMatch(/^[0-9a-f-]{36}$/);
    guest.call();
    expect(guest.identity()).toBe(identity);
    expect(guest.calls('mkfs.ext4')).toHaveLength(1);
    expect(guest.said).toEqual([]);
  });

  it.each([
    ['before it wrote anything', ''],
    ['in the middle', 'head -c 300000 "$GUEST/whole" | dd of="$GUEST/dev/vdc" conv=notrunc 2>/dev/null'],
    ['when all of it was there', 'dd if="$GUEST/whole" of="$GUEST/dev/vdc" bs=4096 count=4095 conv=notrunc 2>/dev/null'],
  ])('is formatted again when mkfs was killed %s', (_, written) => {
    const half = new Booting();
    writeFileSync(join(half.root, 'whole'), formatted().bytes);
    half.tool('mkfs.ext4', `${written}\nkill -9 $PPID`);
    half.call();
    expect(half.bytes.includes('airhive: this disk is being formatted', SIZE - 4096)).toBe(true);
    half.tool('mkfs.ext4', 'exec mke2fs -t ext4 "$@"');
    half.call();
    expect(half.mounted).toBe(true);
    half.identity();
  });

  it('is left alone when there is anything else on it', () => {
    const guest = new Booting();
    const bytes = Buffer.alloc(SIZE);
    bytes[9_000_000] = 1;
    writeFileSync(guest.disk, bytes);
    guest.call();
    expect(guest.bytes.equals(bytes)).toBe(true);
    expect(guest.mounted).toBe(false);
    expect(guest.said.join()).toMatch(/dev\/vdc is neither empty nor a state disk.*left alone/);
  });

  it('is left alone when e2fsck cannot repair it', () => {
    const guest = formatted();
    run('debugfs', ['-w', '-R', 'set_super_value state 0', guest.disk]);
    run('debugfs', ['-w', '-R', 'clri <2>', guest.disk]);
    leftAlone(guest);
    expect(guest.mounted).toBe(false);
  });

  it('is left alone when it cannot be mounted', () => {
    const guest = formatted();
    guest.write('unmountable', '');
    leftAlone(guest);
  });

  it('is not missed by a guest that has none', () => {
    const guest = new Booting();
    guest.write('sys/block/vdc/ro', '1\n');
    guest.write('run/airhive/early.log', '2026-01-02T03:04:05Z said before there was a log\n');
    guest.call();
    expect(guest.said).toEqual([
      expect.stringMatching(/^there is no state disk/),
      'said before there was a log',
    ]);
    expect(guest.bytes.every((byte) => byte === 0)).toBe(true);
  });

  describe("among the disks of a real bhyve, where a read-only one does not say so and refuses what is written", () => {
    const SITE = 1024 * 1024;
    const furnished = (site: Uint8Array): Booting => {
      const guest = new Booting();
      for (const disk of ['vda', 'vdb']) guest.write(`sys/block/${disk}/ro`, '0\n');
      writeFileSync(join(guest.root, 'dev/vda'), fat('AIRHIVE', 4 * SITE));
      writeFileSync(join(guest.root, 'dev/vdb'), site);
      return guest;
    };

    it.each([
      ['a site disk', fat('AIRHIVESITE', SITE)],
      ['a site disk of zeros', new Uint8Array(SITE)],
      ['a large disk of zeros that cannot be written', new Uint8Array(SIZE)],
    ])('is found, empty and later, behind %s', (_, site) => {
      const guest = furnished(site);
      guest.call();
      expect(guest.said).toEqual([]);
      const identity = guest.identity();
      guest.call();
      expect(guest.said).toEqual([]);
      expect(guest.identity()).toBe(identity);
      expect(guest.calls('mount').filter((line) => line.includes('dev/vdc'))).toHaveLength(2);
    });

    it.each([
      ['a site disk', fat('AIRHIVESITE', SITE)],
      ['a site disk of zeros', new Uint8Array(SITE)],
    ])('is missed, and %s is not called foreign', (_, site) => {
      const guest = furnished(site);
      guest.write('sys/block/vdc/ro', '1\n');
      guest.call();
      expect(guest.said).toEqual([expect.stringMatching(/^there is no state disk/)]);
    });

    it('is named, when it is the one that cannot be formatted', () => {
      const guest = furnished(fat('AIRHIVESITE', SITE));
      guest.tool('mkfs.ext4', 'exit 1');
      guest.call();
      expect(guest.said).toEqual(['the empty state disk dev/vdc cannot be formatted; going on without it']);
    });
  });
});
