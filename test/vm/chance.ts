const VARIABLE = 'AIRHIVE_VM_SEED';

/** Numbers from 0 to 1 that are the same for the same seed. */
export interface Chance {
  /** For a report: how to have the same numbers again. */
  readonly replay: string;
  next(): number;
}

/** Chance from the seed in AIRHIVE_VM_SEED, else from a new one. (mulberry32) */
export function makeChance(): Chance {
  const seed = Number(process.env[VARIABLE] ?? Math.floor(Math.random() * 2 ** 32));
  if (!Number.isInteger(seed))
    throw new Error(`${VARIABLE}=${String(process.env[VARIABLE])}: an integer, please`);
  let state = seed | 0;
  return {
    replay: `${VARIABLE}=${seed}`,
    next: () => {
      state = (state + 0x6d2b79f5) | 0;
      let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
    },
  };
}
