/** A FAT timestamp: the packed date and time words, and the hundredths that only creation times have. */
export interface Timestamp {
  /** Year since 1980, month and day in 7, 4 and 5 bits. */
  readonly date: number;
  /** Hours, minutes and two-second steps in 5, 6 and 5 bits. */
  readonly time: number;
  /** 0 or 100: the odd second. */
  readonly hundredths: number;
}

const FIRST = Date.UTC(1980, 0, 1) / 1000;
const LAST = Date.UTC(2107, 11, 31, 23, 59, 59) / 1000;

/**
 * Packs seconds since 1970. FAT stores local time without a zone; UTC is written, so no time zone can leak.
 * Before 1980 and after 2107 the nearest date that FAT can hold is taken.
 */
export function encodeTimestamp(seconds: number): Timestamp {
  const date = new Date(Math.min(Math.max(Math.floor(seconds), FIRST), LAST) * 1000);
  return {
    date: ((date.getUTCFullYear() - 1980) << 9) | ((date.getUTCMonth() + 1) << 5) | date.getUTCDate(),
    time: (date.getUTCHours() << 11) | (date.getUTCMinutes() << 5) | (date.getUTCSeconds() >> 1),
    hundredths: (date.getUTCSeconds() % 2) * 100,
  };
}

/** Seconds since 1970 (always even), or undefined when the words name no date or time that exists. */
export function decodeTimestamp(date: number, time: number): number | undefined {
  const seconds =
    Date.UTC(
      (date >> 9) + 1980,
      ((date >> 5) & 15) - 1,
      date & 31,
      time >> 11,
      (time >> 5) & 63,
      (time & 31) * 2,
    ) / 1000;
  const again = encodeTimestamp(seconds);
  return again.date === date && again.time === time ? seconds : undefined;
}
