import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeTimestamp, encodeTimestamp } from '../../../generators/formats/fat/time.ts';

const at = (iso: string): number => Date.parse(iso) / 1000;
const word = (year: number, month: number, day: number): number => ((year - 1980) << 9) | (month << 5) | day;
const clock = (hours: number, minutes: number, seconds: number): number =>
  (hours << 11) | (minutes << 5) | (seconds / 2);

describe('encodeTimestamp', () => {
  it.each([
    ['1980-01-01T00:00:00Z', word(1980, 1, 1), clock(0, 0, 0), 0],
    ['2000-02-29T23:59:59Z', word(2000, 2, 29), clock(23, 59, 58), 100],
    ['2026-06-13T01:02:04Z', word(2026, 6, 13), clock(1, 2, 4), 0],
    ['2107-12-31T23:59:59Z', word(2107, 12, 31), clock(23, 59, 58), 100],
    ['1970-01-01T00:00:00Z', word(1980, 1, 1), clock(0, 0, 0), 0],
    ['1979-12-31T23:59:59Z', word(1980, 1, 1), clock(0, 0, 0), 0],
    ['2108-01-01T00:00:00Z', word(2107, 12, 31), clock(23, 59, 58), 100],
  ])('%s', (iso, date, time, hundredths) => {
    expect(encodeTimestamp(at(iso))).toEqual({ date, time, hundredths });
  });

  it('drops fractions of a second', () => {
    expect(encodeTimestamp(at('2026-06-13T01:02:04Z') + 0.9)).toEqual(
      encodeTimestamp(at('2026-06-13T01:02:04Z')),
    );
  });
});

describe('decodeTimestamp', () => {
  it('gives back every even second', () => {
    const seconds = fc.integer({ min: at('1980-01-01T00:00:00Z') / 2, max: at('2107-12-31T23:59:58Z') / 2 });
    fc.assert(
      fc.property(seconds, (half) => {
        const { date, time } = encodeTimestamp(half * 2);
        expect(decodeTimestamp(date, time)).toBe(half * 2);
      }),
    );
  });

  it.each([
    ['no date', 0, 0],
    ['month 0', word(2026, 0, 1), 0],
    ['month 13', word(2026, 13, 1), 0],
    ['day 0', word(2026, 1, 0), 0],
    ['30 February', word(2024, 2, 30), 0],
    ['24 hours', word(2026, 1, 1), clock(24, 0, 0)],
    ['60 minutes', word(2026, 1, 1), clock(0, 60, 0)],
    ['60 seconds', word(2026, 1, 1), clock(0, 0, 60)],
    ['the day after the last', word(2107, 12, 31), clock(24, 0, 0)],
  ])('%s is no date', (_, date, time) => {
    expect(decodeTimestamp(date, time)).toBeUndefined();
  });
});
