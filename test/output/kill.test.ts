import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { temporaryFolder } from '../inputs/sandbox.ts';
import { buildPublisher, startPublisher } from './child/spawn.ts';
import { addData, MACHINE_DATA, OLD_DATA, openSample, publishSample, stateOf } from './sample.ts';

const folder = mkdtempSync(join(tmpdir(), 'airhive-child-'));
let program = '';
beforeAll(async () => {
  program = await buildPublisher(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A folder in which `old` was published and run; or nothing was, without a mark. */
async function folderWith(old: string | undefined): Promise<string> {
  const out = temporaryFolder();
  if (old === undefined) return out;
  await publishSample(out, old);
  addData(out);
  return out;
}

/** Runs `each` for every count of calls to live, until a child lives to its end. Returns that count. */
async function forEveryPoint(
  how: 'once' | 'recover',
  prepare: () => Promise<string>,
  each: (out: string) => Promise<void>,
): Promise<number> {
  let survived: number | undefined;
  const one = async (calls: number): Promise<void> => {
    const out = await prepare();
    const { signal, output } = await startPublisher(program, [out, 'new', how], calls).ended;
    if (signal === null) survived = Math.min(survived ?? calls, Number(output));
    else await each(out);
  };
  // Two at a time: the machine has few cores.
  for (let calls = 0; survived === undefined; calls += 2) await Promise.all([one(calls), one(calls + 1)]);
  return survived;
}

/** After a build that was killed: old or new, with all that belongs to the machine; and the next build works. */
async function expectRepaired(out: string, old: string | undefined): Promise<void> {
  const killed = stateOf(out);
  if (killed.bundle !== undefined) expect([old, 'new']).toContain(killed.bundle);
  await (await openSample(out)).discard();
  const { bundle, data, litter } = stateOf(out);
  expect([old, 'new']).toContain(bundle);
  // Of the site image the machine may have either, of the rest what it had.
  if (old === undefined) expect(data).toEqual(bundle === 'new' ? { 'site.img': 'new' } : {});
  else expect(data).toEqual({ ...OLD_DATA, 'site.img': bundle === 'new' ? 'new' : 'old site' });
  expect(litter).toEqual([]);
  await publishSample(out, 'next');
  expect(stateOf(out)).toEqual({ bundle: 'next', tar: 'next', data, litter: [] });
}

it('killed before any change of the disk, a build leaves the old bundle or the new one, and the data', async () => {
  const points = await forEveryPoint(
    'once',
    () => folderWith('old'),
    (out) => expectRepaired(out, 'old'),
  );
  expect(points).toBeGreaterThan(25);
});

it('killed before any change of the disk, a first build leaves nothing or the new bundle', async () => {
  await forEveryPoint(
    'once',
    () => folderWith(undefined),
    (out) => expectRepaired(out, undefined),
  );
});

it('killed while it puts right what a killed build left, a build can be put right itself', async () => {
  // The first point at which the bundle is out of the way: the work folder holds it.
  let broken = '';
  for (let calls = 0; broken === ''; calls++) {
    const out = await folderWith('old');
    await startPublisher(program, [out, 'new', 'once'], calls).ended;
    if (stateOf(out).bundle === undefined) broken = out;
  }
  let next = 0;
  const copy = (): Promise<string> => {
    const out = join(folder, `broken${next++}`);
    cpSync(broken, out, { recursive: true });
    return Promise.resolve(out);
  };
  await forEveryPoint('recover', copy, (out) => expectRepaired(out, 'old'));
});

it('builds of one name that are killed at random while others go on never lose the data', async () => {
  const out = await folderWith('old');
  for (let round = 0; round < 8; round++) {
    const rivals = [0, 1, 2].map((index) => startPublisher(program, [out, `r${round}-${index}`, 'loop']));
    // No proof rests on this time: whatever happened in it must be put right.
    await setTimeout(150 + Math.random() * 100);
    for (const { child } of rivals) {
      child.kill('SIGKILL');
      await setTimeout(Math.random() * 10);
    }
    await Promise.all(rivals.map(({ ended }) => ended));
    await publishSample(out, 'next');
    const { litter, data, bundle, tar } = stateOf(out);
    expect({ bundle, tar, litter }).toEqual({ bundle: 'next', tar: 'next', litter: [] });
    expect(data).toMatchObject(MACHINE_DATA);
  }
});
