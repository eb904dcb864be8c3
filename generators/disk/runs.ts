/** A part of a file, from `start` up to but without `end`. */
export interface Run {
  readonly start: number;
  readonly end: number;
}

/** A multiple of every common block size of a file system, so that a hole is one for all of them. */
const STEP = 64 * 1024;
const ZEROS = new Uint8Array(STEP);

/** The parts of `bytes` that have to be written: steps of 64 KiB that are all zero are left out, and read as zero. */
export function writtenRuns(bytes: Uint8Array): Run[] {
  const runs: { start: number; end: number }[] = [];
  for (let start = 0; start < bytes.length; start += STEP) {
    const end = Math.min(start + STEP, bytes.length);
    if (Buffer.compare(bytes.subarray(start, end), ZEROS.subarray(0, end - start)) === 0) continue;
    const last = runs.at(-1);
    if (last?.end === start) last.end = end;
    else runs.push({ start, end });
  }
  return runs;
}
