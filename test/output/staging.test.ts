import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { fileOf } from '../../generators/formats/tree.ts';
import { newOwnedName } from '../../generators/disk/owner.ts';
import { temporaryFolder } from '../inputs/sandbox.ts';
import {
  addData,
  NAME,
  OLD_DATA,
  openSample,
  publishSample,
  sampleBundle,
  sampleTar,
  stateOf,
  MACHINE_DATA,
} from './sample.ts';

const modeOf = (path: string): number => statSync(path).mode & 0o7777;

it('puts folder and tar into a folder that was not there, with modes that no umask changes', async () => {
  const out = join(temporaryFolder(), 'a/b');
  const umask = process.umask(0o077);
  try {
    await publishSample(out, 'one', { site: true });
  } finally {
    process.umask(umask);
  }
  expect(stateOf(out)).toEqual({ bundle: 'one', tar: 'one', data: { 'site.img': 'one' }, litter: [] });
  const modes = ['', 'snippets', 'snippets/deep', 'run', 'a.txt', 'data', 'data/site.img', '../sample.tar'];
  expect(modes.map((path) => modeOf(join(out, NAME, path)))).toEqual([
    0o755, 0o755, 0o755, 0o755, 0o644, 0o700, 0o600, 0o644,
  ]);
  expect(statSync(join(out, NAME, 'data/site.img')).size).toBe(1000);
});

it('nothing is changed before publish, and a discarded staging leaves nothing', async () => {
  const out = temporaryFolder();
  await publishSample(out, 'one');
  const staging = await openSample(out);
  await staging.write(sampleBundle('two'), sampleTar('two'));
  expect(stateOf(out)).toMatchObject({ bundle: 'one', tar: 'one' });
  expect(modeOf(join(staging.folder, '..'))).toBe(0o700);
  await staging.discard();
  expect(stateOf(out)).toEqual({ bundle: 'one', tar: 'one', data: {}, litter: [] });

  const fresh = join(out, 'not/there');
  await (await openSample(fresh)).discard();
  expect(existsSync(join(out, 'not'))).toBe(false);
});

it('of the old bundle, data/ alone is kept, and only site.img in it is replaced', async () => {
  const out = temporaryFolder();
  await publishSample(out, 'one');
  addData(out);
  writeFileSync(join(out, NAME, 'extra.txt'), 'mine');
  await publishSample(out, 'two');
  expect(stateOf(out)).toEqual({ bundle: 'two', tar: 'two', data: OLD_DATA, litter: [] });
  expect(existsSync(join(out, NAME, 'extra.txt'))).toBe(false);
  await publishSample(out, 'three', { site: true });
  expect(stateOf(out)).toMatchObject({ bundle: 'three', data: { ...MACHINE_DATA, 'site.img': 'three' } });
  expect(modeOf(join(out, NAME, 'data/site.img'))).toBe(0o600);
});

it('large runs of zeros are holes', async () => {
  const out = temporaryFolder();
  const bytes = Buffer.alloc(4 << 20);
  bytes.write('end', bytes.length - 3);
  const staging = await openSample(out);
  await staging.write({ ...sampleBundle('one'), files: [fileOf('hole', bytes)] }, bytes);
  const { size, blocks } = statSync(join(staging.folder, 'hole'));
  await staging.discard();
  expect(size).toBe(bytes.length);
  expect(blocks * 512).toBeLessThan(bytes.length / 2);
});

it('many builds of one name at once all succeed, and the data is in what the last one left', async () => {
  const out = temporaryFolder();
  await publishSample(out, 'first');
  addData(out);
  const marks = Array.from({ length: 12 }, (_, index) => `mark${index}`);
  for (let round = 0; round < 3; round++) {
    await Promise.all(marks.map((mark) => publishSample(out, mark, { site: true })));
    const { bundle, tar, data, litter } = stateOf(out);
    expect(marks).toContain(bundle);
    expect({ tar, data, litter }).toEqual({
      tar: bundle,
      data: { ...MACHINE_DATA, 'site.img': bundle },
      litter: [],
    });
  }
});

it('many first builds of one name at once all succeed, too', async () => {
  for (let round = 0; round < 5; round++) {
    const out = join(temporaryFolder(), 'not/there/yet');
    const marks = Array.from({ length: 6 }, (_, index) => `mark${index}`);
    await Promise.all(marks.map((mark) => publishSample(out, mark, { site: true })));
    const { bundle, data, litter } = stateOf(out);
    expect(marks).toContain(bundle);
    expect({ data, litter }).toEqual({ data: { 'site.img': bundle }, litter: [] });
  }
});

it("leaves the work folders of others alone: live ones, another machine's (with a warning), other names'", async () => {
  const out = temporaryFolder();
  const others = [
    `.${NAME}.work.some-other-host.1.0123abcd`,
    `.${NAME}.x.work.some-other-host.1.0123abcd`,
    `.${NAME}.work.mine`,
    `.${NAME}.work`,
  ];
  const foreign = join(out, others[0]!);
  for (const name of others) mkdirSync(join(out, name));
  const live = await openSample(out);
  const warnings: string[] = [];
  const mine = await openSample(out, warnings);
  await mine.write(sampleBundle('one'), sampleTar('one'));
  await mine.publish();
  expect(readdirSync(join(live.folder, '..'))).toEqual(['new']);
  await live.discard();
  expect(stateOf(out).litter.toSorted()).toEqual(others.toSorted());
  expect(warnings).toEqual([expect.stringContaining(`${foreign} belongs to a build on another machine`)]);
});

/** The path of a work folder whose process has ended. */
function deadWork(out: string): string {
  const name = newOwnedName(`.${NAME}.work`);
  return join(out, name.replace(`.${process.pid}.`, `.${spawnSync('true').pid}.`));
}

it('data in two places is refused with both named, and nothing of it is touched', async () => {
  const out = temporaryFolder();
  await publishSample(out, 'one');
  addData(out);
  const old = join(deadWork(out), 'old/data');
  mkdirSync(old, { recursive: true });
  writeFileSync(join(old, 'state.img'), 'older');
  await expect(openSample(out)).rejects.toMatchObject({
    kind: 'disk',
    message: expect.stringMatching(/two places: .*old\/data and .*sample\/data$/) as string,
  });
  const { litter, ...rest } = stateOf(out);
  expect(rest).toMatchObject({ bundle: 'one', data: OLD_DATA });
  expect(readFileSync(join(out, litter[0]!, 'old/data/state.img'), 'utf8')).toBe('older');
});

it('while a build on another machine holds the old bundle, its place is not filled, and data stays safe', async () => {
  const out = temporaryFolder();
  await publishSample(out, 'one');
  addData(out);
  const foreign = join(out, `.${NAME}.work.some-other-host.1.0123abcd`);
  mkdirSync(foreign);
  renameSync(join(out, NAME), join(foreign, 'old'));
  const staging = await openSample(out);
  await staging.write(sampleBundle('two'), sampleTar('two'));
  await expect(staging.publish()).rejects.toMatchObject({
    kind: 'disk',
    message: `${join(out, NAME)} is missing, and ${foreign}/old/data is the data of this machine: a build did not end`,
  });
  await staging.discard();
  expect(stateOf(out)).toMatchObject({
    bundle: undefined,
    tar: 'one',
    litter: [`.${NAME}.work.some-other-host.1.0123abcd`],
  });
  // As the hint says.
  renameSync(join(foreign, 'old'), join(out, NAME));
  rmdirSync(foreign);
  await publishSample(out, 'two');
  expect(stateOf(out)).toEqual({ bundle: 'two', tar: 'two', data: OLD_DATA, litter: [] });
});
