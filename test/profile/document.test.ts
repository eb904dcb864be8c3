import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  excerptOf,
  formatPath,
  parseYaml,
  toDiagnostics,
  valueAt,
} from '../../generators/profile/document.ts';
import { lineOf } from './example.ts';

function parse(text: string) {
  const document = parseYaml({ file: 'x.yaml', text });
  return { value: document.value, problems: toDiagnostics(document, document.problems).map(lineOf) };
}

describe('what can be read', () => {
  test.each([
    ['a group', 'a: 1\nb: [x, "y"]\n', { a: 1, b: ['x', 'y'] }],
    ['JSON', '{"a": {"b": null}}', { a: { b: null } }],
    ['CRLF', 'a: x\r\nb: y\r\n', { a: 'x', b: 'y' }],
    ['a byte order mark', '\ufeffa: x\n', { a: 'x' }],
    ['NO is a word in YAML 1.2', 'a: NO\nb: yes\n', { a: 'NO', b: 'yes' }],
    ['a day is a word', 'a: 2026-06-13\n', { a: '2026-06-13' }],
    ['8086:24f3 is a word', 'a: 8086:24f3\n', { a: '8086:24f3' }],
    ['an IPv6 prefix', 'a: fd12:3456:789a::/64\n', { a: 'fd12:3456:789a::/64' }],
    ['an empty value', 'a:\n', { a: null }],
    ['a merge key is a key like any other', '<<: {a: 1}\n', { '<<': { a: 1 } }],
    ['a %YAML line of the right version', '%YAML 1.2\n---\na: 1\n', { a: 1 }],
  ])('%s', (_, text, value) => expect(parse(text)).toEqual({ value, problems: [] }));

  test('a key that JavaScript gives a meaning is only a key', () => {
    const { value } = parse('__proto__: {a: 1}\nconstructor: 2\n');
    expect(Object.keys(value as object)).toEqual(['__proto__', 'constructor']);
    expect((value as { a?: unknown }).a).toBeUndefined();
  });
});

describe('what is refused as a whole', () => {
  test.each([
    ['nothing', '', ['1:1 : the file is empty']],
    ['only a comment', '# nothing\n\n', ['1:1 : the file is empty']],
    ['only a document mark', '---\n', ['1:1 : the file is empty']],
    ['a tab for indentation', 'a:\n\tb: 2\n', ['2:1 : a tab is not allowed here; indent with spaces']],
    [
      'a second document',
      'a: 1\n---\nb: 2\n',
      [expect.stringContaining('2:1 : a second document starts here')],
    ],
    ['two keys on a line', 'a: b: c\n', [expect.stringContaining('1:4 : a second `key:` on one line')]],
    ['an open quote', 'a: "x\n', [expect.stringContaining('not valid YAML: Missing closing "quote')]],
    ['an open bracket', 'a: [1\n', [expect.stringContaining('not valid YAML: ')]],
    [
      'a %YAML line of another version',
      '# c\n%YAML 1.1\n---\na: NO\n',
      ['1:1 : only YAML 1.2 is read; remove the %YAML line'],
    ],
    ['more than 64 KiB', `a: ${'x'.repeat(65536)}`, [expect.stringContaining('larger than 64 KiB')]],
  ])('%s', (_, text, problems) => expect(parse(text)).toEqual({ value: undefined, problems }));

  test('64 KiB are measured in bytes', () => {
    expect(parse(`a: ${'x'.repeat(65533)}`).problems).toEqual([]);
    expect(parse(`a: ${'ü'.repeat(40000)}`).problems).toHaveLength(1);
  });

  test.each(['[', '- ', '{a: ', '? ', '[a,'])('groups in groups without end: %j', (opening) => {
    const { value, problems } = parse(opening.repeat(Math.floor(65536 / opening.length)));
    expect(value).toBeUndefined();
    expect(problems).toEqual([expect.stringContaining('more than 32 groups and lists inside each other')]);
  });

  test('20 levels are read, 40 are not', () => {
    expect(parse(`${'['.repeat(20)}${']'.repeat(20)}`).problems).toEqual([]);
    expect(parse(`a: 1\nb: ${'['.repeat(40)}${']'.repeat(40)}`).problems).toEqual([
      expect.stringMatching(/^2:3[0-9] : more than 32 groups/),
    ]);
  });

  test('several syntax errors are all shown, up to ten', () => {
    expect(parse('a: @x\nb: `y\n').problems).toEqual([
      expect.stringMatching(/^1:4 .*reserved character @/),
      expect.stringMatching(/^2:4 .*reserved character `/),
    ]);
    expect(parse('a: @x\n'.repeat(30)).problems).toHaveLength(10);
  });
});

describe('what is refused in its place, with the rest still read', () => {
  test.each([
    ['a repeated key', 'a: 1\nb:\n  c: 1\n  c: 2\n', ['4:3 b.c: the same key again; keep one of the two']],
    ['an alias', 'a: &x 1\nb: *x\n', ['2:4 b: an alias (*name) is not allowed; write the value itself']],
    ['an alias of nothing', 'b: *x\n', ['1:4 b: an alias (*name) is not allowed; write the value itself']],
    ['a tag', 'a: !!binary aGk=\n', ['1:13 a: the tag "tag:yaml.org,2002:binary" is not allowed; remove it']],
    ['a tag of its own', 'a: !x 1\n', ['1:7 a: the tag "!x" is not allowed; remove it']],
    ['a tag on a key', '!!str a: 1\n', ['1:7 : a key has to be a plain word']],
    [
      'an alias behind a byte order mark',
      '\ufeffb: *x\n',
      ['1:4 b: an alias (*name) is not allowed; write the value itself'],
    ],
    ['a number for a key', 'a:\n  1: x\n', ['2:3 a: a key has to be a plain word']],
    ['a list for a key', '? [a]\n: 1\n', ['1:3 : a key has to be a plain word']],
    ['no key', ': 1\n', ['1:1 : a key has to be a plain word']],
    ['all of them', 'a: *x\nb: !y 1\n1: 2\na: 3\n', expect.objectContaining({ length: 4 })],
  ])('%s', (_, text, problems) => {
    const parsed = parse(text);
    expect(parsed.value).toBeDefined();
    expect(parsed.problems).toEqual(problems);
  });
});

describe('any text', () => {
  const yamlish = fc.string({
    unit: fc.constantFrom(
      ...[
        'a',
        'b: ',
        'a: 1',
        '\n',
        '  ',
        '- ',
        '[',
        ']',
        '{',
        '}',
        ',',
        '"',
        "'",
        '#',
        '|',
        '>',
        '&x ',
        '*x',
        '!t ',
      ],
      ...[
        '? ',
        ': ',
        '---\n',
        '...\n',
        '%YAML 1.1\n',
        '\t',
        '\r',
        '\ufeff',
        '\u0000',
        '\ud800',
        '\u2028',
        '"\\u',
        '<<: ',
        '@',
      ],
    ),
    maxLength: 60,
  });

  test.each([
    ['characters', fc.string({ unit: 'binary', maxLength: 200 })],
    ['pieces of YAML', yamlish],
  ])('never throws, and every problem has a place in the text: %s', (_, texts) => {
    fc.assert(
      fc.property(texts, (text) => {
        const document = parseYaml({ file: 'x.yaml', text });
        const lines = document.source.text.split('\n');
        for (const { line, column, excerpt } of toDiagnostics(document, document.problems)) {
          expect(line).toBeLessThanOrEqual(lines.length);
          expect(column).toBeLessThanOrEqual((lines[line - 1] ?? '').length + 1);
          expect(excerpt).not.toContain('\n');
        }
        expect(document.value === undefined).toBe(
          document.value === undefined && document.problems.length > 0,
        );
      }),
      { numRuns: 3000 },
    );
  });
});

test.each([
  [[], ''],
  [['machine', 'memory'], 'machine.memory'],
  [['passthrough', 0, 'pci'], 'passthrough[0].pci'],
  [[2, 'sha256'], '[2].sha256'],
  [['a.b', 'c d'], '["a.b"]["c d"]'],
])('formatPath(%j)', (path, text) => expect(formatPath(path)).toBe(text));

test('valueAt follows own keys only', () => {
  const value = { list: [{ a: 1 }] };
  expect(valueAt(value, ['list', 0, 'a'])).toBe(1);
  expect(valueAt(value, ['constructor', 'name'])).toBeUndefined();
  expect(valueAt(value, ['list', 0, 'a', 'b'])).toBeUndefined();
});

describe('excerptOf', () => {
  test('is the line without its end', () => {
    const text = 'one\r\ntwo\nthree';
    expect([0, 5, 9].map((start) => excerptOf(text, start))).toEqual(['one', 'two', 'three']);
  });

  test.each([
    ['  psk: hunter2', '  psk: (hidden)'],
    ['  passphrase: "a b"', '  passphrase: (hidden)'],
    ["'password': x", "'password': (hidden)"],
    ['networks: [{ssid: home, psk: x}]', 'networks: [{ssid: home, psk: (hidden)'],
    ['wpa_psk=00ff', 'wpa_psk= (hidden)'],
    ['# pass_phrase : x', '# pass_phrase : (hidden)'],
    ['wifi_password: x', 'wifi_password: (hidden)'],
    ['psk:', 'psk:'],
    ['drivers: [if_iwm]', 'drivers: [if_iwm]'],
  ])('shows %j as %j', (line, shown) => expect(excerptOf(line, 0)).toBe(shown));
});
