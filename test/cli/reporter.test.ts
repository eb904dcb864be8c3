import { describe, expect, it } from 'vitest';
import { createReporter, printFailure } from '../../generators/cli/reporter.ts';
import { AirhiveError } from '../../generators/errors.ts';
import type { Reporter } from '../../generators/ports.ts';

function said(
  use: (reporter: Reporter) => void,
  options: { isTerminal?: boolean; quiet?: boolean; verbose?: boolean; colour?: boolean } = {},
): string {
  let text = '';
  const { isTerminal = false, quiet = false, verbose = false, colour = false } = options;
  use(createReporter({ isTerminal, write: (more) => void (text += more) }, { quiet, verbose, colour }));
  return text;
}

function everything(reporter: Reporter): void {
  reporter.step('step');
  reporter.detail('detail');
  for (const done of [0, 5, 10, 11, 55, 100]) reporter.progress('x.iso', done * 1e6, 100e6);
  reporter.warn('careful');
}

describe('in a log', () => {
  it('there are plain lines, with each tenth of a transfer once', () => {
    const tenths = ['0', '10', '50', '100'].map((tenth) => `x.iso ${tenth} % of 100 MB\n`).join('');
    expect(said(everything)).toBe(`step\n${tenths}warning: careful\n`);
    expect(said(everything, { verbose: true })).toBe(`step\ndetail\n${tenths}warning: careful\n`);
  });

  it('--quiet leaves warnings only', () => {
    expect(said(everything, { quiet: true })).toBe('warning: careful\n');
    expect(said(everything, { quiet: true, verbose: true })).toBe('warning: careful\n');
  });

  it('colour marks warnings and details', () => {
    expect(said(everything, { quiet: true, colour: true })).toBe('\x1b[33mwarning:\x1b[0m careful\n');
    expect(said((reporter) => reporter.detail('x'), { verbose: true, colour: true })).toBe(
      '\x1b[2mx\x1b[0m\n',
    );
  });
});

describe('a long warning', () => {
  const warned = (text: string): string => said((reporter) => reporter.warn(text));

  it('has lines of at most 80 columns, with all its words, and one label', () => {
    const text = Array.from({ length: 60 }, (_, at) => 'x'.repeat(1 + (at % 11))).join(' ');
    const lines = warned(`${text}\n  ${text}`).trimEnd().split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(lines.slice(1).every((line) => /^ {2}\S/.test(line))).toBe(true);
    expect(lines.map((line) => line.trim()).join(' ')).toBe(`warning: ${text} ${text}`);
  });

  it('fills a line to its last column, and coloured as well as not', () => {
    const text = `${'x'.repeat(69)} y`;
    expect(warned(text)).toBe(`warning: ${text}\n`);
    expect(warned(`${text} z`)).toBe(`warning: ${text}\n  z\n`);
    expect(said((reporter) => reporter.warn(`${text} z`), { colour: true })).toBe(
      `\x1b[33mwarning:\x1b[0m ${text}\n  z\n`,
    );
  });

  it('leaves paths and excerpts whole', () => {
    const path = `/${'a'.repeat(90)}`;
    expect(warned(`gone: ${path} and more`)).toBe(`warning: gone:\n  ${path}\n  and more\n`);
    const excerpt = `  12 | key: ${'b '.repeat(45)}\n     | ${' '.repeat(80)}^`;
    expect(warned(`x\n${excerpt}`)).toBe(`warning: x\n${excerpt}\n`);
  });
});

describe('on a terminal', () => {
  it('a transfer has one line, which changes with each hundredth and makes way for the next message', () => {
    const clear = `\r${' '.repeat(79)}\r`;
    const line = (percent: number): string => `${clear}x.iso ${percent} % of 100 MB`;
    const text = said(
      (reporter) => {
        for (const done of [0, 0.1, 1, 100]) reporter.progress('x.iso', done * 1e6, 100e6);
        reporter.step('done');
        reporter.step('more');
      },
      { isTerminal: true },
    );
    expect(text).toBe(`${line(0)}${line(1)}${line(100)}${clear}done\nmore\n`);
  });

  it('a transfer says how fast it is and how long it takes, in one line of any terminal', () => {
    for (const columns of [80, 60, 40]) {
      let text = '';
      let now = 5000;
      const terminal = { isTerminal: true, columns, write: (more: string) => void (text += more) };
      const reporter = createReporter(terminal, {
        quiet: false,
        verbose: false,
        colour: false,
        monotonic: () => now,
      });
      // It goes on after 100 MB, which say nothing of how fast it is.
      reporter.progress('alpine-standard-3.24.2-x86_64.iso', 100e6, 369e6);
      now += 2000;
      reporter.progress('alpine-standard-3.24.2-x86_64.iso', 104e6, 369e6);
      const last = text.split('\r').at(-1) ?? '';
      expect(last.length).toBeLessThan(columns);
      expect(last).toContain(' 28 % of 369 MB, 2.0 MB/s, 2:13 left'.slice(0, columns - 4));
      // eslint-disable-next-line no-control-regex -- what a terminal would obey
      expect(text).not.toMatch(/\x1b/);
    }
  });

  it('an error does not stand behind the progress of a transfer', () => {
    let text = '';
    const write = (more: string): void => void (text += more);
    printFailure({ isTerminal: true, write }, new AirhiveError('network', 'gone', { hint: 'wait' }), false);
    expect(text).toBe(`\r${' '.repeat(79)}\rerror: gone\n  wait\n`);
  });
});

it('what a terminal would obey is shown with escapes, in every line that is said', () => {
  const name = 'a\u001b[2J\u009b1m\u202eb\nc\td';
  const shown = String.raw`a\u{1b}[2J\u{9b}1m\u{202e}b` + '\nc\td';
  const all = said(
    (reporter) => {
      reporter.step(name);
      reporter.detail(name);
      reporter.progress(name, 1, 1);
      reporter.warn(name);
    },
    { verbose: true },
  );
  expect(all).toBe(`${shown}\n${shown}\n${shown} 100 % of 1 MB\nwarning: ${shown}\n`);
  let failure = '';
  const terminal = { isTerminal: false, write: (more: string) => void (failure += more) };
  printFailure(terminal, new AirhiveError('disk', name, { hint: name }), false);
  expect(failure).toBe(`error: ${shown}\n  ${shown}\n`);
});
