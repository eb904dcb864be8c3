import { describe, expect, it } from 'vitest';
import { RULES } from '../../../generators/profile/rules.ts';
import { draftOf } from '../../../generators/profile/draft.ts';
import { profileSchema } from '../../../generators/profile/schema.ts';
import { shippedReleases, smallestProfile } from '../example.ts';

const { network, passthrough } = smallestProfile();
const device = passthrough[0]!;
const forwards = (...entries: object[]) => ({ firewall: { forwards: entries } });

/** For every demand, by its first words, groups that break it. */
const BROKEN: Readonly<Record<string, object>> = {
  '`alpine.release` and `alpine.flavor`': { alpine: { release: '3.24.0' } },
  'The release still gets': { alpine: { release: '3.13.0' } },
  '`machine.memory` reaches': { machine: { memory: '64M' } },
  'No two devices': { passthrough: [device, device] },
  'The places of all devices': {
    passthrough: Array.from({ length: 15 }, (_, index) => ({ ...device, pci: `${240 + index}/31/7` })),
  },
  '`network.host` and `network.guest` are': { network: { ...network, host: '127.0.0.2/24' } },
  '`network.guest` lies in': { network: { ...network, guest: '172.24.2.1' } },
  '`network.guest` is not': { network: { ...network, guest: '172.24.1.49' } },
  'Neither of the two': { network: { ...network, guest: '172.24.1.255' } },
  '`network.dns` is': { network: { ...network, dns: '224.0.0.1' } },
  'The subnet is private': { network: { host: '8.8.8.2/24', guest: '8.8.8.3' } },
  'The subnet shares no address': { network: { host: '192.168.1.2/24', guest: '192.168.1.3' } },
  'No two forwards': forwards({ protocol: 'tcp', port: 80 }, { protocol: 'tcp', port: 80, to: 81 }),
  'With `ssh.reverse` on': { ssh: { reverse: true }, ...forwards({ protocol: 'tcp', port: 2210 }) },
  'No forward of udp takes port 68': forwards({ protocol: 'udp', port: 68 }),
  '`host.freebsd` is from 13.0 to 15.x': { host: { freebsd: '16.0' } },
  '`wifi.interface` is neither': { wifi: { interface: 'eth0' } },
  '`wifi.country` is a code': { wifi: { country: 'UK' } },
  'Nothing stands twice': { host: { freebsd: '14.3', retire: ['x', 'x'] } },
};

const found = (rule: (typeof RULES)[number], groups: object) => {
  const draft = draftOf(profileSchema, { ...smallestProfile(), ...groups });
  return rule.check(draft ?? {}, shippedReleases());
};

/** In the words of `otherwise`. */
const kindOf = ({ severity, kind }: { severity: string; kind: string }) =>
  kind === 'unsupported' ? kind : severity;

describe('every rule', () => {
  it('is broken by one of the profiles here', () => {
    const starts = Object.keys(BROKEN);
    const matching = RULES.map(({ demand }) => starts.filter((start) => demand.startsWith(start)));
    expect(matching.flat().toSorted()).toEqual(starts.toSorted());
    for (const starts of matching) expect(starts).toHaveLength(1);
  });

  it.each(Object.entries(BROKEN))('finds what it says it finds: %s', (start, groups) => {
    const rule = RULES.find(({ demand }) => demand.startsWith(start))!;
    expect(found(rule, {})).toEqual([]);
    const kinds = found(rule, groups).map(kindOf);
    expect([...new Set(kinds)]).toEqual([rule.otherwise]);
  });
});
