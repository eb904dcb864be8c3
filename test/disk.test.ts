import { spawnSync } from 'node:child_process';
import { hostname } from 'node:os';
import { expect, it } from 'vitest';
import fc from 'fast-check';
import { isAlive, isLocal, newOwnedName, ownerIn, writtenRuns } from '../generators/disk.ts';

it('a name says who owns it, and no two are the same', () => {
  const names = Array.from({ length: 100 }, () => newOwnedName('.x.work'));
  expect(new Set(names).size).toBe(100);
  const owner = ownerIn(names[0]!, '.x.work')!;
  expect(owner.pid).toBe(process.pid);
  expect(owner.host).toBe(
    hostname()
      .replaceAll(/[^A-Za-z0-9-]/g, '_')
      .slice(0, 60),
  );
  expect([isLocal(owner), isAlive(owner)]).toEqual([true, true]);
});

it.each([
  '.x.work',
  '.x.work.host.1',
  '.x.work.host.1.0123456',
  '.x.work.host.one.01234567',
  '.x.work.a.host.1.01234567',
  '.x.work..1.01234567',
  '.x.work.host.1.01234567.more',
  '.x.y.work.host.1.01234567',
])('%s is no name of an owner', (name) => {
  expect(ownerIn(name, '.x.work')).toBeUndefined();
});

it('a process that has ended is not alive; one of another user is, and so is any of another machine', () => {
  const { host } = ownerIn(newOwnedName('x'), 'x')!;
  expect(isAlive({ host, pid: spawnSync('true').pid })).toBe(false);
  expect(isAlive({ host, pid: 1 })).toBe(true);
  const elsewhere = { host: `${host}-2`, pid: spawnSync('true').pid };
  expect([isLocal(elsewhere), isAlive(elsewhere)]).toEqual([false, true]);
});

const STEP = 64 * 1024;

it('what is left out is zero, what is kept is in order and apart', () => {
  const places = fc.array(fc.nat({ max: 6 * STEP }), { maxLength: 6 });
  fc.assert(
    fc.property(fc.nat({ max: 6 * STEP }), places, (size, marks) => {
      const bytes = new Uint8Array(size);
      for (const mark of marks) if (mark < size) bytes[mark] = 1;
      const runs = writtenRuns(bytes);
      const again = new Uint8Array(size);
      let end = -1;
      for (const run of runs) {
        expect(run.start).toBeGreaterThan(end);
        expect(run.end).toBeLessThanOrEqual(size);
        again.set(bytes.subarray(run.start, run.end), run.start);
        end = run.end;
      }
      expect(Buffer.compare(again, bytes)).toBe(0);
      expect(runs.length).toBeLessThanOrEqual(marks.length);
    }),
    { numRuns: 50 },
  );
  expect(writtenRuns(new Uint8Array(10 * STEP))).toEqual([]);
  expect(writtenRuns(new Uint8Array(3 * STEP).fill(1))).toEqual([{ start: 0, end: 3 * STEP }]);
});
