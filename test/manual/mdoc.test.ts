import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { argument, bulletList, display, paragraph, taggedList } from '../../tools/manual/mdoc.ts';
import { lint } from '../fixtures/mdoc.ts';
import { run } from '../fixtures/scratch.ts';
import { hasTool } from '../tools.ts';

describe('an argument', () => {
  it.each([
    ['grub', 'grub'],
    ['a b', '"a b"'],
    ['"00"', '\\(dq00\\(dq'],
    ['--out', '\\-\\-out'],
    ['.', '\\&.'],
    ['', '\\&'],
    ['Ar', '\\&Ar'],
    ['Bsx', '\\&Bsx'],
    ['C:\\x', 'C:\\ex'],
    ['é', '\\[u00E9]'],
    ['😀', '\\[u1F600]'],
  ])('%j is %j', (text, expected) => expect(argument(text)).toBe(expected));
});

describe('a paragraph', () => {
  it('starts every sentence on a line of its own, and breaks long ones', () => {
    expect(paragraph('One. Two (see 13.0. or ..). Is it? "Yes." `x` it is.')).toEqual([
      'One.',
      'Two (see 13.0. or ..).',
      'Is it?',
      '"Yes."',
      '.Ql x',
      'it is.',
    ]);
    const lines = paragraph('word '.repeat(100));
    expect(lines.join(' ')).toBe('word '.repeat(100).trim());
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('sets literals, references and FreeBSD with what stands close to them', () => {
    expect(paragraph('See (`a b`), cu(1), a FreeBSD-like host; FreeBSD.')).toEqual([
      'See',
      '.Pf \\&( Ql "a b" ) ,',
      '.Xr cu 1 ,',
      'a FreeBSD\\-like host;',
      '.Fx .',
    ]);
  });

  it('never starts a line of text like a macro', () => {
    const lines = paragraph(`${'x'.repeat(77)} .Sh NAME 'quoted ${'y'.repeat(70)} .`);
    expect(lines).toEqual(['x'.repeat(77), '\\&.Sh NAME \\(aqquoted', 'y'.repeat(70) + ' .']);
  });
});

const around = (lines: readonly string[]) =>
  ['.Dd June 13, 2026', '.Dt X 5', '.Os', '.Sh NAME', '.Nm x', '.Nd y', '.Sh DESCRIPTION', ...lines, ''].join(
    '\n',
  );

/** The body of a page, as mandoc shows it. */
function rendered(lines: readonly string[]): string {
  const page = run('mandoc', ['-T', 'utf8', '-O', 'width=500'], { input: around(lines) }).toString('utf8');
  // eslint-disable-next-line no-control-regex -- a letter, a backspace and the letter again is bold
  const plain = page.replace(/.\x08/gu, '');
  return plain.slice(
    plain.indexOf('DESCRIPTION\n') + 'DESCRIPTION\n'.length,
    plain.lastIndexOf('\n', plain.length - 2),
  );
}

const squeezed = (text: string) => text.replace(/\s+/g, ' ').trim();

// What roff, mdoc and a shell take for theirs.
const PIECES = [
  "'",
  '`',
  '"',
  '\\',
  '\\fB',
  '\\&',
  '.',
  '..',
  '.Sh',
  '-',
  '--x',
  '^',
  '~',
  '%',
  '|',
  '(',
  ')',
  'Ar',
  'El',
  '{{',
  'é',
  '€',
  '😀',
  'a',
  'Z9',
  '#',
  '\\"',
];
const nasty = fc
  .array(fc.constantFrom(...PIECES, ' '), { minLength: 1, maxLength: 12 })
  .map((all) => all.join(''));

describe.skipIf(!hasTool('mandoc'))('as mandoc shows it (needs mandoc)', () => {
  it('an argument is what it was', () => {
    fc.assert(
      fc.property(fc.array(nasty, { minLength: 1, maxLength: 30 }), (texts) => {
        const lines = texts.flatMap((text) => [`.Cm ${argument(text)}`, '.Pp']);
        expect(rendered(lines).split('\n\n').map(squeezed).filter(Boolean)).toEqual(
          texts.map(squeezed).filter(Boolean),
        );
      }),
      { numRuns: 20 },
    );
  });

  it('a paragraph is what it was', () => {
    const prose = nasty.map((text) => text.replaceAll('`', '') + ' end');
    fc.assert(
      fc.property(fc.array(prose, { minLength: 1, maxLength: 30 }), (texts) => {
        const lines = texts.flatMap((text) => [...paragraph(text), '.Pp']);
        expect(rendered(lines).split('\n\n').map(squeezed).filter(Boolean)).toEqual(texts.map(squeezed));
      }),
      { numRuns: 20 },
    );
  });

  it('a display is what it was, line by line', () => {
    fc.assert(
      fc.property(fc.array(nasty, { minLength: 1, maxLength: 30 }), (texts) => {
        const text = texts.map((line) => `x${line}`).join('\n');
        const shown = rendered(display(`${text}\n`))
          .split('\n')
          .filter(Boolean);
        expect(shown.map((line) => line.trim())).toEqual(text.split('\n').map((line) => line.trim()));
      }),
      { numRuns: 20 },
    );
  });

  it('lists, references and literals read as written', () => {
    const lines = [
      ...paragraph('See (`a b`), cu(1), FreeBSD-like, `x`; FreeBSD.'),
      ...taggedList([{ tag: '.It Cm a', lines: ['One.'] }]),
      ...bulletList([['Two.'], ['Three.']]),
    ];
    expect(squeezed(rendered(lines))).toBe(
      'See (‘a b’), cu(1), FreeBSD-like, ‘x’; FreeBSD. a One. • Two. • Three.',
    );
  });

  it('and a page that mandoc has something against is noticed', () => {
    expect(lint({ 'x.5': around(['text ', '.Xr airhive 4', '.Xr nosuchpage 4']) })).toEqual([
      expect.stringContaining('whitespace at end of input line'),
      expect.stringContaining('referenced manual not found: Xr airhive 4'),
    ]);
  });
});
