import type { Draft } from '../draft.ts';
import type { Problem } from '../problem.ts';
import type { ReleasePin } from '../releases.ts';
import type { profileSchema } from '../schema.ts';

/** What is valid of a profile; see draft.ts. */
export type ProfileDraft = Draft<typeof profileSchema>;

/** What is wrong, or nothing, also when a value that is needed is missing: that has been reported already. */
export type Check = (profile: ProfileDraft, releases: readonly ReleasePin[]) => Problem[];

/** One thing that has to hold between several values, or with the pins. */
export interface Rule {
  /** What has to hold, in the words of the manual: sentences with keys in backticks. */
  readonly demand: string;
  /** What all problems are that the check finds. */
  readonly otherwise: 'error' | 'unsupported' | 'warning';
  readonly check: Check;
}
