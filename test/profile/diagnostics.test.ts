import { describe, expect, test } from 'vitest';
import { type Diagnostic } from '../../generators/errors.ts';
import {
  describe as describeValue,
  formatDiagnostic,
  visible,
  worstKind,
} from '../../generators/profile/diagnostics.ts';

const found: Diagnostic = {
  severity: 'error',
  kind: 'usage',
  file: 'profiles/x.yaml',
  line: 12,
  column: 11,
  path: 'machine.memory',
  message: 'has to be larger; got "1M"',
  excerpt: '  memory: 1M',
};

describe('formatDiagnostic', () => {
  test('shows the place, the line and a caret', () => {
    expect(formatDiagnostic(found)).toBe(
      [
        'profiles/x.yaml:12:11 machine.memory: has to be larger; got "1M"',
        '  12 |   memory: 1M',
        '     |           ^',
      ].join('\n'),
    );
  });

  test('marks a warning, and leaves out an empty path', () => {
    const [head] = formatDiagnostic({ ...found, severity: 'warning', path: '' }).split('\n');
    expect(head).toBe('profiles/x.yaml:12:11: warning: has to be larger; got "1M"');
  });

  test('makes control and direction characters visible and keeps the caret under its place', () => {
    const text = formatDiagnostic({
      ...found,
      file: 'a\u001b[31m.yaml',
      column: 5,
      message: 'bad\u202e\u0007',
      excerpt: '\t\u001b[1mx',
    });
    expect(text).toBe(
      [
        'a\\u{1b}[31m.yaml:12:5 machine.memory: bad\\u{202e}\\u{7}',
        '  12 | \\t\\u{1b}[1mx',
        `     | ${' '.repeat('\\t\\u{1b}[1'.length)}^`,
      ].join('\n'),
    );
    // eslint-disable-next-line no-control-regex
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
  });

  test('cuts a long line to a window around the place', () => {
    const [, line = '', caret = ''] = formatDiagnostic({
      ...found,
      column: 501,
      excerpt: `${'a'.repeat(500)}X${'b'.repeat(500)}`,
    }).split('\n');
    expect(line.length).toBeLessThan(120);
    expect(line[caret.indexOf('^')]).toBe('X');
    expect(line).toMatch(/^ {2}12 \| …a+Xb+…$/);
  });

  test('an astral character before the place counts as one column', () => {
    const [, line = '', caret = ''] = formatDiagnostic({ ...found, column: 4, excerpt: '\u{1f4e1} X' }).split(
      '\n',
    );
    expect(Array.from(line)[caret.indexOf('^')]).toBe('X');
  });
});

describe('worstKind', () => {
  const unsupported: Diagnostic = { ...found, kind: 'unsupported' };
  const warned: Diagnostic = { ...found, severity: 'warning' };
  test.each([
    ['nothing', [], undefined],
    ['warnings only', [warned], undefined],
    ['one mistake', [warned, found], 'usage'],
    ['only unsupported', [unsupported, warned, unsupported], 'unsupported'],
    ['both', [unsupported, found], 'usage'],
  ])('%s', (_, diagnostics, kind) => expect(worstKind(diagnostics)).toBe(kind));
});

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
