import { AirhiveError, exitCodeOf, type Diagnostic } from '../errors.ts';
import { formatDiagnostic } from '../profile/diagnostics.ts';
import { visibleLines } from '../profile/diagnostics.ts';
import { CLEAR_LINE } from './reporter.ts';
import type { Terminal } from './world.ts';

const ERROR = '\x1b[31m';
const RESET = '\x1b[0m';

const BUG_HINT =
  'this is a bug in airhive: please report it, with the lines below, the command that you ran and the profile';

/** Prints what was thrown, for a person, to standard error. */
export function printFailure(stderr: Terminal, error: unknown, colour: boolean): void {
  if (stderr.isTerminal) stderr.write(CLEAR_LINE);
  const label = colour ? `${ERROR}error:${RESET}` : 'error:';
  if (!(error instanceof AirhiveError)) {
    stderr.write(`${label} ${BUG_HINT}\n${visibleLines(stackOf(error))}\n`);
    return;
  }
  for (const diagnostic of error.diagnostics) stderr.write(`${visibleLines(shownDiagnostic(diagnostic))}\n`);
  stderr.write(`${label} ${visibleLines(error.message)}\n`);
  if (error.hint !== undefined) stderr.write(`  ${visibleLines(error.hint)}\n`);
}

/** Of a file whose lines are not shown, because they may be secrets, the place and the message only. */
function shownDiagnostic(diagnostic: Diagnostic): string {
  const text = formatDiagnostic(diagnostic);
  return diagnostic.excerpt === '' ? (text.split('\n')[0] ?? '') : text;
}

/** The same as one value, for --json. */
export function describeFailure(error: unknown): Readonly<Record<string, unknown>> {
  const known = error instanceof AirhiveError;
  return {
    kind: known ? error.kind : 'bug',
    exit: exitCodeOf(error),
    message: known ? error.message : `${BUG_HINT}\n${stackOf(error)}`,
    hint: known ? (error.hint ?? null) : null,
    diagnostics: known ? error.diagnostics.map(plainDiagnostic) : [],
  };
}

export function plainDiagnostic({ severity, kind, file, line, column, path, message }: Diagnostic) {
  return { severity, kind, file, line, column, path, message };
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
