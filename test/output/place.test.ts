import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { placeIso } from '../../generators/output/place.ts';
import { generatedBytes } from '../mirror/mirror.ts';
import { hasTool } from '../tools.ts';

const BYTES = generatedBytes(100_000);
const SHARED_MEMORY = '/dev/shm';

function folderIn(parent: string): string {
  const folder = mkdtempSync(join(parent, 'airhive-place-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function cachedFile(mode = 0o444): { folder: string; from: string; to: string } {
  const folder = folderIn(tmpdir());
  const from = join(folder, 'from');
  writeFileSync(from, BYTES);
  chmodSync(from, mode);
  return { folder, from, to: join(folder, 'to') };
}

function deviceOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.dev;
}

it('a read-only file gets a second name, or shares its blocks, and costs no space', async () => {
  const { from, to } = cachedFile();
  const placement = await placeIso(from, to);
  expect(['reflink', 'link']).toContain(placement);
  if (placement === 'link') expect(statSync(to).ino).toBe(statSync(from).ino);
  expect(readFileSync(to).equals(BYTES)).toBe(true);
  expect(statSync(to).mode & 0o777).toBe(0o444);
});

it("the user's own file keeps its mode, and what is written to it later stays in it", async () => {
  const { from, to } = cachedFile(0o640);
  expect(['reflink', 'copy']).toContain(await placeIso(from, to));
  writeFileSync(from, 'changed');
  expect(statSync(from).mode & 0o777).toBe(0o640);
  expect(readFileSync(to).equals(BYTES)).toBe(true);
  expect(statSync(to).mode & 0o777).toBe(0o444);
});

it.skipIf([undefined, deviceOf(tmpdir())].includes(deviceOf(SHARED_MEMORY)))(
  'on another file system it is a copy (needs /dev/shm on another device)',
  async () => {
    const { from } = cachedFile();
    const to = join(folderIn(SHARED_MEMORY), 'to');
    expect(await placeIso(from, to)).toBe('copy');
    expect(readFileSync(to).equals(BYTES)).toBe(true);
    expect(statSync(to).mode & 0o777).toBe(0o444);
    expect(statSync(from).mode & 0o777).toBe(0o444);
  },
);

it('a place that is taken, or in no folder, is a disk error, and nothing changes', async () => {
  const { folder, from, to } = cachedFile();
  writeFileSync(to, 'mine');
  await expect(placeIso(from, to)).rejects.toMatchObject({ kind: 'disk' });
  expect(readFileSync(to, 'utf8')).toBe('mine');
  await expect(placeIso(from, join(folder, 'none/to'))).rejects.toMatchObject({
    kind: 'disk',
    message: expect.stringContaining('none/to') as string,
  });
  expect(readdirSync(folder).sort()).toEqual(['from', 'to']);
});

// A real full disk: a tmpfs of 64 KiB in a mount namespace, which only the superuser may make.
const canMount = hasTool('unshare') && spawnSync('unshare', ['-m', 'true']).status === 0;
it.skipIf(!canMount)(
  'a full disk is a disk error and leaves no file (needs unshare and the superuser)',
  async () => {
    const { build } = await import('esbuild');
    const { folder, from } = cachedFile();
    const program = join(folder, 'place.mjs');
    const place = join(import.meta.dirname, '../../generators/output/place.ts');
    const source = `import { placeIso } from ${JSON.stringify(place)};
    await placeIso(process.argv[2], process.argv[3]).then(console.log, (error) => console.log(error.kind, error.message));`;
    const stdin = { contents: source, resolveDir: folder };
    await build({ stdin, outfile: program, bundle: true, platform: 'node', format: 'esm' });
    const small = join(folder, 'small');
    mkdirSync(small);
    const script = 'mount -t tmpfs -o size=64k none "$1" && "$2" "$3" "$4" "$1/to" && ls -A "$1"';
    const args = ['-m', 'sh', '-c', script, 'sh', small, process.execPath, program, from];
    expect(execFileSync('unshare', args, { encoding: 'utf8' })).toBe(
      `disk cannot copy ${from} to ${small}/to: no space left on the device\n`,
    );
  },
);
