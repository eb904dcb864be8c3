import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeAnswer } from '../../generators/inputs/download.ts';

const SIZE = 1000;
const part = (range: string): Record<string, string> => ({ 'content-range': range });

function judge(status: number, headers: Record<string, string>, offset: number, size = SIZE) {
  async function* empty(): AsyncGenerator<Uint8Array> {
    // No test reads it.
  }
  return judgeAnswer({ status, headers: new Map(Object.entries(headers)), body: empty() }, offset, size);
}

describe('an answer to a request for the rest of a file of 1000 bytes', () => {
  it.each<[number, Record<string, string>, number, string]>([
    [200, {}, 0, 'anew'],
    [200, { 'content-length': '1000' }, 0, 'anew'],
    [200, { 'content-length': '1000' }, 400, 'anew'],
    [200, { 'content-length': '999' }, 0, 'refused'],
    [200, { 'content-length': '1001' }, 0, 'refused'],
    [200, { 'content-length': '600' }, 400, 'refused'],
    [200, { 'content-length': '1000', 'content-encoding': 'gzip' }, 0, 'refused'],
    [206, part('bytes 400-999/1000'), 400, 'append'],
    [206, part('bytes 400-999/*'), 400, 'append'],
    [206, part('bytes 400-499/1000'), 400, 'append'],
    [206, part('bytes 0-999/1000'), 400, 'refused'],
    [206, part('bytes 399-999/1000'), 400, 'refused'],
    [206, part('bytes 400-999/999'), 400, 'refused'],
    [206, part('bytes 400-1000/1001'), 400, 'refused'],
    [206, part('bytes 400-1000/*'), 400, 'refused'],
    [206, part('400-999'), 400, 'refused'],
    [206, {}, 400, 'refused'],
    [206, part('bytes 0-999/1000'), 0, 'refused'],
    [416, {}, 400, 'restart'],
    [416, part('bytes */1000'), 400, 'restart'],
    [416, part('bytes */400'), 400, 'refused'],
    [416, {}, 0, 'refused'],
    [404, {}, 0, 'refused'],
    [403, {}, 400, 'refused'],
    [302, {}, 0, 'refused'],
    [204, {}, 0, 'refused'],
    [408, {}, 0, 'broken'],
    [429, {}, 0, 'broken'],
    [500, {}, 0, 'broken'],
    [503, {}, 400, 'broken'],
  ])('%i %j, asked from %i on: %s', (status, headers, offset, kind) => {
    expect(judge(status, headers, offset).kind).toBe(kind);
  });

  it('names both sizes when they differ', () => {
    expect(judge(200, { 'content-length': '7' }, 0)).toEqual({
      kind: 'refused',
      reason: 'its file has 7 bytes, it should have 1000',
    });
  });

  it('is only ever continued at the byte that was asked for, in a file of the right size', () => {
    const number = fc.nat(30);
    fc.assert(
      fc.property(number, number, number, fc.nat({ max: 29 }), (first, last, total, offset) => {
        const verdict = judge(206, part(`bytes ${first}-${last}/${total}`), offset, 30);
        const right = offset > 0 && first === offset && last < 30 && total === 30;
        expect(verdict.kind === 'append').toBe(right);
      }),
      { numRuns: 1000 },
    );
  });
});
