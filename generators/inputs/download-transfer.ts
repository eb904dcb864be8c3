import { AirhiveError } from '../errors.ts';
import type { Clock, HttpGet } from '../ports.ts';
import type { PartialFile } from './cache-partial.ts';
import { judgeAnswer, type Verdict } from './download-answer.ts';
import { startTimeLimit, type TimeLimit } from './download-limit.ts';
import { plainReason, RefusedRequest } from './http.ts';

/** A transfer without a byte for so long, in milliseconds, is taken for broken. */
const STALL_LIMIT = 30_000;

/** One request for what is missing of a file. */
export interface Transfer {
  readonly url: string;
  /** Bytes of the whole file. */
  readonly size: number;
  /** Milliseconds until the answer must have begun. */
  readonly answerLimit: number;
  readonly http: HttpGet;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onProgress: (done: number) => void;
}

/** How it ended. `answered`: there was a connection, whatever came over it. */
export type Outcome =
  | { readonly kind: 'complete'; /** Did the whole file come in this one answer? */ readonly whole: boolean }
  | { readonly kind: 'broken' | 'refused'; readonly reason: string; readonly answered: boolean };

/**
 * Asks one mirror once, and adds what it sends to `partial`, never more than `size` bytes in all.
 * Errors: `disk`; the signal's reason when that fires.
 */
export async function transfer(partial: PartialFile, request: Transfer): Promise<Outcome> {
  const limit = startTimeLimit(request.clock, request.answerLimit, request.signal);
  let answered = false;
  try {
    const range = partial.size > 0 ? { range: `bytes=${partial.size}-` } : {};
    const answer = await request.http(request.url, { headers: range, signal: limit.signal });
    answered = true;
    const verdict = judgeAnswer(answer, partial.size, request.size);
    switch (verdict.kind) {
      case 'broken':
      case 'refused':
        return { ...verdict, answered };
      case 'restart':
        await partial.restart();
        return await transfer(partial, request);
      case 'anew':
        await partial.restart();
        return await receive(partial, answer.body, verdict, request, limit);
      case 'append':
        return await receive(partial, answer.body, verdict, request, limit);
    }
  } catch (error) {
    if (error instanceof AirhiveError) throw error;
    request.signal.throwIfAborted();
    if (error instanceof RefusedRequest) return { kind: 'refused', reason: error.message, answered: true };
    return { kind: 'broken', reason: brokenReason(error, answered, limit, request), answered };
  } finally {
    limit.end();
  }
}

async function receive(
  partial: PartialFile,
  body: AsyncIterable<Uint8Array>,
  verdict: Verdict,
  request: Transfer,
  limit: TimeLimit,
): Promise<Outcome> {
  limit.extend(STALL_LIMIT);
  for await (const bytes of body) {
    await partial.append(bytes.subarray(0, request.size - partial.size));
    request.onProgress(partial.size);
    if (partial.size === request.size) return { kind: 'complete', whole: verdict.kind === 'anew' };
    limit.extend(STALL_LIMIT);
  }
  const reason = `it stopped after ${partial.size} of ${request.size} bytes`;
  return { kind: 'broken', reason, answered: true };
}

function brokenReason(error: unknown, answered: boolean, limit: TimeLimit, request: Transfer): string {
  if (!limit.expired()) return plainReason(error);
  return answered
    ? `sent nothing for ${STALL_LIMIT / 1000} s`
    : `no answer within ${Math.round(request.answerLimit / 1000)} s`;
}
