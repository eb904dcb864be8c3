import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, it, vi } from 'vitest';
import { temporaryFolder } from '../inputs/sandbox.ts';
import { buildPublisher } from './child/build.ts';
import { runDisturbed, runFailing, runMortal } from './mortal-disk.ts';
import { publishedFolder } from './published.ts';
import { openSample, publishSample, stateOf } from './sample.ts';

vi.mock('node:fs/promises', async (original) =>
  (await import('./mortal-disk.ts')).mortalFs(await original()),
);
vi.mock('node:process', async (original) =>
  (await import('./mortal-disk.ts')).mortalProcess(await original()),
);

// Hundreds of builds, of which each waits for the disk: on a busy machine that takes a while.
vi.setConfig({ testTimeout: 120_000 });

function copyOf(folder: string): string {
  const out = temporaryFolder();
  cpSync(folder, out, { recursive: true });
  return out;
}

/** Ends the build after no change of the disk, after one, and so on, until it comes to its own end. Counts the ends. */
async function endEverywhere(
  folder: string,
  build: (out: string) => Promise<void>,
  check: (out: string) => Promise<void>,
): Promise<number> {
  for (let calls = 0; ; calls++) {
    const out = copyOf(folder);
    if (!(await runMortal(calls, () => build(out)))) return calls;
    await check(out);
  }
}

/** After a build that was killed: all of the old one or all of the new one, once the next build has looked. */
async function expectRecovered(out: string, old: string | undefined): Promise<void> {
  const killed = stateOf(out);
  if (killed.bundle !== undefined) expect([old, 'new']).toContain(killed.bundle);
  await (await openSample(out)).discard();
  const state = stateOf(out);
  expect([old, 'new']).toContain(state.bundle);
  expect(state).toEqual({
    bundle: state.bundle,
    tar: state.bundle,
    pkg: state.bundle,
    site: state.bundle,
    litter: [],
  });
}

/** The same; and the next build works. */
async function expectRepaired(out: string, old: string | undefined): Promise<void> {
  await expectRecovered(out, old);
  const { site } = stateOf(out);
  await publishSample(out, 'next');
  expect(stateOf(out)).toEqual({ bundle: 'next', tar: 'next', pkg: 'next', site, litter: [] });
}

/** The next build, at once. */
async function expectReplaced(out: string): Promise<void> {
  await publishSample(out, 'next', { site: true });
  expect(stateOf(out)).toEqual({ bundle: 'next', tar: 'next', pkg: 'next', site: 'next', litter: [] });
}

const publishNew = (out: string): Promise<void> => publishSample(out, 'new', { site: true });

it('killed before any change of the disk, a build leaves the old bundle or the new one', async () => {
  const points = await endEverywhere(await publishedFolder('old'), publishNew, async (out) => {
    const twin = copyOf(out);
    await expectRepaired(out, 'old');
    await expectReplaced(twin);
  });
  expect(points).toBeGreaterThan(25);
});

it('killed before any change of the disk, a first build leaves nothing or the new bundle', async () => {
  const points = await endEverywhere(temporaryFolder(), publishNew, (out) => expectRepaired(out, undefined));
  expect(points).toBeGreaterThan(25);
});

it('killed while it puts right what a killed build left, a build can be put right itself', async () => {
  const states: string[] = [];
  let last = 'old';
  await endEverywhere(await publishedFolder('old'), publishNew, (out) => {
    // Each different stage of the swap, once.
    const { bundle, tar, pkg, site, litter } = stateOf(out);
    const stage = JSON.stringify([bundle, tar, pkg, site, litter.length, litter[0]?.includes('publish')]);
    if (stage !== last) states.push(out);
    last = stage;
    return Promise.resolve();
  });
  expect(states.length).toBeGreaterThan(5);
  for (const state of states) {
    const recover = async (out: string): Promise<void> => (await openSample(out)).discard();
    await endEverywhere(state, recover, (out) => expectRecovered(out, 'old'));
  }
});

it('a change of the disk that fails, whichever it is, leaves the old bundle or the new one', async () => {
  const folder = await publishedFolder('old');
  const endings: string[] = [];
  for (let calls = 0; ; calls++) {
    const out = copyOf(folder);
    const end = await runFailing(calls, () => publishNew(out));
    if (end === undefined) break;
    endings.push(end);
    const failed = stateOf(out);
    // What fails when all is in place, such as the removal of what is left beside, changes nothing any more.
    if (end === 'done') expect(failed.bundle).toBe('new');
    if (failed.bundle === 'new') expect(failed).toMatchObject({ tar: 'new', pkg: 'new', site: 'new' });
    else expect(failed.bundle).toBe('old');
    await (await openSample(out)).discard();
    expect(stateOf(out)).toEqual({ ...failed, litter: [] });
    await expectReplaced(out);
  }
  expect(endings.filter((end) => end === 'disk').length).toBeGreaterThan(20);
  expect(endings.filter((end) => end !== 'disk' && end !== 'done')).toEqual([]);
});

it('a build that was taken for dead does not end the publication of the one that took over', async () => {
  const folder = await publishedFolder('old');
  const theirs = 'owner.some-other-host.1.01234567';
  for (let calls = 0; ; calls++) {
    const out = copyOf(folder);
    const publishing = join(out, '.sample.publish');
    const steal = (): void => {
      if (!existsSync(publishing)) return;
      const mine = readdirSync(publishing).find((name) => name.startsWith('owner.'));
      renameSync(join(publishing, mine!), join(publishing, theirs));
    };
    expect(await runDisturbed(calls, () => publishNew(out), steal)).toBe(true);
    // Until it begins to put things in place there is nothing to take over.
    if (stateOf(out).litter.length === 0) continue;
    expect(readdirSync(publishing)).toContain(theirs);
    break;
  }
});

it('builds of one name that are killed by SIGKILL while others go on leave one whole bundle', async () => {
  const out = await publishedFolder('old');
  const program = await buildPublisher(temporaryFolder());
  for (let round = 0; round < 4; round++) {
    const rivals = [0, 1, 2, 3].map((index) =>
      spawn(process.execPath, [program, 'loop', out, `round${round}-${index}`], {
        stdio: ['ignore', 'ignore', 'inherit'],
      }),
    );
    const ends = rivals.map((rival) => once(rival, 'exit'));
    // No proof rests on these times: whatever happened in them must be put right.
    await setTimeout(150 + Math.random() * 100);
    for (const rival of rivals) {
      rival.kill('SIGKILL');
      await setTimeout(Math.random() * 10);
    }
    expect((await Promise.all(ends)).map(([, signal]: unknown[]) => signal)).toEqual(
      Array(4).fill('SIGKILL'),
    );
    await (await openSample(out)).discard();
    // All is of one build, unless none of this round came so far.
    const { bundle, site } = stateOf(out);
    expect(stateOf(out)).toEqual({ bundle, tar: bundle, pkg: bundle, site, litter: [] });
    if (bundle?.startsWith('round')) expect(site).toBe(bundle);
    await publishSample(out, 'next');
    expect(stateOf(out)).toEqual({ bundle: 'next', tar: 'next', pkg: 'next', site, litter: [] });
  }
});
