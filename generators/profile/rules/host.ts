import { unsupported } from '../problem.ts';
import type { Check, Rule } from './rule.ts';

const OLDEST = 13;
const NEWEST = 15;

const freebsdIsKnown: Check = (profile) => {
  const version = profile.host?.freebsd;
  if (!version || (version.major >= OLDEST && version.major <= NEWEST)) return [];
  const reason =
    version.major < OLDEST
      ? 'its devmatch(8) does not know devmatch_blocklist, which keeps the native driver away'
      : 'nobody has tried it yet';
  return [
    unsupported(
      ['host', 'freebsd'],
      `FreeBSD ${version.text} is not supported: ${reason}; supported are ${OLDEST}.0 to ${NEWEST}.x`,
    ),
  ];
};

export const hostRules: readonly Rule[] = [
  {
    demand: `\`host.freebsd\` is from ${OLDEST}.0 to ${NEWEST}.x.`,
    otherwise: 'unsupported',
    check: freebsdIsKnown,
  },
];
