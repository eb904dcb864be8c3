import { describe, expect, it } from 'vitest';
import { freshFile, run } from '../fixtures/scratch.ts';
import { AWKS, runAwk } from './awks.ts';

/** For each name, as hexadecimal digits: how it is shown with and without UTF-8, its width, its JSON and its setting. */
const PROGRAM = freshFile(
  '{ print "\\"" spelled($1, 1) "\\"\\t\\"" spelled($1, 0) "\\"\\t" width_of(spelled($1, 1)) "\\t" json_of($1) "\\t" setting($1) }\n',
);

interface Row {
  readonly utf8: string;
  readonly plain: string;
  readonly width: number;
  readonly json: unknown;
  readonly setting: string;
}

function rowsOf(awk: string, names: readonly (string | Buffer)[]): Row[] {
  const digits = names.map((name) => `${Buffer.from(name).toString('hex')}\n`).join('');
  const lines = runAwk(awk, ['ssid', 'shown', PROGRAM], [], freshFile(digits))
    .toString()
    .split('\n')
    .slice(0, -1);
  expect(lines).toHaveLength(names.length);
  return lines.map((line) => {
    const [utf8 = '', plain = '', width = '', json = '', setting = ''] = line.split('\t');
    return { utf8, plain, width: Number(width), json: JSON.parse(json) as unknown, setting };
  });
}

const one = (awk: string, name: string | Buffer): Row => rowsOf(awk, [name])[0]!;

/** The characters of more than one byte that are in use but for rare scripts. */
const CHARACTERS = [...codes(0x80, 0xd7ff), ...codes(0xe000, 0xffff), ...codes(0x1f000, 0x1fbff)].map(
  (code) => String.fromCodePoint(code),
);

function codes(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

/** What a terminal obeys, hides, joins with the one before, or what turns the direction of a line. */
const DANGEROUS = /[\p{C}\p{M}\p{Z}\p{Default_Ignorable_Code_Point}]/u;

describe.each(AWKS)('names under %s', (awk) => {
  it.each([
    ['home', '"home"', 4],
    ['Café', '"Café"', 4],
    ['John’s “phone” № 5', '"John’s “phone” № 5"', 18],
    ['Москва', '"Москва"', 6],
    ['Ελλάδα', '"Ελλάδα"', 6],
    ['日本語', '"日本語"', 6],
    ['한국 wifi', '"한국 wifi"', 9],
    ['שלום', '"שלום"', 4],
    ['😀', '"😀"', 2],
    ['a"b\\c', String.raw`"a\"b\\c"`, 7],
    ['e\u0301', String.raw`"e\xcc\x81"`, 9],
    ['a\u202eb', String.raw`"a\xe2\x80\xaeb"`, 14],
    ['a\u200bb\u00a0c', String.raw`"a\xe2\x80\x8bb\xc2\xa0c"`, 23],
    ['\u001b[31m\u009b', String.raw`"\x1b[31m\xc2\x9b"`, 16],
  ])('%j is shown as %s', (name, utf8, width) => {
    expect(one(awk, name)).toMatchObject({ utf8, width, json: name });
    expect(one(awk, name).plain).toMatch(/^[ -~]*$/);
  });

  it.each([
    ['a byte alone', 'c3'],
    ['a beginning without an end', '41e282'],
    ['an end without a beginning', 'a9a9'],
    ['what could be shorter', 'c0af'],
    ['what could be shorter, of three bytes', 'e08080'],
    ['half of a pair', 'eda080'],
    ['what is too high', 'f4908080'],
    ['what never begins one', 'f8888080'],
  ])('%s is no UTF-8 and spelled out', (_what, digits) => {
    const { utf8, plain, json, setting } = one(awk, Buffer.from(digits, 'hex'));
    expect([utf8, json, setting]).toEqual([plain, null, digits]);
  });

  it('a setting has a name in quotes only where each of its bytes is plain', () => {
    expect(one(awk, 'my home').setting).toBe('"my home"');
    expect(one(awk, 'Café').setting).toBe('436166c3a9');
  });

  it('any text is exact in JSON, and what is shown is shown whole', () => {
    const some = CHARACTERS.filter((_, index) => index % 16 === 0);
    const rows = rowsOf(awk, some);
    expect(rows.map(({ json }) => json)).toEqual(some);
    const plain = rows.filter(({ utf8, plain: spelled }) => utf8 !== spelled);
    expect(plain.map(({ json, utf8 }) => utf8 === `"${String(json)}"`)).not.toContain(false);
    expect(plain.length).toBeGreaterThan(some.length / 3);
  });
});

describe('every character', () => {
  const rows = rowsOf('mawk', CHARACTERS);
  const shown = CHARACTERS.map((character, index) => ({ character, ...rows[index]! })).filter(
    ({ character, utf8 }) => utf8 === `"${character}"`,
  );

  it('that is shown is harmless', () => {
    expect(shown.length).toBeGreaterThan(40_000);
    // One that has no meaning yet may get any; today none of these has one.
    const meant = shown.filter(({ character }) => !/\p{Cn}/u.test(character));
    expect(meant.filter(({ character }) => DANGEROUS.test(character))).toEqual([]);
  });

  it('is as wide as the Unicode standard says', () => {
    const input = shown.map(({ character, width }) => `${character.codePointAt(0)} ${width}\n`).join('');
    const program =
      '($c, $w) = split; $_ = chr $c; print "$c\\n" if !/\\p{Cn}/ && $w != (/\\p{Ea=W}|\\p{Ea=F}/ ? 2 : 1)';
    expect(run('perl', ['-ne', program], { input }).toString()).toBe('');
  });
});
