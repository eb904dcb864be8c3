import fc from 'fast-check';
import { expect, it } from 'vitest';
import { writtenRuns } from '../../generators/disk/runs.ts';

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
