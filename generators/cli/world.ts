import type { Clock, Dialogue, HttpGet, Input, Reporter } from '../ports.ts';

/** Everything outside of airhive, read or made once by main.ts and handed down. */
export interface World {
  /** The arguments after the program's name. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Directory of airhive itself, with overlays/ and profiles/ in it. */
  readonly root: string;
  readonly stdin: Input;
  readonly stdout: Terminal;
  readonly stderr: Terminal;
  /** The terminal of this process, if it has one at which messages are read. */
  readonly openTerminal: () => Promise<Dialogue | undefined>;
  readonly http: HttpGet;
  readonly clock: Clock;
  /** Seconds since 1970: how old a pin is, and whether a key has expired. Nothing that is made may depend on it. */
  readonly now: () => number;
  /** Fires when the user interrupts. */
  readonly signal: AbortSignal;
}

export interface Terminal {
  readonly isTerminal: boolean;
  /** Of a terminal, if it says. */
  readonly columns?: number | undefined;
  write(text: string): void;
}

/** What every verb gets beside its own options. */
export interface VerbContext extends Pick<
  World,
  'env' | 'cwd' | 'root' | 'stdin' | 'openTerminal' | 'http' | 'clock' | 'now' | 'signal'
> {
  readonly reporter: Reporter;
  readonly version: string;
}

/** What a verb found or made: `lines` for a person, `result` for --json. */
export interface Outcome {
  readonly lines: readonly string[];
  readonly result: Readonly<Record<string, unknown>>;
  /** Where an answer that is no error has an exit code of its own. */
  readonly exit?: number;
}
