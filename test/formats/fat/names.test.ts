import { describe, expect, it } from 'vitest';
import {
  foldCase,
  isShortName,
  labelProblem,
  nameProblem,
  shortNames,
} from '../../../generators/formats/fat/names.ts';

describe('nameProblem', () => {
  it.each(['a', '.boot_repository', ' leading blank', 'a.b.c', 'é日𝒳', 'x'.repeat(255), '+,;=[]'])(
    'allows %j',
    (name) => {
      expect(nameProblem(name)).toBeUndefined();
    },
  );

  it.each([
    ['', 'empty'],
    ['.', 'ends in'],
    ['..', 'ends in'],
    ['a.', 'ends in'],
    ['a ', 'ends in'],
    ['a:b', 'holds a control character'],
    ['a\\b', 'holds a control character'],
    ['a/b', 'holds a control character'],
    ['a\n', 'holds a control character'],
    ['a\u0000b', 'holds a control character'],
    ['a\ud800b', 'no character'],
    ['a\uffff', 'no character'],
    ['x'.repeat(256), '256 characters'],
  ])('refuses %j', (name, why) => {
    expect(nameProblem(name)).toContain(why);
  });
});

describe('foldCase', () => {
  it.each([
    ['readme', 'README'],
    ['é', 'É'],
    ['\u212a', 'k'],
    ['ſ', 's'],
  ])('%j and %j are one name', (a, b) => {
    expect(foldCase(a)).toBe(foldCase(b));
  });
});

describe('isShortName', () => {
  it.each(['A', 'README.TXT', 'A~1', 'ABCDEFGH.IJK', '$%@!(){}'])('%j needs no long name', (name) => {
    expect(isShortName(name)).toBe(true);
  });
  it.each(['a', 'README.txt', 'ABCDEFGHI', 'A.BCDE', 'A.B.C', '.A', 'A B', 'A+', 'É'])('%j does', (name) => {
    expect(isShortName(name)).toBe(false);
  });
});

describe('labelProblem', () => {
  it.each(['AIRHIVE', 'AIRHIVESITE', 'A', 'TWO WORDS', 'A-B_C'])('allows %j', (label) => {
    expect(labelProblem(label)).toBeUndefined();
  });
  it.each(['', 'airhive', 'TWELVE CHARS', ' A', 'A ', 'A.B', 'É', 'A\n', 'NO NAME'])(
    'refuses %j',
    (label) => {
      expect(labelProblem(label)).toBeDefined();
    },
  );
});

describe('shortNames', () => {
  const aliasesOf = (...names: string[]): string[] =>
    [...shortNames(names)].map(([name, alias]) => `${name}=${alias}`);

  it('keeps what is short but for its case', () => {
    expect(aliasesOf('README.TXT', 'apks', 'x86_64')).toEqual([
      'README.TXT=README  TXT',
      'apks=APKS       ',
      'x86_64=X86_64     ',
    ]);
  });

  it.each([
    ['airhive.apkovl.tar.gz', 'AIRHIV~1GZ '],
    ['APKINDEX.tar.gz', 'APKIND~1GZ '],
    ['.boot_repository', 'BOOT_R~1   '],
    ['.a', 'A~1        '],
    ['a b.c d', 'AB~1    CD '],
    ['a+b', 'A_B~1      '],
    ['日本.é', '__~1    _  '],
    ['..x.y', 'X~1     Y  '],
    [' . .a', 'A~1        '],
  ])('%s becomes %j', (name, alias) => {
    expect(shortNames([name]).get(name)).toBe(alias);
  });

  it('does not take the short name of a later file', () => {
    expect(aliasesOf('long file name', 'longfi~1')).toEqual([
      'longfi~1=LONGFI~1   ',
      'long file name=LONGFI~2   ',
    ]);
  });

  it('shortens the stem when the number grows, and stays unique', () => {
    const names = Array.from({ length: 1200 }, (_, index) => `package-name-${index}.apk`);
    const aliases = [...shortNames(names).values()];
    expect(new Set(aliases).size).toBe(1200);
    expect(aliases[8]).toBe('PACKAG~9APK');
    expect(aliases[9]).toBe('PACKA~10APK');
    expect(aliases[1199]).toBe('PAC~1200APK');
  });

  it('stays unique where two families of names meet', () => {
    const names = Array.from({ length: 30 }, (_, index) => `abcdef${index} ${index % 2 ? 'x' : ''}z`);
    const others = Array.from({ length: 30 }, (_, index) => `abcdeX${index} z`);
    const aliases = [...shortNames([...names, ...others]).values()];
    expect(new Set(aliases).size).toBe(60);
  });
});
