import { AirhiveError } from '../errors.ts';

/** After this tar headers written by tar-stream overflow (docs/notes/reproducible.md). */
const LATEST = 2147483647;

/**
 * The one moment that every date in the bundle is taken from, in seconds since 1970: SOURCE_DATE_EPOCH when set and not empty
 * (reproducible-builds.org/specs/source-date-epoch), else the day of the Alpine release. Never the clock.
 * @throws AirhiveError usage when that is not a whole number of seconds from 0 to 2147483647
 */
export function resolveEpoch(sourceDateEpoch: string | undefined, releaseDate: number): number {
  if (sourceDateEpoch === undefined || sourceDateEpoch === '') return epochOfRelease(releaseDate);
  if (!/^(0|[1-9][0-9]{0,9})$/.test(sourceDateEpoch) || Number(sourceDateEpoch) > LATEST) {
    throw new AirhiveError('usage', `SOURCE_DATE_EPOCH is ${JSON.stringify(sourceDateEpoch)}`, {
      hint: `set it to whole seconds since 1970, 0 to ${LATEST} (as "date +%s" prints), or unset it`,
    });
  }
  return Number(sourceDateEpoch);
}

/** Days come from a file of pins that may be the user's own. */
function epochOfRelease(date: number): number {
  if (date >= 0 && date <= LATEST) return date;
  throw new AirhiveError('usage', 'the date of the release lies before 1970 or after 18 January 2038', {
    hint: 'correct the date of that release in the file of pinned releases, or set SOURCE_DATE_EPOCH',
  });
}
