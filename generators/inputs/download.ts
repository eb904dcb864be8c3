import { AirhiveError } from '../errors.ts';
import type { Clock, HttpGet, Reporter } from '../ports.ts';
import type { PartialFile } from './cache-partial.ts';
import { transfer, type Outcome } from './download-transfer.ts';
import { publicUrl } from './http.ts';

/** All mirrors together are given up after so long without a connection, in milliseconds. */
const PATIENCE = 30_000;
/** The longest wait for one mirror's answer. With many mirrors it is less, so that each gets its turn. */
const ANSWER_LIMIT = 10_000;
/** Attempts per mirror; one that brought this many bytes does not count as failed. */
const MAX_ATTEMPTS = 4;
const WORTHWHILE = 1 << 20;
/** The pause before a mirror's second attempt; it doubles each time. Milliseconds. */
const FIRST_PAUSE = 1000;

/** What is to be downloaded. `path` follows the mirror's address, `size` is in bytes, `sha256` 64 hex digits. */
export interface IsoPin {
  readonly file: string;
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
}

export interface Download {
  readonly pin: IsoPin;
  readonly mirrors: readonly string[];
  readonly http: HttpGet;
  readonly clock: Clock;
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
}

interface Mirror {
  readonly url: string;
  readonly name: string;
  failures: number;
  /** Not before this time of the clock. */
  next: number;
  refused: boolean;
  reason: string;
}

/**
 * Completes `partial` from the mirrors, each in its turn and again after a growing pause, and checks its hash.
 * Returns the address that the last byte came from, or why it could not be had, one line for each mirror.
 * Errors: `verification` for a wrong hash (the partial file is removed), `disk`.
 */
export async function download(
  partial: PartialFile,
  options: Download,
): Promise<{ url: string } | { failures: string[] }> {
  const { pin, clock, reporter, signal } = options;
  const mirrors = options.mirrors.map((mirror) => startMirror(mirror, pin));
  let mismatch: AirhiveError | undefined;
  let giveUpAt = clock.monotonic() + PATIENCE;
  // Only bytes beyond this are progress: a mirror without Range sends the same ones again and again.
  let most = partial.size;

  for (let mirror = nextMirror(mirrors); mirror !== undefined; mirror = nextMirror(mirrors)) {
    if (Math.max(mirror.next, clock.monotonic()) >= giveUpAt) break;
    if (mirror.next > clock.monotonic()) await clock.sleep(mirror.next - clock.monotonic(), signal);
    const outcome = await ask(mirror, partial, options, giveUpAt - clock.monotonic());
    if (outcome.kind === 'complete') {
      if (partial.digest() === pin.sha256) return { url: mirror.name };
      const final = outcome.whole || mismatch !== undefined;
      mismatch = wrongHash(pin, partial.digest(), mirror.name);
      if (final) break;
      // The bad bytes may be those of an earlier run or of another mirror.
      reporter.warn(`the download has a wrong SHA-256 and was resumed on the way; it starts anew`);
      await partial.restart();
      most = 0;
    } else {
      if (outcome.answered) giveUpAt = clock.monotonic() + PATIENCE;
      const progress = partial.size - most >= WORTHWHILE;
      most = Math.max(most, partial.size);
      settle(mirror, outcome, progress, options);
    }
  }
  if (mismatch === undefined) return { failures: mirrors.map(describeFailure) };
  await partial.discard();
  throw mismatch;
}

function startMirror(address: string, pin: IsoPin): Mirror {
  const url = `${address.replace(/\/+$/, '')}/${pin.path}`;
  return { url, name: publicUrl(url), failures: 0, next: 0, refused: false, reason: 'not asked' };
}

/** The one whose turn is next; of several, the first that was named. */
function nextMirror(mirrors: readonly Mirror[]): Mirror | undefined {
  const left = mirrors.filter((mirror) => !mirror.refused && mirror.failures < MAX_ATTEMPTS);
  return left.reduce<Mirror | undefined>((a, b) => (a === undefined || b.next < a.next ? b : a), undefined);
}

async function ask(
  mirror: Mirror,
  partial: PartialFile,
  options: Download,
  patience: number,
): Promise<Outcome> {
  const { pin, http, clock, reporter, signal } = options;
  reporter.detail(`GET ${mirror.name}${partial.size > 0 ? ` from byte ${partial.size} on` : ''}`);
  return transfer(partial, {
    url: mirror.url,
    size: pin.size,
    answerLimit: Math.min(ANSWER_LIMIT, PATIENCE / options.mirrors.length, patience),
    http,
    clock,
    signal,
    onProgress: (done) => reporter.progress(pin.file, done, pin.size),
  });
}

/** Writes down how an attempt failed and when the mirror may be asked again. */
function settle(
  mirror: Mirror,
  outcome: Exclude<Outcome, { kind: 'complete' }>,
  progress: boolean,
  { clock, reporter }: Download,
): void {
  mirror.reason = outcome.reason;
  mirror.failures = progress ? 1 : mirror.failures + 1;
  mirror.refused = outcome.kind === 'refused';
  mirror.next = clock.monotonic() + FIRST_PAUSE * 2 ** (mirror.failures - 1);
  if (mirror.refused) reporter.warn(`${mirror.name}: ${outcome.reason}; this mirror is not used`);
  else reporter.detail(`${mirror.name}: ${outcome.reason} (attempt ${mirror.failures} of ${MAX_ATTEMPTS})`);
}

function describeFailure({ name, reason, failures }: Mirror): string {
  return `${name}: ${reason}${failures > 1 ? ` (${failures} attempts)` : ''}`;
}

function wrongHash(pin: IsoPin, actual: string, url: string): AirhiveError {
  const message = `${url} sent a wrong file: its SHA-256 is ${actual}, the pin of ${pin.file} says ${pin.sha256}`;
  return new AirhiveError('verification', message, {
    hint: 'nothing was kept; try another mirror (--mirror), and tell the people who run this one',
  });
}
