import type { Draft } from '../draft.ts';
import type { Problem } from '../problem.ts';
import type { ReleasePin } from '../releases.ts';
import type { profileSchema } from '../schema.ts';

/** What is valid of a profile; see draft.ts. */
export type ProfileDraft = Draft<typeof profileSchema>;

/**
 * One thing that has to hold between several values. Returns what is wrong, or nothing, also when a value that it
 * needs is missing: that has been reported already.
 */
export type Rule = (profile: ProfileDraft, releases: readonly ReleasePin[]) => Problem[];
