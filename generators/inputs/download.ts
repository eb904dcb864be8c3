import { AirhiveError } from '../errors.ts';
import type { Clock, HttpGet, HttpResponse, Reporter } from '../ports.ts';
import { plainReason, publicUrl, RefusedRequest } from './http.ts';

/** All mirrors together are given up after so long without a connection, in milliseconds. */
const CONNECTION_TIMEOUT = 30_000;
/** For one mirror's answer. With many mirrors it is less, so that each gets its turn. */
const ANSWER_TIMEOUT = 10_000;
/** A transfer without a byte for so long is taken for broken. */
const STALL_TIMEOUT = 30_000;
/** Attempts per mirror; one that brought this many bytes does not count as failed. */
const MAX_ATTEMPTS = 4;
const WORTHWHILE = 1 << 20;
/** The pause before a mirror's second attempt; it doubles each time. */
const FIRST_PAUSE = 1000;

export interface DownloadPorts {
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

/** How one request ended. `answered`: there was a connection, whatever came over it. */
type Attempt =
  | { readonly kind: 'complete'; /** Did the whole file come in this one answer? */ readonly whole: boolean }
  | { readonly kind: 'broken' | 'refused'; readonly reason: string; readonly answered: boolean };

/** Where the bytes go. `wrong`: what is wrong with them once they are all there. */
interface Target {
  readonly size: number;
  append(bytes: Uint8Array): Promise<void>;
  restart(): Promise<void>;
  wrong(): Promise<string | undefined>;
}

/** A small file, kept in memory. */
export class MemoryTarget {
  #chunks: Uint8Array[] = [];
  size = 0;

  append(bytes: Uint8Array): Promise<void> {
    this.#chunks.push(bytes);
    this.size += bytes.length;
    return Promise.resolve();
  }

  restart(): Promise<void> {
    this.#chunks = [];
    this.size = 0;
    return Promise.resolve();
  }

  bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }
}

/** What is fetched. `file` is its name in messages; of one whose size nobody knows, `limit` is the most it may have. */
type Fetched = { readonly file: string } & ({ readonly size: number } | { readonly limit: number });

/**
 * Completes `part` from the first of these addresses that has the file, each in its turn and again after a growing
 * pause, and checks it. Not to be had: the reason has one line for each mirror.
 * @throws AirhiveError verification for a wrong file; disk; the signal's reason when that fires
 */
export async function download(
  part: Target,
  pin: Fetched,
  urls: readonly string[],
  ports: DownloadPorts,
): Promise<{ readonly url: string } | { readonly reason: string }> {
  const { clock, reporter, signal } = ports;
  const mirrors = urls.map((url) => startMirror(url));
  let mismatch: AirhiveError | undefined;
  let giveUpAt = clock.monotonic() + CONNECTION_TIMEOUT;
  // Only bytes beyond this are progress: a mirror without Range sends the same ones again and again.
  let most = part.size;

  for (let mirror = nextMirror(mirrors); mirror !== undefined; mirror = nextMirror(mirrors)) {
    if (Math.max(mirror.next, clock.monotonic()) >= giveUpAt) break;
    if (mirror.next > clock.monotonic()) await clock.sleep(mirror.next - clock.monotonic(), signal);
    const left = Math.min(CONNECTION_TIMEOUT / mirrors.length, giveUpAt - clock.monotonic());
    const attempt = await ask(mirror, part, pin, { ...ports, timeout: Math.min(ANSWER_TIMEOUT, left) });
    if (attempt.kind === 'complete') {
      const wrong = await part.wrong();
      if (wrong === undefined) return { url: mirror.name };
      const final = attempt.whole || mismatch !== undefined;
      mismatch = wrongFile(wrong, mirror.name);
      if (final) break;
      // The bad bytes may be those of an earlier run or of another mirror.
      reporter.warn(`${pin.file} is wrong and was resumed on the way; it is downloaded anew`);
      await part.restart();
      most = 0;
    } else {
      if (attempt.answered) giveUpAt = clock.monotonic() + CONNECTION_TIMEOUT;
      const progress = part.size - most >= WORTHWHILE;
      most = Math.max(most, part.size);
      noteFailure(mirror, attempt, progress, ports);
    }
  }
  if (mismatch === undefined) return { reason: describeFailures(pin, mirrors) };
  throw mismatch;
}

function startMirror(url: string): Mirror {
  return { url, name: publicUrl(url), failures: 0, next: 0, refused: false, reason: 'not asked' };
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

/** The one whose turn is next; of several, the first that was named. */
function nextMirror(mirrors: readonly Mirror[]): Mirror | undefined {
  const left = mirrors.filter((mirror) => !mirror.refused && mirror.failures < MAX_ATTEMPTS);
  return left.reduce<Mirror | undefined>((a, b) => (a === undefined || b.next < a.next ? b : a), undefined);
}

/** Writes down how an attempt failed and when the mirror may be asked again. */
function noteFailure(
  mirror: Mirror,
  { kind, reason }: Exclude<Attempt, { kind: 'complete' }>,
  progress: boolean,
  { clock, reporter }: DownloadPorts,
): void {
  mirror.reason = reason;
  mirror.failures = progress ? 1 : mirror.failures + 1;
  mirror.refused = kind === 'refused';
  mirror.next = clock.monotonic() + FIRST_PAUSE * 2 ** (mirror.failures - 1);
  if (mirror.refused) reporter.warn(`${mirror.name}: ${reason}; this mirror is not used`);
  else reporter.detail(`${mirror.name}: ${reason} (attempt ${mirror.failures} of ${MAX_ATTEMPTS})`);
}

function describeFailures({ file }: Fetched, mirrors: readonly Mirror[]): string {
  if (mirrors.length === 0) return `${file} is not in the cache, and no mirror is named`;
  const lines = mirrors.map(
    ({ name, reason, failures }) => `${name}: ${reason}${failures > 1 ? ` (${failures} attempts)` : ''}`,
  );
  return [`${file} could not be downloaded:`, ...lines].join('\n  ');
}

function wrongFile(problem: string, url: string): AirhiveError {
  return new AirhiveError('verification', `${url} sent a wrong file: ${problem}`, {
    hint: 'nothing was kept; try another mirror (--mirror), and tell the people who run this one',
  });
}

/** Asks one mirror once for what is missing, and adds what it sends, never more than the file's size in all. */
async function ask(
  mirror: Mirror,
  part: Target,
  pin: Fetched,
  ports: DownloadPorts & { readonly timeout: number },
): Promise<Attempt> {
  const { http, clock, reporter, signal, timeout } = ports;
  // Without a size nobody can tell whether the rest would be that of the same file.
  if (!('size' in pin)) await part.restart();
  if ('size' in pin && part.size > 0 && mirror.failures === 0)
    reporter.step(`${pin.file}: going on after the ${megabytes(part.size)} that are there`);
  reporter.detail(`GET ${mirror.name}${part.size > 0 ? ` from byte ${part.size} on` : ''}`);
  const limit = startTimeLimit(clock, timeout, signal);
  let answered = false;
  try {
    const headers = part.size > 0 ? { range: `bytes=${part.size}-` } : {};
    const answer = await http(mirror.url, { headers, signal: limit.signal });
    answered = true;
    const size = 'size' in pin ? pin.size : lengthOf(answer, pin.limit);
    const verdict = judgeAnswer(answer, part.size, size);
    if (verdict.kind === 'broken' || verdict.kind === 'refused') return { ...verdict, answered };
    if (verdict.kind !== 'append') await part.restart();
    if (verdict.kind === 'restart') return await ask(mirror, part, pin, ports);

    limit.extend(STALL_TIMEOUT);
    for await (const bytes of answer.body) {
      await part.append(bytes.subarray(0, size - part.size));
      reporter.progress(pin.file, part.size, size);
      if (part.size === size) return { kind: 'complete', whole: verdict.kind === 'anew' };
      limit.extend(STALL_TIMEOUT);
    }
    // Of a body whose length was not told, HTTP itself tells the end.
    if (!('size' in pin) && !answer.headers.has('content-length')) return { kind: 'complete', whole: true };
    return { kind: 'broken', reason: `it stopped after ${part.size} of ${size} bytes`, answered };
  } catch (error) {
    if (error instanceof AirhiveError) throw error;
    if (signal.aborted && 'size' in pin && part.size > 0)
      reporter.step(`${megabytes(part.size)} of ${pin.file} are kept: the next run goes on after them`);
    signal.throwIfAborted();
    if (error instanceof RefusedRequest) return { kind: 'refused', reason: error.message, answered: true };
    const late = answered
      ? `sent nothing for ${STALL_TIMEOUT / 1000} s`
      : `no answer within ${Math.round(timeout / 1000)} s`;
    return { kind: 'broken', reason: limit.expired() ? late : plainReason(error), answered };
  } finally {
    limit.end();
  }
}

/** What to do with an answer, before its body is read. */
type Verdict =
  | { readonly kind: 'append' | 'anew' | 'restart' }
  | { readonly kind: 'broken' | 'refused'; readonly reason: string };

/**
 * Judges the answer to a request for the bytes from `offset` on of a file of `size` bytes (RFC 9110 sections 14
 * and 15). `append`: the body continues what is there. `anew`: it is the whole file. `restart`: ask for the whole
 * file. `broken`: worth a later try. `refused`: this mirror does not have the file.
 */
export function judgeAnswer(answer: HttpResponse, offset: number, size: number): Verdict {
  const encoding = answer.headers.get('content-encoding') ?? 'identity';
  if (encoding !== 'identity') return refused(`sends the file in the encoding ${encoding}`);
  if (answer.status === 206) return judgeRange(answer, offset, size);
  if (answer.status === 200) {
    const length = answer.headers.get('content-length');
    return length === undefined || Number(length) === size ? { kind: 'anew' } : wrongSize(length, size);
  }
  if (answer.status === 416 && offset > 0) {
    const total = /^bytes \*\/(\d+)$/.exec(answer.headers.get('content-range') ?? '')?.[1];
    return total === undefined || Number(total) === size ? { kind: 'restart' } : wrongSize(total, size);
  }
  const reason = `HTTP status ${answer.status}`;
  const passing = answer.status === 408 || answer.status === 429 || answer.status >= 500;
  return passing ? { kind: 'broken', reason } : refused(reason);
}

function judgeRange(answer: HttpResponse, offset: number, size: number): Verdict {
  const text = answer.headers.get('content-range') ?? '';
  const range = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(text);
  if (offset === 0 || range === null) return refused(`sends a part that was not asked for (${text})`);
  const [, first, last, total] = range;
  if (total !== '*' && Number(total) !== size) return wrongSize(total, size);
  if (Number(first) !== offset || Number(last) >= size) {
    return refused(`sends another part than the one asked for (${text}, asked from ${offset} on)`);
  }
  return { kind: 'append' };
}

/** The length of a file as its mirror says, if it is not more than any may have. */
function lengthOf({ headers }: HttpResponse, limit: number): number {
  const length = Number(headers.get('content-length') ?? limit);
  return length > 0 && length <= limit ? length : limit;
}

function wrongSize(has: string | undefined, size: number): Verdict {
  return refused(`its file has ${has ?? '?'} bytes, it should have ${size}`);
}

function refused(reason: string): Verdict {
  return { kind: 'refused', reason };
}

/** A time limit that can be moved forward while something still happens. `end` must be called in the end. */
function startTimeLimit(clock: Clock, ms: number, outer: AbortSignal) {
  const controller = new AbortController();
  let deadline = clock.monotonic() + ms;
  let expired = false;
  const watch = async (): Promise<void> => {
    for (let left = ms; left > 0; left = deadline - clock.monotonic()) {
      await clock.sleep(left, controller.signal);
    }
    expired = true;
    controller.abort();
  };
  // It rejects only because `end` woke it.
  watch().catch(() => undefined);
  return {
    /** Fires when the time is up, when the outer signal fires, or after `end`. */
    signal: AbortSignal.any([outer, controller.signal]),
    /** Was the time up before `end`? */
    expired: () => expired,
    /** The limit is now `more` from now. */
    extend: (more: number) => void (deadline = clock.monotonic() + more),
    /** Stops the clock and fires the signal, so that whatever still hangs on it lets go. */
    end: () => controller.abort(),
  };
}
