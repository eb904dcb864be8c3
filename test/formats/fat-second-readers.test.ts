import {
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join, relative } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readFat } from '../fixtures/fat-reader.ts';
import { freshFile, freshFolder, run as runTool } from '../fixtures/scratch.ts';
import { hasTool } from '../tools.ts';
import { byPath, fatFile, fileTrees, imageOf, RELEASE_DAY, SAMPLE, type SampleFile } from './fat-samples.ts';

const run = (tool: string, args: readonly string[], zone = 'UTC'): string =>
  runTool(tool, args, { zone }).toString('utf8');

/** Writes the image with holes where it has nothing but zeros: one of them has a GiB. */
function writeImage(files: readonly SampleFile[], size: number, time?: number): string {
  const image = imageOf(files, size, time);
  const path = freshFile('');
  truncateSync(path, size);
  const file = openSync(path, 'r+');
  const zeros = new Uint8Array(MIB);
  for (let at = 0; at < size; at += MIB) {
    const part = image.subarray(at, at + MIB);
    if (Buffer.compare(part, zeros.subarray(0, part.length)) !== 0) writeSync(file, part, 0, part.length, at);
  }
  closeSync(file);
  return path;
}

/** Files below a directory by relative path. */
function readFolder(root: string): Map<string, Buffer> {
  const entries = readdirSync(root, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return new Map(paths.map((path) => [relative(root, path), readFileSync(path)]));
}

const MIB = 1024 * 1024;

/** All that `fsck.fat -n` says but for its version. */
function fsck(image: string): string[] {
  return run('fsck.fat', ['-n', image]).trimEnd().split('\n').slice(1);
}

const CLEAN = /^\S+: \d+ files, \d+\/\d+ clusters$/;

describe.skipIf(!hasTool('fsck.fat'))('fsck.fat -n finds nothing (needs fsck.fat)', () => {
  it.each([64 * 1024, MIB, 2 * MIB, 3 * MIB, 8 * MIB, 33 * MIB, 1024 * MIB])('%i bytes', (size) => {
    const said = fsck(writeImage(SAMPLE, size));
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(CLEAN);
  });

  it('in a full image, with a folder of many clusters', () => {
    const many = Array.from({ length: 400 }, (_, index) => fatFile(`d/file ${index}`, 'x'));
    const folderClusters = Math.ceil(((2 + 2 * many.length) * 32) / 512);
    const { clusters } = readFat(imageOf([], 2 * MIB));
    const rest = { path: 'REST', bytes: new Uint8Array((clusters - many.length - folderClusters) * 512) };
    const said = fsck(writeImage([...many, rest], 2 * MIB));
    expect(said).toHaveLength(1);
    expect(said[0]).toContain(`, ${clusters}/${clusters} clusters`);
  });

  it('in any tree', () => {
    const sizes = fc.constantFrom(128 * 1024, 3 * MIB);
    fc.assert(
      fc.property(fileTrees, sizes, (files, size) => {
        const said = fsck(writeImage(files, size));
        expect(said).toHaveLength(1);
        expect(said[0]).toMatch(CLEAN);
      }),
      { numRuns: 25 },
    );
  });

  it('but does find damage', () => {
    const image = writeImage(SAMPLE, MIB);
    const bytes = readFileSync(image);
    bytes.writeUInt8(bytes.readUInt8(512 + 9) ^ 1, 512 + 9);
    writeFileSync(image, bytes);
    expect(() => fsck(image)).toThrow();
  });
});

describe.skipIf(!hasTool('mcopy') || !hasTool('mdir') || !hasTool('mlabel'))('mtools (needs mtools)', () => {
  it.each(['UTC', 'Asia/Tokyo', 'America/St_Johns'])(
    'lists names, sizes and UTC dates with TZ=%s',
    (zone) => {
      const image = writeImage(SAMPLE, 8 * MIB, RELEASE_DAY + 3600 + 61);
      const listing = run('mdir', ['-/', '-a', '-i', image, '::'], zone);
      expect(listing).toContain(' Volume in drive : is AIRHIVE');
      for (const line of [
        'README   TXT        21 2026-06-13   1:01 ',
        'AIRHIV~1 GZ       4000 2026-06-13   1:01  airhive.apkovl.tar.gz',
        'APKS         <DIR>     2026-06-13   1:01  apks',
        'BOOT_R~1             0 2026-06-13   1:01  .boot_repository',
        'X86_64       <DIR>     2026-06-13   1:01  x86_64',
        '.            <DIR>     2026-06-13   1:01 ',
        '..           <DIR>     2026-06-13   1:01 ',
        'APKIND~1 GZ          5 2026-06-13   1:01  APKINDEX.tar.gz',
      ]) {
        expect(listing.split('\n')).toContain(line);
      }
    },
  );

  it('lists the exact paths', () => {
    const listing = run('mdir', ['-/', '-b', '-a', '-i', writeImage(SAMPLE, 8 * MIB), '::']);
    const files = listing
      .trimEnd()
      .split('\n')
      .filter((line) => !line.endsWith('/'));
    expect(files.sort()).toEqual(SAMPLE.map(({ path }) => `::/${path}`).sort());
  });

  it('shows the label and the serial number', () => {
    const image = writeImage(SAMPLE, 8 * MIB);
    expect(run('mlabel', ['-s', '-i', image, '::'])).toBe(' Volume label is AIRHIVE    \n');
    const digits = readFat(readFileSync(image)).serial.toString(16).padStart(8, '0').toUpperCase();
    const listing = run('mdir', ['-i', image, '::']);
    expect(listing).toContain(`Volume Serial Number is ${digits.slice(0, 4)}-${digits.slice(4)}`);
  });

  it('clamps 1970 to 1980', () => {
    expect(run('mdir', ['-i', writeImage(SAMPLE, MIB, 0), '::README.TXT'])).toContain('1980-01-01   0:00');
  });

  it('copies out any tree as it went in, with its date', () => {
    fc.assert(
      fc.property(fileTrees, fc.constantFrom(256 * 1024, 3 * MIB), (files, size) => {
        const target = freshFolder();
        const image = writeImage(files, size);
        if (files.length > 0) run('mcopy', ['-s', '-m', '-i', image, '::*', target]);
        expect(readFolder(target)).toEqual(byPath(files));
        for (const { path } of files) expect(statSync(join(target, path)).mtimeMs).toBe(RELEASE_DAY * 1000);
      }),
      { numRuns: 15 },
    );
  });
});

describe.skipIf(!hasTool('mkfs.fat') || !hasTool('mcopy') || !hasTool('mmd'))(
  'the reader of our tests takes images of mkfs.fat and mcopy (needs dosfstools and mtools)',
  () => {
    it.each([
      ['FAT12', 12, 1],
      ['FAT16', 16, 16],
    ])('%s', (_, bits, mebibytes) => {
      const image = join(freshFolder(), 'image');
      run('mkfs.fat', [
        '-C',
        '-F',
        String(bits),
        '-n',
        'OTHER',
        '-i',
        '12345678',
        image,
        String(mebibytes * 1024),
      ]);
      run('mmd', ['-i', image, '::apks', '::apks/x86_64']);
      for (const { path, bytes } of SAMPLE) {
        run('mcopy', ['-i', image, freshFile(bytes), `::${path}`]);
      }
      const { label, serial, files } = readFat(readFileSync(image));
      expect({ label, serial }).toEqual({ label: 'OTHER', serial: 0x12345678 });
      expect(byPath(files)).toEqual(byPath(SAMPLE));
    });
  },
);

describe.skipIf(!hasTool('blkid'))('blkid -p (needs blkid)', () => {
  it.each([MIB, 8 * MIB])('knows an image of %i bytes', (size) => {
    const image = writeImage(SAMPLE, size);
    const facts = run('blkid', ['-p', '-o', 'export', image]).split('\n');
    expect(facts).toContain('TYPE=vfat');
    expect(facts).toContain('LABEL=AIRHIVE');
    expect(facts).toContain('LABEL_FATBOOT=AIRHIVE');
    expect(facts).toContain('USAGE=filesystem');
    expect(facts.some((fact) => fact.startsWith('PTTYPE'))).toBe(false);
  });
});
