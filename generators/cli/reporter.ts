import { AirhiveError, exitCodeOf, type Diagnostic } from '../errors.ts';
import { CONSOLE, filled } from '../formats/columns.ts';
import type { Reporter } from '../ports.ts';
import { formatDiagnostic, visibleLines } from '../profile/diagnostics.ts';
import type { Terminal } from './world.ts';

/* What a command says beside its result: steps and warnings while it runs, and at its end what was thrown. */

export interface ReporterOptions {
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly colour: boolean;
  /** Milliseconds that never go back; without it a transfer has neither rate nor time. */
  readonly monotonic?: () => number;
}

const WARNING = '\x1b[33m';
const WARNING_LABEL = 'warning:';
const FAINT = '\x1b[2m';
const RESET = '\x1b[0m';
/** Takes back what stands on the terminal's last line, such as the progress of a transfer; by spaces where no escapes may be. */
const clearLine = ({ columns = CONSOLE }: Terminal, escapes: boolean): string =>
  escapes ? '\r\x1b[K' : `\r${' '.repeat(columns - 1)}\r`;

/** Writes steps, warnings and progress to standard error: one line rewritten on a terminal, plain lines elsewhere. */
export function createReporter(
  stderr: Terminal,
  { quiet, verbose, colour, monotonic }: ReporterOptions,
): Reporter {
  const paint = (code: string, text: string) => (colour ? `${code}${text}${RESET}` : text);
  let lineIsOpen = false;
  let shown = '';
  let transfer: Transfer | undefined;
  const line = (text: string) => {
    stderr.write(`${lineIsOpen ? clearLine(stderr, colour) : ''}${text}\n`);
    lineIsOpen = false;
  };
  return {
    step: (message) => {
      if (!quiet) line(visibleLines(message));
    },
    warn: (message) => {
      const text = wrapped(`${WARNING_LABEL} ${visibleLines(message)}`);
      line(`${paint(WARNING, WARNING_LABEL)}${text.slice(WARNING_LABEL.length)}`);
    },
    detail: (message) => {
      if (verbose && !quiet) line(paint(FAINT, visibleLines(message)));
    },
    progress: (label, done, total) => {
      if (quiet) return;
      const percent = total === 0 ? 100 : Math.floor((done / total) * 100);
      const now = monotonic?.() ?? 0;
      if (transfer?.label !== label || done < transfer.done) transfer = { label, done, since: now };
      // A log gets a line for each tenth, a terminal one line that changes, with the second and each hundredth.
      const step = stderr.isTerminal ? percent : Math.floor(percent / 10) * 10;
      const change = `${label} ${step} ${stderr.isTerminal ? Math.floor((now - transfer.since) / 1000) : ''}`;
      if (change === shown) return;
      shown = change;
      const rest = ` ${step} % of ${Math.ceil(total / 1e6)} MB`;
      if (!stderr.isTerminal) {
        line(`${visibleLines(label)}${rest}`);
        return;
      }
      const text = fitting(
        visibleLines(label),
        `${rest}${speed(transfer, done, total, now)}`,
        stderr.columns,
      );
      stderr.write(`${clearLine(stderr, colour)}${text}`);
      lineIsOpen = true;
    },
  };
}

/**
 * Broken between words at 80 columns, the rest indented by two. An excerpt of a file stays as it is, since its mark stands
 * below a place in it, and so does a path that is longer than a line.
 */
export function wrapped(text: string): string {
  return text
    .split('\n')
    .map((line) => (/^ *[0-9]* \| /.test(line) ? line : wrappedLine(line)))
    .join('\n');
}

function wrappedLine(line: string): string {
  const text = line.trimStart();
  const indent = line.slice(0, line.length - text.length);
  return indent + filled(text, CONSOLE - 2, CONSOLE - indent.length).join('\n  ');
}

/** What is being transferred, how much of it there was when that was first said, and when that was. */
interface Transfer {
  readonly label: string;
  readonly done: number;
  readonly since: number;
}

/** How fast it goes and what that makes of the rest; nothing in the first second, nor at the end. */
function speed(transfer: Transfer, done: number, total: number, now: number): string {
  const rate = ((done - transfer.done) / (now - transfer.since)) * 1000;
  if (now - transfer.since < 1000 || rate <= 0 || done >= total) return '';
  const seconds = Math.ceil((total - done) / rate);
  const left = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
  return `, ${(rate / 1e6).toFixed(1)} MB/s, ${left} left`;
}

/** One line of a terminal, whose last column stays empty; of the label as much as there is room for. */
function fitting(label: string, rest: string, columns = CONSOLE): string {
  const room = Math.max(0, columns - 1 - rest.length);
  const shown = label.length > room ? `${label.slice(0, Math.max(0, room - 2))}..` : label;
  return `${shown}${rest}`.slice(0, columns - 1);
}

/**
 * Whether to colour: --color decides; else NO_COLOR (no-color.org), FORCE_COLOR and a dumb terminal; else a terminal.
 */
export function wantsColour(
  choice: string,
  env: Readonly<Record<string, string | undefined>>,
  isTerminal: boolean,
): boolean {
  if (choice !== 'auto') return choice === 'always';
  if (env.NO_COLOR) return false;
  if (env.FORCE_COLOR !== undefined) return env.FORCE_COLOR !== '0' && env.FORCE_COLOR !== 'false';
  return isTerminal && env.TERM !== 'dumb';
}

const ERROR = '\x1b[31m';

const BUG_HINT =
  'this is a bug in airhive: please report it, with the lines below, the command that you ran and the profile';

/** Prints what was thrown, for a person, to standard error. */
export function printFailure(stderr: Terminal, error: unknown, colour: boolean): void {
  if (stderr.isTerminal) stderr.write(clearLine(stderr, colour));
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
