import { AirhiveError } from '../errors.ts';
import { mirrorField } from './alpine.ts';
import { describe } from './visible.ts';

/** Checks a mirror given on the command line as one in a profile is, and removes a slash at its end. Exit 2. */
export function parseMirror(url: string): string {
  const parsed = mirrorField.safeParse(url);
  if (parsed.success) return parsed.data;
  const allowed = parsed.error.issues[0]?.message ?? '';
  throw new AirhiveError('usage', `a mirror has to be ${allowed}; got ${describe(url)}`);
}
