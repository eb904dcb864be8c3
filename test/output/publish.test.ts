import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { newOwnedName } from '../../generators/disk.ts';
import { fileOf } from '../../generators/formats/tree.ts';
import { FakeClock } from '../inputs/clock.ts';
import { temporaryFolder } from '../inputs/sandbox.ts';
import { OLD_STATE, publishedFolder } from './published.ts';
import { NAME, openSample, publishSample, sampleBeside, sampleFiles, stateOf } from './sample.ts';

const modeOf = (path: string): number => statSync(path).mode & 0o7777;
const PUBLISHING = `.${NAME}.publish`;

it('puts bundle, tar and site image into a directory that was not there, with modes that no umask changes', async () => {
  const out = join(temporaryFolder(), 'a/b');
  const umask = process.umask(0o077);
  try {
    await publishSample(out, 'one', { site: true });
  } finally {
    process.umask(umask);
  }
  expect(stateOf(out)).toEqual({ bundle: 'one', tar: 'one', pkg: 'one', site: 'one', litter: [] });
  const modes = [
    '',
    'snippets',
    'snippets/deep',
    'run',
    'a.txt',
    '../sample.tar',
    '../sample.pkg',
    '../sample.site.img',
  ];
  expect(modes.map((path) => modeOf(join(out, NAME, path)))).toEqual([
    0o755, 0o755, 0o755, 0o755, 0o644, 0o644, 0o644, 0o600,
  ]);
});

it('nothing is changed before publish, and a discarded one leaves nothing', async () => {
  const out = await publishedFolder();
  const publication = await openSample(out);
  await publication.write(sampleFiles('two'), sampleBeside('two', Buffer.from('site two')));
  expect(stateOf(out)).toMatchObject({ ...OLD_STATE, litter: [expect.any(String)] });
  expect(modeOf(join(publication.directory, '..'))).toBe(0o700);
  expect(modeOf(join(publication.directory, '../site.img'))).toBe(0o600);
  await publication.discard();
  expect(stateOf(out)).toEqual(OLD_STATE);

  const fresh = join(out, 'not/there');
  await (await openSample(fresh)).discard();
  expect(existsSync(join(out, 'not'))).toBe(false);
});

it('of the old bundle nothing is kept; the site image stays until there is a new one', async () => {
  const out = await publishedFolder();
  writeFileSync(join(out, NAME, 'extra.txt'), 'old');
  await publishSample(out, 'two');
  expect(stateOf(out)).toEqual({ bundle: 'two', tar: 'two', pkg: 'two', site: 'one', litter: [] });
  expect(existsSync(join(out, NAME, 'extra.txt'))).toBe(false);
  await publishSample(out, 'three', { site: true });
  expect(stateOf(out)).toEqual({ bundle: 'three', tar: 'three', pkg: 'three', site: 'three', litter: [] });
});

it('large runs of zeros are holes', async () => {
  const out = temporaryFolder();
  const bytes = Buffer.alloc(4 << 20);
  bytes.write('end', bytes.length - 3);
  const publication = await openSample(out);
  await publication.write([fileOf('hole', bytes)], sampleBeside('hole'));
  const { size, blocks } = statSync(join(publication.directory, 'hole'));
  await publication.discard();
  expect(size).toBe(bytes.length);
  expect(blocks * 512).toBeLessThan(bytes.length / 2);
});

describe('builds of one name at once', () => {
  it.each([
    ['many', () => publishedFolder()],
    ['many first ones', () => Promise.resolve(join(temporaryFolder(), 'not/there/yet'))],
  ])('%s: all succeed, and what stays is all of one', async (_, folder) => {
    const out = await folder();
    const marks = Array.from({ length: 12 }, (_, index) => `mark${index}`);
    for (let round = 0; round < 3; round++) {
      await Promise.all(marks.map((mark) => publishSample(out, mark, { site: true })));
      const { bundle } = stateOf(out);
      expect(marks).toContain(bundle);
      expect(stateOf(out)).toEqual({ bundle, tar: bundle, pkg: bundle, site: bundle, litter: [] });
    }
  });

  it("leave the directories of others alone: live ones, another machine's (with a warning), other names'", async () => {
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
    await publishSample(out, 'one', { warnings });
    expect(readdirSync(join(live.directory, '..'))).toEqual(['new']);
    await live.discard();
    expect(stateOf(out).litter.toSorted()).toEqual(others.toSorted());
    expect(warnings).toEqual([expect.stringContaining(`${foreign} belongs to a build on another machine`)]);
  });

  it.each([
    ['this machine', newOwnedName('owner')],
    ['another machine', 'owner.some-other-host.1.01234567'],
    ['somebody', 'owner.of something else'],
  ])('of which one, on %s, is for long about to replace the bundle: an error names it', async (_, holder) => {
    const out = await publishedFolder();
    mkdirSync(join(out, PUBLISHING));
    writeFileSync(join(out, PUBLISHING, holder), '');
    const clock = new FakeClock();
    await expect(publishSample(out, 'two', { clock })).rejects.toMatchObject({
      kind: 'disk',
      message: `another build is putting ${join(out, NAME)} in place, as ${join(out, PUBLISHING, holder)} says`,
    });
    expect(clock.monotonic()).toBeGreaterThan(5_000);
    expect(stateOf(out)).toEqual({ ...OLD_STATE, litter: [PUBLISHING] });
    expect(readdirSync(join(out, PUBLISHING))).toEqual([holder]);
  });
});

/** The name of something whose process has ended. */
function deadName(prefix: string): string {
  return newOwnedName(prefix).replace(`.${process.pid}.`, `.${spawnSync('true').pid}.`);
}

describe('what a killed build left', () => {
  it('in the middle of publishing is put in place by one of several builds, before their own', async () => {
    const out = await publishedFolder();
    const killed = join(out, PUBLISHING);
    mkdirSync(killed);
    renameSync(join(out, NAME), join(killed, 'old'));
    writeFileSync(join(killed, deadName('owner')), '');
    const other = await publishedFolder('two');
    renameSync(join(other, NAME), join(killed, 'new'));
    renameSync(join(other, `${NAME}.tar`), join(killed, 'tar'));
    renameSync(join(other, `${NAME}.pkg`), join(killed, 'pkg'));
    await Promise.all([0, 1, 2, 3].map(async () => (await openSample(out)).discard()));
    expect(stateOf(out)).toEqual({ bundle: 'two', tar: 'two', pkg: 'two', site: 'one', litter: [] });
  });

  it('of which nobody says whose it is, and which is empty, is no hindrance', async () => {
    const out = await publishedFolder();
    mkdirSync(join(out, PUBLISHING));
    await publishSample(out, 'two');
    expect(stateOf(out)).toEqual({ bundle: 'two', tar: 'two', pkg: 'two', site: 'one', litter: [] });
  });
});

describe('the data of a machine that ran a bundle in its place', () => {
  /** Its path, in a directory. */
  function addData(folder: string): string {
    const data = join(folder, 'data');
    mkdirSync(join(data, 'keys'), { recursive: true });
    writeFileSync(join(data, 'state.img'), 'state');
    return data;
  }
  const isThere = (data: string): boolean => readFileSync(join(data, 'state.img'), 'utf8') === 'state';

  it('stops the build, which says where it lies and what to do, and changes nothing', async () => {
    const out = await publishedFolder();
    const data = addData(join(out, NAME));
    await expect(publishSample(out, 'two')).rejects.toMatchObject({
      kind: 'disk',
      message: `${data} is the data of a machine (networks, keys, state), and a build replaces all of ${join(out, NAME)}; nothing was changed`,
      hint: expect.stringContaining(`mv ${data} ${join(out, NAME)}.data\n`) as string,
    });
    expect(stateOf(out)).toEqual(OLD_STATE);
    expect(isThere(data)).toBe(true);
    // As the hint says.
    renameSync(data, join(out, `${NAME}.data`));
    await publishSample(out, 'two');
    expect(stateOf(out)).toEqual({
      bundle: 'two',
      tar: 'two',
      pkg: 'two',
      site: 'one',
      litter: [`${NAME}.data`],
    });
  });

  it('stops it too when it came while the build was at work', async () => {
    const out = await publishedFolder();
    const publication = await openSample(out);
    await publication.write(sampleFiles('two'), sampleBeside('two'));
    const data = addData(join(out, NAME));
    await expect(publication.publish()).rejects.toMatchObject({ kind: 'disk' });
    await publication.discard();
    expect(stateOf(out)).toEqual(OLD_STATE);
    expect(isThere(data)).toBe(true);
  });

  it.each(['old', 'new'])(
    'in the directory "%s" of a build that was killed is not removed',
    async (where) => {
      const out = await publishedFolder();
      const left = deadName(`.${NAME}.work`);
      addData(join(out, left, where));
      const warnings: string[] = [];
      await publishSample(out, 'two', { warnings });
      const { litter, ...rest } = stateOf(out);
      expect(rest).toEqual({ bundle: 'two', tar: 'two', pkg: 'two', site: 'one' });
      expect(litter).toHaveLength(1);
      const data = join(out, litter[0]!, where, 'data');
      expect(warnings).toEqual([
        `${data} is the data of a machine and was left there; move it away, then remove ${join(out, litter[0]!)}`,
      ]);
      expect(isThere(data)).toBe(true);
    },
  );
});
