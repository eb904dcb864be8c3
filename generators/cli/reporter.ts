import type { Reporter } from '../ports.ts';
import { visibleLines } from '../profile/diagnostics.ts';
import type { Terminal } from './world.ts';

export interface ReporterOptions {
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly colour: boolean;
}

const WARNING = '\x1b[33m';
const FAINT = '\x1b[2m';
const RESET = '\x1b[0m';
/** Takes back what stands on the terminal's last line, such as the progress of a transfer. */
export const CLEAR_LINE = '\r\x1b[K';

/** Writes steps, warnings and progress to standard error: one line rewritten on a terminal, plain lines elsewhere. */
export function createReporter(stderr: Terminal, { quiet, verbose, colour }: ReporterOptions): Reporter {
  const paint = (code: string, text: string) => (colour ? `${code}${text}${RESET}` : text);
  let lineIsOpen = false;
  let shown = -1;
  const line = (text: string) => {
    stderr.write(`${lineIsOpen ? CLEAR_LINE : ''}${text}\n`);
    lineIsOpen = false;
  };
  return {
    step: (message) => {
      if (!quiet) line(visibleLines(message));
    },
    warn: (message) => line(`${paint(WARNING, 'warning:')} ${visibleLines(message)}`),
    detail: (message) => {
      if (verbose && !quiet) line(paint(FAINT, visibleLines(message)));
    },
    progress: (label, done, total) => {
      if (quiet) return;
      const percent = total === 0 ? 100 : Math.floor((done / total) * 100);
      // A log gets a line for each tenth, a terminal one line that changes.
      const step = stderr.isTerminal ? percent : Math.floor(percent / 10) * 10;
      if (step === shown) return;
      shown = step;
      const text = `${visibleLines(label)} ${step} % of ${Math.ceil(total / 1e6)} MB`;
      if (!stderr.isTerminal) {
        line(text);
        return;
      }
      stderr.write(`${CLEAR_LINE}${text}`);
      lineIsOpen = true;
    },
  };
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
