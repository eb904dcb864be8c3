import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { editDistance, nearestName } from '../../generators/profile/nearest.ts';

describe('editDistance', () => {
  test.each([
    ['', '', 0],
    ['', 'abc', 3],
    ['memory', 'memory', 0],
    ['memroy', 'memory', 1],
    ['memry', 'memory', 1],
    ['memorry', 'memory', 1],
    ['memary', 'memory', 1],
    ['abc', 'xyz', 3],
    ['flavour', 'flavor', 1],
  ])('from %j to %j is %i', (a, b, distance) => expect(editDistance(a, b)).toBe(distance));

  test('is the same both ways, and zero for the same word only', () => {
    const word = fc.string({ maxLength: 8 });
    fc.assert(
      fc.property(word, word, (a, b) => {
        expect(editDistance(a, b)).toBe(editDistance(b, a));
        expect(editDistance(a, b) === 0).toBe(a === b);
        expect(editDistance(a, b)).toBeLessThanOrEqual(Math.max(a.length, b.length));
      }),
    );
  });
});

describe('nearestName', () => {
  const known = ['name', 'cpus', 'memory', 'loader', 'console'];
  test.each([
    ['memroy', 'memory'],
    ['Memory', 'memory'],
    ['cpu', 'cpus'],
    ['nmae', 'name'],
    ['consol', 'console'],
    ['ram', undefined],
    ['x', undefined],
    ['memory'.repeat(8), undefined],
    ['nemory', 'memory'],
  ])('of %j is %j', (written, name) => expect(nearestName(written, known)).toBe(name));

  test('of two that are equally near is the first', () => {
    expect(nearestName('cap', ['cup', 'cop'])).toBe('cup');
    expect(nearestName('cap', ['cop', 'cup'])).toBe('cop');
  });
});
