import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { takeFirmware, type ReadPackage } from '../../generators/packages/firmware.ts';
import { run } from '../fixtures/scratch.ts';
import { temporaryFolder } from '../inputs/sandbox.ts';
import { hasTool } from '../tools.ts';
import { firmwareApk, INTEL, tarOf, type Entries } from './firmware-packages.ts';

const ORIGIN = { name: 'linux-firmware-intel', version: '20260221-r0', license: 'custom' };

/** In blocks that end where no member does. */
const reading = (bytes: Uint8Array, block = 1000): ReadPackage =>
  async function* () {
    for (let at = 0; at < bytes.length; at += block)
      yield await Promise.resolve(bytes.subarray(at, at + block));
  };

async function take(entries: Entries, ...wanted: string[]) {
  const { bytes } = await firmwareApk(ORIGIN.name, entries);
  return takeFirmware(reading(bytes), wanted, ORIGIN);
}

/** Paths with their text, without the text about the licence. */
const contents = ({ files }: Awaited<ReturnType<typeof take>>) =>
  Object.fromEntries(
    files
      .filter(({ path }) => !path.startsWith('LICENCE.'))
      .map(({ path, bytes }) => [path, Buffer.from(bytes).toString()]),
  );

describe('what is taken', () => {
  it('is there under the name that the driver asks for and the one it is stored under, packed as it is', async () => {
    const taken = await take(INTEL, 'iwlwifi-ty-a0-gf-a0-89.ucode', 'iwlwifi-ty-a0-gf-a0.pnvm');
    expect(contents(taken)).toEqual({
      'iwlwifi-ty-a0-gf-a0-89.ucode.zst': 'ucode 89',
      'intel/iwlwifi/iwlwifi-ty-a0-gf-a0-89.ucode.zst': 'ucode 89',
      'iwlwifi-ty-a0-gf-a0.pnvm.zst': 'pnvm',
      'intel/iwlwifi/iwlwifi-ty-a0-gf-a0.pnvm.zst': 'pnvm',
    });
    expect(taken).toMatchObject({ missing: [], elsewhere: [] });
  });

  it('of numbered files: the two greatest numbers, as numbers', async () => {
    const entries: Entries = [
      ...INTEL,
      ['iwlwifi-x-9.ucode', '9'],
      ['iwlwifi-x-100.ucode', '100'],
      ['iwlwifi-x-99.ucode', '99'],
      ['iwlwifi-x-101.ucode.d/file', 'no'],
      ['iwlwifi-x-c102.ucode', 'another'],
      ['iwlwifi-x-102.ucode', { link: 'nowhere' }],
    ];
    expect(Object.keys(contents(await take(INTEL, 'iwlwifi-ty-a0-gf-a0-*.ucode')))).toEqual([
      'intel/iwlwifi/iwlwifi-ty-a0-gf-a0-86.ucode.zst',
      'intel/iwlwifi/iwlwifi-ty-a0-gf-a0-89.ucode.zst',
      'iwlwifi-ty-a0-gf-a0-86.ucode.zst',
      'iwlwifi-ty-a0-gf-a0-89.ucode.zst',
    ]);
    const taken = await take(entries.slice(0, -1), 'iwlwifi-x-*.ucode');
    expect(contents(taken)).toEqual({ 'iwlwifi-x-100.ucode': '100', 'iwlwifi-x-99.ucode': '99' });
  });

  it('of names of which one is enough: all that there are', async () => {
    const taken = await take(INTEL, 'a.bin|iwlwifi-8000C-36.ucode', 'b.bin|c-*.bin', 'd.bin');
    expect(contents(taken)).toEqual({ 'iwlwifi-8000C-36.ucode': 'plain' });
    expect(taken.missing).toEqual(['b.bin', 'd.bin']);
  });

  it('may be in a directory of the package only, for a driver that names none', async () => {
    const path = 'iwlwifi-sc-a0-fm-c0-c101.ucode.zst';
    expect(contents(await take(INTEL, 'iwlwifi-sc-a0-fm-c0-c*.ucode'))).toEqual({
      [path]: 'without a link',
      [`intel/iwlwifi/${path}`]: 'without a link',
    });
    const twice: Entries = [
      ['a/x.bin', '1'],
      ['b/x.bin', '2'],
    ];
    expect((await take(twice, 'x.bin')).missing).toEqual(['x.bin']);
    expect((await take(twice, 'c/x.bin')).missing).toEqual(['c/x.bin']);
  });

  it('is found through links of links, linked directories and hard links, below usr/ too', async () => {
    const entries: Entries = [
      ['ath11k/WCN6855/hw2.1', { link: 'hw2.0' }],
      ['ath11k/WCN6855/hw2.0/amss.bin', 'amss'],
      ['ath11k/WCN6855/hw2.0/board-2.bin', { link: '/lib/firmware/ath11k/board' }],
      ['ath11k/board', { type: 'link', linkname: 'lib/firmware/ath11k/real' }],
      ['ath11k/real', 'board'],
      ['/usr/lib/firmware/rt3290.bin.xz', 'rt'],
    ];
    const hw = 'ath11k/WCN6855/hw2';
    expect(contents(await take(entries, `${hw}.1/amss.bin`, `${hw}.1/board-*.bin`, 'rt3290.bin'))).toEqual({
      [`${hw}.1/amss.bin`]: 'amss',
      [`${hw}.0/amss.bin`]: 'amss',
      [`${hw}.1/board-2.bin`]: 'board',
      'ath11k/real': 'board',
      'rt3290.bin.xz': 'rt',
    });
  });

  it('is nothing, and no licence text, when nothing is there', async () => {
    expect(await take(INTEL, 'rt3290.bin', 'x/y-*.bin')).toEqual({
      files: [],
      missing: ['rt3290.bin', 'x/y-*.bin'],
      elsewhere: [],
    });
  });

  it('a link into another package is said to lead there', async () => {
    const entries: Entries = [
      ['brcm/brcmfmac4356-pcie.bin.zst', { link: '../cypress/cyfmac4356-pcie.bin.zst' }],
    ];
    expect(await take(entries, 'brcm/brcmfmac4356-pcie.bin')).toEqual({
      files: [],
      missing: [],
      elsewhere: [{ name: 'brcm/brcmfmac4356-pcie.bin.zst', stored: 'cypress/cyfmac4356-pcie.bin.zst' }],
    });
  });

  it('has the licence beside it: what the package says, and the texts that it has', async () => {
    const entries: Entries = [
      ...INTEL,
      ['WHENCE', 'whence'],
      ['LICENSE.iwlwifi firmware', 'text'],
      ['intel/iwlwifi/notice.txt.zst', 'notice'],
      ['intel/other/notice.txt', 'not beside it'],
    ];
    const { files } = await take(entries, 'iwlwifi-8000C-36.ucode', 'iwlwifi-ty-a0-gf-a0.pnvm');
    const licences = files.filter(({ path }) => path.startsWith('LICENCE.'));
    expect(licences.map(({ path }) => path)).toEqual([
      'LICENCE.linux-firmware-intel',
      'LICENCE.linux-firmware-intel.LICENSE.iwlwifi_firmware',
      'LICENCE.linux-firmware-intel.WHENCE',
      'LICENCE.linux-firmware-intel.notice.txt.zst',
    ]);
    expect(Buffer.from(licences[0]!.bytes).toString()).toBe(
      'These files are from the package linux-firmware-intel 20260221-r0 of Alpine Linux, unchanged:\n' +
        '  intel/iwlwifi/iwlwifi-ty-a0-gf-a0.pnvm.zst\n' +
        '  iwlwifi-8000C-36.ucode\n' +
        '  iwlwifi-ty-a0-gf-a0.pnvm.zst\n' +
        'The package gives its licence as: custom\n' +
        'The licence of each file is told by WHENCE and the LICENCE files of linux-firmware:\n' +
        '  https://git.kernel.org/pub/scm/linux/kernel/git/firmware/linux-firmware.git\n',
    );
  });
});

describe.skipIf(!hasTool('tar'))('GNU tar unpacks the same (needs tar)', () => {
  /** The package unpacked by tar, and where its firmware is. */
  function unpacked(bytes: Uint8Array): string {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'x.apk'), bytes);
    mkdirSync(join(folder, 'root'));
    run('tar', ['-xzf', join(folder, 'x.apk'), '-C', join(folder, 'root')]);
    return join(folder, 'root/lib/firmware');
  }

  it('of a package like those of Alpine', async () => {
    const { bytes } = await firmwareApk(ORIGIN.name, INTEL);
    const wanted = ['iwlwifi-ty-a0-gf-a0-*.ucode', 'iwlwifi-ty-a0-gf-a0.pnvm', 'iwlwifi-8000C-36.ucode'];
    const { files, missing } = await takeFirmware(reading(bytes), wanted, ORIGIN);
    const below = unpacked(bytes);
    expect(missing).toEqual([]);
    expect(files).toHaveLength(8);
    for (const { path, bytes: taken } of files.filter((file) => !file.path.startsWith('LICENCE.')))
      expect(readFileSync(join(below, path)).equals(taken), path).toBe(true);
  });

  it('of packages of any files and links', async () => {
    const step = fc.constantFrom('a', 'b', 'c', 'd');
    const path = fc.array(step, { minLength: 1, maxLength: 3 }).map((steps) => steps.join('/'));
    const up = fc.constantFrom('', '', '../', '../../');
    const entry = fc.tuple(
      path,
      fc.oneof(fc.string(), fc.record({ link: fc.tuple(up, path).map((t) => t.join('')) })),
    );
    const names = ['a', 'b', 'a/b', 'b/a', 'c/d', 'a/b/c', 'd/c/b'];
    const to = (link: string) => ({ link });
    const FOUR: [string, string | ReturnType<typeof to>][] = [
      ['a/b/c', 'one'],
      ['b/a', to('../a/b/c')],
      ['c/d', 'two'],
      ['d', to('e')],
      ['e/c/b', to('../../c/d')],
    ];
    let compared = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(entry, { selector: ([name]) => name, maxLength: 8 }),
        async (entries) => {
          // What is a directory for one entry is no file or link for another: tar would refuse it or write through it.
          const clear = entries.filter(([name]) => !entries.some(([other]) => other.startsWith(`${name}/`)));
          const { bytes } = await firmwareApk(ORIGIN.name, [['keep', ''], ...clear]);
          const below = unpacked(bytes);
          for (const name of names) {
            const taken = await takeFirmware(reading(bytes), [name], ORIGIN).catch(() => undefined);
            const found = taken?.files.find((file) => file.path === name);
            const isFile = isFileAt(join(below, name));
            // A name without a directory may come from any of them.
            if (!isFile && !name.includes('/')) continue;
            expect(found !== undefined, name).toBe(isFile);
            if (!found) continue;
            expect(readFileSync(join(below, name)).equals(found.bytes)).toBe(true);
            compared++;
          }
        },
      ),
      // How many of the random ones have a file of these names is chance; this one has four.
      { numRuns: 40, examples: [[FOUR]] },
    );
    expect(compared).toBeGreaterThanOrEqual(4);
  });
});

/** False also for what is only reached through links in a circle. */
function isFileAt(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

describe('a package that no packer made', () => {
  const ring: Entries = [
    ['a', { link: 'b' }],
    ['b', { link: 'a' }],
  ];
  it.each<[string, Entries, RegExp]>([
    ['links in a circle', ring, /has links that lead in a circle: "a"/],
    ['a link to itself through a directory', [['a', { link: 'a/a' }]], /in a circle/],
    [
      'a link out of it',
      [['a', { link: '../../etc/shadow' }]],
      /a link that leads out of \/lib\/firmware: "a"/,
    ],
    ['an absolute link out of it', [['a', { link: '/etc/shadow' }]], /leads out of/],
    ['a link far above the top', [['a', { link: '../../../../../../lib/firmware/../x' }]], /leads out of/],
    ['a hard link out of it', [['a', { type: 'link', linkname: 'etc/shadow' }]], /leads out of/],
    ['a path with ..', [['x/../../../etc/passwd', '']], /a path that no package has/],
    ['a path with an empty step', [['x//y', '']], /a path that no package has/],
    [
      'a device',
      [['a', { type: 'character-device', devmajor: 1, devminor: 3 }]],
      /an entry that no firmware is/,
    ],
    ['a pipe', [['a', { type: 'fifo' }]], /an entry that no firmware is/],
    [
      'two files of one name',
      [
        ['a', '1'],
        ['a', '2'],
      ],
      /two entries of one name/,
    ],
    [
      'a file in a file',
      [
        ['a', '1'],
        ['a/b', '2'],
      ],
      /a file "a" with files in it/,
    ],
    ['a long name', [['a'.repeat(2000), '']], /a name with more than 1024 characters/],
    [
      'a file that is too large',
      [['a', Buffer.alloc((32 << 20) + 1)]],
      /a larger file than any firmware: .*, 33554433 bytes/,
    ],
  ])('%s', async (_, entries, message) => {
    const { bytes } = await firmwareApk(ORIGIN.name, entries);
    const error: unknown = await takeFirmware(reading(bytes), ['a'], ORIGIN).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ kind: 'verification', message: expect.stringMatching(message) as unknown });
    expect(String(error)).toContain('linux-firmware-intel-20260221-r0.apk has ');
  });

  it('a header that lies about its size, in both directions', async () => {
    const tar = await tarOf([
      ['a', 'x'.repeat(600)],
      ['b', 'y'],
    ]);
    const lying = (size: number): Buffer => {
      const copy = Buffer.from(tar);
      copy.write(size.toString(8).padStart(11, '0'), 124);
      copy.fill(' ', 148, 156);
      const sum = copy.subarray(0, 512).reduce((total, byte) => total + byte, 0);
      copy.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
      return gzipSync(copy);
    };
    for (const size of [0o7777777777, 100_000, 10])
      await expect(takeFirmware(reading(lying(size)), ['b'], ORIGIN)).rejects.toMatchObject({
        kind: 'verification',
      });
  });

  it('one that ends early, wherever, or is none at all', async () => {
    const { bytes } = await firmwareApk(ORIGIN.name, INTEL);
    const taking = (cut: Uint8Array) => takeFirmware(reading(cut), ['iwlwifi-8000C-36.ucode'], ORIGIN);
    for (const none of [Buffer.from('not a package'), gzipSync('not an archive'.repeat(100))])
      await expect(taking(none)).rejects.toMatchObject({ kind: 'verification' });
    const accepted: number[] = [];
    for (let length = 0; length < bytes.length; length++) {
      const taken = await taking(bytes.subarray(0, length)).catch((error: unknown) => error);
      if (taken instanceof Error) expect(taken).toMatchObject({ kind: 'verification' });
      else {
        accepted.push(length);
        expect(taken).toMatchObject({ files: [], missing: ['iwlwifi-8000C-36.ucode'] });
      }
    }
    // Where its second and its third stream begin; that these are missing is seen by the hash of the whole.
    const starts = accepted.map((length) => bytes.subarray(length, length + 3).toString('hex'));
    expect(starts).toEqual(['1f8b08', '1f8b08']);
  });

  it('what the disk says goes on as it is', async () => {
    const { bytes } = await firmwareApk(ORIGIN.name, INTEL);
    const trouble = new Error('the disk is gone');
    const failing: ReadPackage = async function* () {
      yield await Promise.resolve(bytes.subarray(0, 100));
      throw trouble;
    };
    await expect(takeFirmware(failing, ['x'], ORIGIN)).rejects.toBe(trouble);
  });
});

it('a package of 300 MB takes no memory of its size', async () => {
  const zeros = Buffer.alloc(30 << 20);
  const many = Array.from({ length: 10 }, (_, index): [string, Buffer] => [`other/${index}`, zeros]);
  const tar = gzipSync(await tarOf([...many, ['a.bin', 'wanted']]), { level: 1 });
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  const counting: ReadPackage = async function* () {
    for await (const chunk of reading(tar, 4096)()) {
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
      yield chunk;
    }
  };
  const { files } = await takeFirmware(counting, ['a.bin'], ORIGIN);
  expect(files.map(({ path }) => path)).toEqual(['LICENCE.linux-firmware-intel', 'a.bin']);
  expect(most).toBeLessThan(64 << 20);
});
