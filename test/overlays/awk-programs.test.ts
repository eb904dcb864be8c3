import { describe, expect, it } from 'vitest';
import { awkFiles, awkPrograms, complaint } from '../fixtures/awk-programs.ts';
import { otherAwks } from '../host/other-tools.ts';
import { hasTool } from '../tools.ts';

// FreeBSD's awk is the one true awk: it refuses what gawk, mawk and busybox take, such as print with a comparison outside
// of parentheses. AIRHIVE_TEST_TOOLS brings the awks of other releases.
const STRICT = ['original-awk', ...otherAwks()];

describe('every awk program of both machines', () => {
  const programs = awkPrograms();

  it('is found: those in scripts, and every file', () => {
    expect(programs.filter(({ text }) => text !== undefined).length).toBeGreaterThan(40);
    const used = new Set(programs.flatMap(({ files }) => files));
    expect(awkFiles().filter((file) => !used.has(file))).toEqual([]);
  });

  describe.skipIf(!hasTool('original-awk'))('under a strict awk (needs original-awk)', () => {
    it.each(STRICT)('is parsed and run by %s', (awk) => {
      const wrong = programs.map((program) => [program.at, complaint([awk], program)]).filter(([, said]) => said !== '');
      expect(wrong).toEqual([]);
    });

    it.each(STRICT)('is refused by %s with what FreeBSD refuses', (awk) => {
      for (const text of ['BEGIN { print 1 == 1 ? "a" : "b" }', 'BEGIN { print unknown(1) }', '{ print $1'])
        expect(complaint([awk], { text, files: [], assignments: [] }), text).not.toBe('');
    });
  });
});
