import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { expect, it, vi } from 'vitest';
import { temporaryFolder } from '../inputs/sandbox.ts';
import { buildPublisher } from './child/build.ts';
import { runMortal } from './mortal-disk.ts';
import { publishedFolder } from './published.ts';
import { MACHINE_DATA, OLD_DATA, openSample, publishSample, stateOf } from './sample.ts';

vi.mock('node:fs/promises', async (original) =>
  (await import('./mortal-disk.ts')).mortalFs(await original()),
);
vi.mock('node:process', async (original) =>
  (await import('./mortal-disk.ts')).mortalProcess(await original()),
);

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

/** After a build that was killed: old or new, with all that belongs to the machine. */
async function expectRecovered(out: string, old: string | undefined): Promise<void> {
  const killed = stateOf(out);
  if (killed.bundle !== undefined) expect([old, 'new']).toContain(killed.bundle);
  await (await openSample(out)).discard();
  const { bundle, data, litter } = stateOf(out);
  expect([old, 'new']).toContain(bundle);
  // The site image is that of its build; of the rest the machine has what it had.
  if (old === undefined) expect(data).toEqual(bundle === 'new' ? { 'site.img': 'new' } : {});
  else expect(data).toEqual({ ...OLD_DATA, 'site.img': bundle === 'new' ? 'new' : 'old site' });
  expect(litter).toEqual([]);
}

/** The same; and the next build works. */
async function expectRepaired(out: string, old: string | undefined): Promise<void> {
  await expectRecovered(out, old);
  const { data } = stateOf(out);
  await publishSample(out, 'next');
  expect(stateOf(out)).toEqual({ bundle: 'next', tar: 'next', data, litter: [] });
}

const publishNew = (out: string): Promise<void> => publishSample(out, 'new', { site: true });

it('killed before any change of the disk, a build leaves the old bundle or the new one, and the data', async () => {
  const points = await endEverywhere(await publishedFolder('old'), publishNew, (out) =>
    expectRepaired(out, 'old'),
  );
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
    const { bundle, data, litter } = stateOf(out);
    const stage = JSON.stringify([bundle, data, litter.length]);
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

it('builds of one name that are killed by SIGKILL while others go on never lose the data', async () => {
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
    await publishSample(out, 'next');
    const { litter, data, bundle, tar } = stateOf(out);
    expect({ bundle, tar, litter }).toEqual({ bundle: 'next', tar: 'next', litter: [] });
    expect(data).toMatchObject(MACHINE_DATA);
  }
});
