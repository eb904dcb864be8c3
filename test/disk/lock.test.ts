import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { withLock } from '../../generators/disk/lock.ts';
import { newOwnedName } from '../../generators/disk/owner.ts';
import { FakeClock, realClock } from '../inputs/clock.ts';
import { temporaryFolder } from '../inputs/sandbox.ts';

const deadName = (): string =>
  newOwnedName('owner').replace(`.${process.pid}.`, `.${spawnSync('true').pid}.`);

it('one at a time', async () => {
  const folder = temporaryFolder();
  const lock = join(folder, 'lock');
  let inside = 0;
  let most = 0;
  const runs = Array.from({ length: 20 }, (_, index) =>
    withLock(
      lock,
      { scratch: join(folder, `scratch${index}`), clock: realClock, signal: new AbortController().signal },
      async () => {
        most = Math.max(most, ++inside);
        await new Promise((resolve) => setImmediate(resolve));
        inside--;
        return index;
      },
    ),
  );
  expect(await Promise.all(runs)).toEqual(Array.from({ length: 20 }, (_, index) => index));
  expect(most).toBe(1);
  expect(readdirSync(folder)).toEqual([]);
});

it('is given back when the work fails', async () => {
  const folder = temporaryFolder();
  const ports = { scratch: join(folder, 'scratch'), clock: realClock, signal: new AbortController().signal };
  await expect(withLock(join(folder, 'lock'), ports, () => Promise.reject(new Error('x')))).rejects.toThrow(
    'x',
  );
  expect(readdirSync(folder)).toEqual([]);
});

it.each([
  ['of a process that was killed', true],
  ['that was left empty', false],
])('one %s is taken over, by one alone', async (_, hasOwner) => {
  const folder = temporaryFolder();
  const lock = join(folder, 'lock');
  mkdirSync(lock);
  if (hasOwner) writeFileSync(join(lock, deadName()), '');
  let inside = 0;
  const runs = [0, 1, 2, 3].map((index) =>
    withLock(
      lock,
      { scratch: join(folder, `scratch${index}`), clock: realClock, signal: new AbortController().signal },
      async () => {
        expect(inside++).toBe(0);
        await new Promise((resolve) => setImmediate(resolve));
        inside--;
      },
    ),
  );
  await Promise.all(runs);
  expect(readdirSync(folder)).toEqual([]);
});

it.each([
  ['this machine', newOwnedName('owner')],
  ['another machine', 'owner.some-other-host.1.01234567'],
  ['somebody', 'something else'],
])('one that %s holds for long is an error that names it', async (_, holder) => {
  const folder = temporaryFolder();
  const lock = join(folder, 'lock');
  mkdirSync(lock);
  writeFileSync(join(lock, holder), '');
  const clock = new FakeClock();
  const run = withLock(
    lock,
    { scratch: join(folder, 'scratch'), clock, signal: new AbortController().signal },
    () => Promise.resolve('never'),
  );
  await expect(run).rejects.toMatchObject({
    kind: 'disk',
    message: expect.stringContaining(join(lock, holder)) as string,
  });
  expect(existsSync(join(lock, holder))).toBe(true);
  expect(clock.monotonic()).toBeGreaterThan(5_000);
});

it('taken from one that was thought dead, it is not given back by that', async () => {
  const folder = temporaryFolder();
  const lock = join(folder, 'lock');
  const ports = { scratch: join(folder, 'scratch'), clock: realClock, signal: new AbortController().signal };
  await withLock(lock, ports, () => {
    const [mine] = readdirSync(lock);
    spawnSync('mv', [join(lock, mine!), join(lock, 'owner.other.1.01234567')]);
    return Promise.resolve();
  });
  expect(readdirSync(lock)).toEqual(['owner.other.1.01234567']);
});
