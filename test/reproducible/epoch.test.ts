import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { APKOVL, VDISK } from '../../generators/bundle/bundle.ts';
import { readFat } from '../fixtures/fat-reader.ts';
import { digestsOf, makeBundle, type Built } from './reference.ts';

const bytesAt = (built: Built, path: string) =>
  Buffer.from(built.bundle.files.find((file) => file.path === path)!.bytes);
const overlayOf = (built: Built) => gunzipSync(bytesAt(built, APKOVL));
const vdiskTime = (built: Built) => readFat(bytesAt(built, VDISK)).files[0]?.time;

/** Where the headers of a tar start. */
const headersOf = (tar: Buffer): number[] =>
  Array.from({ length: tar.length / 512 }, (_, block) => block * 512).filter(
    (at) => tar.toString('latin1', at + 257, at + 262) === 'ustar',
  );

/** A tar without its dates and the header sums that follow from them. */
function undated(tar: Buffer): Buffer {
  for (const at of headersOf(tar)) tar.fill(0, at + 136, at + 156);
  return tar;
}

const RELEASE_DAY = 1781308800;

describe('the epoch', () => {
  it('is the day of the release when nobody sets one', async () => {
    const { bundle, ...rest } = await makeBundle();
    expect(bundle.epoch).toBe(RELEASE_DAY);
    expect(vdiskTime({ bundle, ...rest })).toBe(RELEASE_DAY);
    expect(digestsOf({ bundle, ...rest })).toEqual(
      digestsOf(await makeBundle({ epoch: String(RELEASE_DAY) })),
    );
  });

  it.each([
    ['0', 315532800],
    ['315532799', 315532800],
    ['315532800', 315532800],
    ['1700000001', 1700000000],
    ['2147483647', 2147483646],
  ])('%s is taken as it is in tar, and as near as FAT can hold it', async (epoch, time) => {
    const built = await makeBundle({ epoch });
    const header = overlayOf(built).toString('latin1', 136, 147);
    expect(Number.parseInt(header, 8)).toBe(Number(epoch));
    expect(vdiskTime(built)).toBe(time);
  });

  it('of 0 is no other than 0 is: two builds agree, and none is of today', async () => {
    const [one, other] = [await makeBundle({ epoch: '0' }), await makeBundle({ epoch: '0' })];
    expect(digestsOf(one)).toEqual(digestsOf(other));
    const tar = overlayOf(one);
    const dates = headersOf(tar).map((at) => tar.toString('latin1', at + 136, at + 148));
    expect(dates.length).toBeGreaterThan(20);
    expect(new Set(dates)).toEqual(new Set(['00000000000 ']));
  });

  it('counts as not set when it is empty', async () => {
    const [unset, empty] = [await makeBundle(), await makeBundle({ epoch: '' })];
    expect(digestsOf(empty)).toEqual(digestsOf(unset));
  });

  it('changes dates and nothing else', async () => {
    const [one, other] = [await makeBundle(), await makeBundle({ epoch: '1700000000' })];
    expect(undated(overlayOf(one)).equals(undated(overlayOf(other)))).toBe(true);
    const changed = one.bundle.files.filter(({ path, bytes }) => !bytesAt(other, path).equals(bytes));
    expect(changed.map(({ path }) => path)).toEqual([
      'SHA256SUMS',
      APKOVL,
      VDISK,
      'manifest.json',
      'overview.html',
      'sbom.cdx.json',
    ]);
  });

  it.each(['-1', '1.5', '01', 'now', '2147483648', '4102444800'])('%j is refused', async (epoch) => {
    await expect(makeBundle({ epoch })).rejects.toMatchObject({ kind: 'usage' });
  });
});
