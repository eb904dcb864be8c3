import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sha256File from 'sha256-file';
import { expect, it } from 'vitest';
import { hashFile } from '../../generators/inputs/hash.ts';
import { generatedBytes } from '../mirror/mirror.ts';
import { temporaryFolder } from './sandbox.ts';

const MIB = 1 << 20;

it('hashes the test vectors of FIPS 180-2', async () => {
  const path = join(temporaryFolder(), 'file');
  writeFileSync(path, 'abc');
  expect(await hashFile(path)).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  writeFileSync(path, '');
  expect(await hashFile(path)).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
});

it.each([1, MIB - 1, MIB, MIB + 1, 2 * MIB, 3 * MIB + 7])(
  'agrees with sha256-file on %i bytes',
  async (size) => {
    const path = join(temporaryFolder(), 'file');
    writeFileSync(path, generatedBytes(size));
    const other = await new Promise((resolve) => sha256File(path, (_, sum) => resolve(sum)));
    expect(await hashFile(path)).toBe(other);
  },
);

it('names a file that cannot be read', async () => {
  const folder = temporaryFolder();
  await expect(hashFile(join(folder, 'none'))).rejects.toMatchObject({
    kind: 'disk',
    message: `cannot read ${folder}/none: no such file or directory`,
  });
  await expect(hashFile(folder)).rejects.toMatchObject({
    kind: 'disk',
    message: `cannot read ${folder}: it is a directory`,
  });
});

it('stops when the signal fires', async () => {
  const path = join(temporaryFolder(), 'file');
  writeFileSync(path, generatedBytes(MIB));
  const reason = new Error('enough');
  await expect(hashFile(path, AbortSignal.abort(reason))).rejects.toBe(reason);
});
