import { AirhiveError, type Diagnostic } from '../errors.ts';
import { listProfiles, readProfile, readReleases } from '../inputs/profiles.ts';
import { formatDiagnostic, worstKind } from '../profile/diagnostics.ts';
import { parseReleases, type ReleasePin } from '../profile/releases.ts';
import { resolveProfile, type ResolvedProfile } from '../profile/resolve.ts';
import type { VerbContext } from './world.ts';

/** The profile a verb was asked for, with its warnings reported. All that is wrong with it is one error. */
export async function loadProfile(
  options: { profile?: string | undefined; releases?: string | undefined },
  context: VerbContext,
): Promise<ResolvedProfile> {
  if (options.profile === undefined) {
    const names = (await listProfiles(context.root)).join(', ');
    throw new AirhiveError('usage', 'no profile was named', {
      hint: `add --profile NAME (${names}) or --profile FILE`,
    });
  }
  const releases = await loadReleases(options.releases, context);
  const source = await readProfile(options.profile, context);
  const { profile, diagnostics } = resolveProfile(source, releases);
  if (!profile) throw refusal(source.file, diagnostics);
  for (const diagnostic of diagnostics) context.reporter.warn(formatDiagnostic(diagnostic));
  return profile;
}

/** The pins of --releases, or those that airhive ships. */
export async function loadReleases(
  file: string | undefined,
  context: VerbContext,
): Promise<readonly ReleasePin[]> {
  const source = await readReleases(file, context);
  const { releases, diagnostics } = parseReleases(source);
  if (!releases) throw refusal(source.file, diagnostics);
  return releases;
}

/** One error for all that is wrong with a file. */
export function refusal(file: string, diagnostics: readonly Diagnostic[]): AirhiveError {
  const errors = diagnostics.filter(({ severity }) => severity === 'error').length;
  const count = errors === 1 ? '1 problem' : `${errors} problems`;
  return new AirhiveError(worstKind(diagnostics) ?? 'usage', `${file}: ${count}, nothing was built`, {
    diagnostics,
  });
}
