import { expect, test } from 'vitest';
import { describe as describeValue, visible } from '../../generators/profile/visible.ts';

test.each([
  ['plain, ünïcode, \u{1f4e1}', 'plain, ünïcode, \u{1f4e1}'],
  ['a\tb\u0000', 'a\\tb\\u{0}'],
  ['\u001b]0;x\u0007\u009b', '\\u{1b}]0;x\\u{7}\\u{9b}'],
  ['\u202e\u2066\u200b\ufeff', '\\u{202e}\\u{2066}\\u{200b}\\u{feff}'],
  ['\ud800', '\\u{d800}'],
])('visible(%j)', (text, shown) => expect(visible(text)).toBe(shown));

test.each([
  [undefined, undefined, 'nothing'],
  [null, '', 'nothing'],
  ['a "b"', 'a "b"', '"a \\"b\\""'],
  ['a\u202eb', undefined, '"a\\u{202e}b"'],
  [0, '00', 'the number 00'],
  [1.5, undefined, 'the number 1.5'],
  [true, 'TRUE', 'TRUE'],
  [[], undefined, 'a list'],
  [{}, undefined, 'a group of keys'],
])('describe(%j, %j)', (value, written, shown) => expect(describeValue(value, written)).toBe(shown));

test('a long value is cut', () => expect(describeValue('x'.repeat(1000))).toHaveLength(60));
