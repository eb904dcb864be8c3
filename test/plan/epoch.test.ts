import { describe, expect, it } from 'vitest';
import { AirhiveError } from '../../generators/errors.ts';
import { resolveEpoch } from '../../generators/plan/epoch.ts';

const RELEASE = 1781308800;

describe('resolveEpoch', () => {
  it('is the day of the release when the variable is not set', () => {
    expect(resolveEpoch(undefined, RELEASE)).toBe(RELEASE);
    expect(resolveEpoch(undefined, 0)).toBe(0);
    expect(resolveEpoch('', RELEASE)).toBe(RELEASE);
  });

  it.each([
    ['0', 0],
    ['1', 1],
    ['315532799', 315532799],
    ['1700000000', 1700000000],
    ['2147483647', 2147483647],
  ])('is %s when the variable says so', (text, epoch) => {
    expect(resolveEpoch(text, RELEASE)).toBe(epoch);
  });

  it.each(
    [
      ' ',
      '-1',
      '+1',
      '01',
      '00',
      '1.0',
      '1.5',
      '1e9',
      '0x10',
      ' 1',
      '1 ',
      '1\n',
      '١',
      'now',
      'NaN',
      'Infinity',
    ]
      // After 2038, and what would be more than a double holds.
      .concat('2147483648', '4102444800', '9'.repeat(10), '9'.repeat(30)),
  )('refuses %j', (text) => {
    const resolving = () => resolveEpoch(text, RELEASE);
    expect(resolving).toThrow(AirhiveError);
    expect(resolving).toThrow(`SOURCE_DATE_EPOCH is ${JSON.stringify(text)}`);
    expect(resolving).toThrow(expect.objectContaining({ kind: 'usage' }) as AirhiveError);
  });

  it.each([-86400, 2147483648, 4102444800])('refuses a release of second %i', (date) => {
    expect(() => resolveEpoch(undefined, date)).toThrow(/date of the release/);
    expect(resolveEpoch('5', date)).toBe(5);
  });
});
