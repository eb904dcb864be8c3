import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { filled } from '../../generators/formats/columns.ts';

describe('a text in columns', () => {
  it('is broken between words, as late as they allow', () => {
    expect(filled('one two three four', 9)).toEqual(['one two', 'three', 'four']);
    expect(filled('one two three four', 10, 5)).toEqual(['one', 'two three', 'four']);
    expect(filled('', 9)).toEqual(['']);
  });

  it('counts a character that takes two units of UTF-16 as one', () => {
    expect(filled('😀😀 😀😀', 5)).toEqual(['😀😀 😀😀']);
  });

  it('keeps every word whole and in its place, and each line within the limit unless it is one word', () => {
    const words = fc.array(fc.string({ minLength: 1, maxLength: 12, unit: fc.constantFrom('a', 'é', '-') }));
    fc.assert(
      fc.property(
        words,
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 1, max: 30 }),
        (list, rest, first) => {
          const text = list.join(' ');
          const lines = filled(text, rest, first);
          expect(lines.join(' ')).toBe(text);
          for (const [index, line] of lines.entries())
            expect(line.includes(' ') && line.length > (index === 0 ? first : rest)).toBe(false);
        },
      ),
    );
  });
});
