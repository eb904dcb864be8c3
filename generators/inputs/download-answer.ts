import type { HttpResponse } from '../ports.ts';

/** What to do with an answer, before its body is read. */
export type Verdict =
  | { readonly kind: 'append' }
  | { readonly kind: 'anew' }
  | { readonly kind: 'restart' }
  | { readonly kind: 'broken'; readonly reason: string }
  | { readonly kind: 'refused'; readonly reason: string };

/**
 * Judges the answer to a request for the bytes from `offset` on of a file of `size` bytes (RFC 9110 sections 14
 * and 15). `append`: the body continues what is there. `anew`: it is the whole file. `restart`: ask for the whole
 * file. `broken`: worth a later try. `refused`: this mirror does not have the file.
 */
export function judgeAnswer(answer: HttpResponse, offset: number, size: number): Verdict {
  const encoding = answer.headers.get('content-encoding') ?? 'identity';
  if (encoding !== 'identity') return refused(`sends the file in the encoding ${encoding}`);
  if (answer.status === 200) return judgeWhole(answer, size);
  if (answer.status === 206) return judgeRange(answer, offset, size);
  if (answer.status === 416 && offset > 0) return judgeUnsatisfied(answer, size);
  const reason = `HTTP status ${answer.status}`;
  const passing = answer.status === 408 || answer.status === 429 || answer.status >= 500;
  return passing ? { kind: 'broken', reason } : refused(reason);
}

function judgeWhole(answer: HttpResponse, size: number): Verdict {
  const length = answer.headers.get('content-length');
  return length === undefined || Number(length) === size ? { kind: 'anew' } : wrongSize(length, size);
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

function judgeUnsatisfied(answer: HttpResponse, size: number): Verdict {
  const total = /^bytes \*\/(\d+)$/.exec(answer.headers.get('content-range') ?? '')?.[1];
  return total === undefined || Number(total) === size ? { kind: 'restart' } : wrongSize(total, size);
}

function wrongSize(has: string | undefined, size: number): Verdict {
  return refused(`its file has ${has ?? '?'} bytes, the pin says ${size}`);
}

function refused(reason: string): Verdict {
  return { kind: 'refused', reason };
}
