import type { Problem } from './problem.ts';
import type { ReleasePin } from './releases.ts';
import { firewallRules } from './rules/firewall.ts';
import { guestRules } from './rules/guest.ts';
import { hostRules } from './rules/host.ts';
import { networkRules } from './rules/network.ts';
import { passthroughRules } from './rules/passthrough.ts';
import { releaseRules } from './rules/release.ts';
import type { ProfileDraft, Rule } from './rules/rule.ts';

/** All rules, in the order in which their problems are reported. */
export const RULES: readonly Rule[] = [
  ...releaseRules,
  ...passthroughRules,
  ...networkRules,
  ...firewallRules,
  ...hostRules,
  ...guestRules,
];

/** What all rules have against a profile. */
export function ruleProblems(profile: ProfileDraft, releases: readonly ReleasePin[]): Problem[] {
  return RULES.flatMap(({ check }) => check(profile, releases));
}
