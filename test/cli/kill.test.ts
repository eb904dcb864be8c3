import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { verifyBundle } from '../../generators/verify/verify.ts';
import { airhive, start } from './command.ts';
import { folderWith, profileText } from './projects.ts';

const KILLS = 26;

const build = (folder: string): string[] => [
  'build',
  '--offline',
  '--quiet',
  '--profile',
  `./${folder}/x.yaml`,
];
const { signal } = new AbortController();

/** Two profiles of one name, whose bundles differ in every list of digests. */
function folderWithProfiles(): string {
  const cwd = folderWith({});
  for (const name of ['one', 'two']) {
    mkdirSync(join(cwd, name));
    const alpine = { release: '3.24.1', mirrors: [`https://${name}.example/alpine`] };
    writeFileSync(join(cwd, name, 'x.yaml'), profileText({ alpine }));
  }
  return cwd;
}

/** Directory and tar are right, and nothing happened to the site image. */
async function expectWhole(cwd: string): Promise<void> {
  for (const path of ['dist/x', 'dist/x.tar'])
    await verifyBundle(join(cwd, path), { public: false, shown: path, signal });
  expect(readFileSync(join(cwd, 'dist/x.site.img'), 'utf8')).toBe('of the machine');
}

it('killed by SIGKILL at any moment of a build, the old bundle stays whole, and the next build works', async () => {
  const cwd = folderWithProfiles();
  await airhive(build('one'), { cwd });
  writeFileSync(join(cwd, 'dist/x.site.img'), 'of the machine');
  let killed = 0;
  let repaired = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    const child = start(build(kill % 2 === 0 ? 'two' : 'one'), { cwd });
    // Most of a build is spent before it touches the disk, so most kills come after that. No proof rests on the time.
    if (kill % 5 > 0) {
      const looks = () => readdirSync(join(cwd, 'dist')).some((name) => name.startsWith('.x.'));
      while (child.process.exitCode === null && !looks()) await setTimeout(1);
    }
    await setTimeout(Math.random() * 50);
    child.process.kill('SIGKILL');
    if ((await child.ended).signal === 'SIGKILL') killed++;
    try {
      await expectWhole(cwd);
    } catch {
      // Killed in the moment in which one bundle is gone and the other not there yet.
      repaired++;
      expect(await airhive(build('one'), { cwd })).toMatchObject({ code: 0 });
      await expectWhole(cwd);
    }
  }
  expect(killed).toBeGreaterThan(KILLS / 2);
  expect(repaired).toBeLessThan(KILLS / 2);
  expect(await airhive(build('one'), { cwd })).toMatchObject({
    code: 0,
    stdout: 'dist/x/\ndist/x.tar\ndist/x.pkg\n',
  });
  await expectWhole(cwd);
  expect(readdirSync(join(cwd, 'dist')).sort()).toEqual(['x', 'x.pkg', 'x.site.img', 'x.tar']);
});

it('three builds of one name at once all succeed, and directory and tar belong together', async () => {
  const cwd = folderWithProfiles();
  const ends = await Promise.all(['one', 'two', 'one'].map((name) => airhive(build(name), { cwd })));
  expect(ends.map(({ code }) => code)).toEqual([0, 0, 0]);
  writeFileSync(join(cwd, 'dist/x.site.img'), 'of the machine');
  const again = await Promise.all(['two', 'one', 'two'].map((name) => airhive(build(name), { cwd })));
  expect(again.map(({ code }) => code)).toEqual([0, 0, 0]);
  await expectWhole(cwd);
  const manifest = readFileSync(join(cwd, 'dist/x/manifest.json'));
  expect(readFileSync(join(cwd, 'dist/x.tar')).includes(manifest)).toBe(true);
  expect(readdirSync(join(cwd, 'dist')).sort()).toEqual(['x', 'x.pkg', 'x.site.img', 'x.tar']);
});
