import type { Diagnostic } from '../errors.ts';

/* Problems and values as text that is safe to print. */

/** Characters of the source line shown at most; a longer line is cut to a window around the place. */
const WINDOW = 100;

/**
 * A diagnostic as three lines of plain text, without a final newline:
 *
 *     profiles/x.yaml:12:5 machine.memory: must be ...; got "128"
 *       12 |   memory: 128
 *          |           ^
 */
export function formatDiagnostic(diagnostic: Diagnostic): string {
  const { file, line, column, path, severity, message, excerpt } = diagnostic;
  const place = `${file}:${line}:${column}${path === '' ? '' : ` ${path}`}`;
  const label = severity === 'warning' ? 'warning: ' : '';
  const { before, after } = window(excerpt, column - 1);
  const gutter = String(line).padStart(4);
  const indent = ' '.repeat(Array.from(before).length);
  return [
    visible(`${place}: ${label}${message}`),
    `${gutter} | ${before}${after}`,
    `${' '.repeat(gutter.length)} | ${indent}^`,
  ].join('\n');
}

function window(excerpt: string, column: number): { before: string; after: string } {
  const start = column > WINDOW / 2 ? column - WINDOW / 2 : 0;
  const end = start + WINDOW;
  return {
    before: (start > 0 ? '…' : '') + visible(excerpt.slice(start, column)),
    after: visible(excerpt.slice(column, end)) + (end < excerpt.length ? '…' : ''),
  };
}

/**
 * What a run that ended with these diagnostics amounts to: undefined without an error, `unsupported` when every error
 * is of that kind, else `usage`, since a mistake has to be mended before support can be judged.
 */
export function worstKind(diagnostics: readonly Diagnostic[]): 'usage' | 'unsupported' | undefined {
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  if (errors.length === 0) return undefined;
  return errors.every(({ kind }) => kind === 'unsupported') ? 'unsupported' : 'usage';
}

// Controls (C0, DEL, C1), zero-width and direction-changing characters, line separators, the byte order mark and
// lone surrogates: all that could move a terminal's cursor, reorder a line or hide in it.
const UNSAFE =
  // eslint-disable-next-line no-control-regex
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]|\p{Cs}/gu;

/** Text from a file made safe to print: what a terminal would act on is written as an escape. */
export function visible(text: string): string {
  return text.replace(UNSAFE, (character) => {
    if (character === '\t') return '\\t';
    return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
  });
}

/** The same for what may have several lines. */
export function visibleLines(text: string): string {
  return text.replace(UNSAFE, (character) => (/[\n\t]/.test(character) ? character : visible(character)));
}

/** The same for a JSON document, whose strings may hold what JSON itself leaves as it is. */
export function visibleJson(text: string): string {
  return text.replace(UNSAFE, (character) => {
    if (character === '\n') return character;
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** At most `limit` characters, the last one an ellipsis when something was cut. Never splits a surrogate pair. */
function crop(text: string, limit: number): string {
  const characters = Array.from(text);
  return characters.length <= limit ? text : `${characters.slice(0, limit - 1).join('')}…`;
}

const SHOWN = 60;

/** A value as it was read, for a message. `source` is its text in the file when it is a number or a truth value. */
export function describe(value: unknown, source?: string): string {
  if (value === undefined || value === null) return 'nothing';
  if (typeof value === 'string') return visible(crop(JSON.stringify(value), SHOWN));
  if (typeof value === 'number') return `the number ${visible(crop(source ?? String(value), SHOWN))}`;
  if (typeof value === 'boolean') return visible(source ?? String(value));
  return Array.isArray(value) ? 'a list' : 'a group of keys';
}
