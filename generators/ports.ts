/**
 * What the effectful parts need of the world, handed in by main.ts. Nothing below main.ts reads the clock,
 * the environment or a terminal by itself, so tests can stand in for each of these.
 */

/** Where progress, warnings and details go. Never results: those are returned. */
export interface Reporter {
  /** One finished or starting step, in plain words. */
  step(message: string): void;
  /** Something the user must see although the command goes on. */
  warn(message: string): void;
  /** Shown with --verbose only. */
  detail(message: string): void;
  /** A long transfer; `total` in bytes. May be called many times a second. */
  progress(label: string, done: number, total: number): void;
}

/** An HTTP answer whose body has not been read yet. Header names are in lower case. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: AsyncIterable<Uint8Array>;
}

/** One GET request. Rejects when no connection can be had, when it breaks, or when the signal fires. */
export type HttpGet = (
  url: string,
  options: { headers: Readonly<Record<string, string>>; signal: AbortSignal },
) => Promise<HttpResponse>;

/** Time as the network code needs it: for limits and back-off only, never for content. */
export interface Clock {
  /** Milliseconds from an arbitrary fixed point; never goes backwards. */
  monotonic(): number;
  /** Resolves after `ms`; rejects with the signal's reason when it fires first. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** Standard input, which only some commands read. */
export interface Input {
  readonly isTerminal: boolean;
  /** All of it, once. Rejects when it cannot be read, or when the user interrupts. */
  read(): AsyncIterable<Uint8Array>;
}

/** A terminal at which a person can be asked, whatever standard input and output are. */
export interface Dialogue {
  /** What the person has typed, without the newline; undefined when they have closed the input. Rejects on interruption. */
  ask(question: string): Promise<string | undefined>;
  close(): void;
}
