import type { Diagnostic } from '../errors.ts';
import { visible } from './visible.ts';

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
