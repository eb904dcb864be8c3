import { describe, expect, it } from 'vitest';
import { fetchedPackages, worldPackages } from '../../generators/plan/packages.ts';
import { variant, VARIANTS } from '../fixtures/profiles.ts';

const ALL = ['alpine-base', 'dnsmasq', 'e2fsprogs', 'iptables', 'iw', 'openssh', 'wpa_supplicant'];
const without = (...lacking: string[]) => ALL.filter((name) => !lacking.includes(name));

describe('the packages', () => {
  it.each([
    ['intel8260', without('dnsmasq', 'iptables'), ['dnsmasq', 'iptables']],
    ['extended', ALL, []],
    ['old', without('dnsmasq', 'iptables', 'iw'), ['dnsmasq', 'iptables', 'iw']],
    ['ipv6', without('dnsmasq', 'iptables'), ['dnsmasq', 'ip6tables', 'iptables']],
    [
      'everything',
      without('dnsmasq', 'iptables'),
      ['dnsmasq', 'ip6tables', 'iptables', 'libstdc++', 'tcpdump'],
    ],
  ])('of %s come from the ISO as far as it has them', (name, world, fetched) => {
    expect(worldPackages(VARIANTS[name]!)).toEqual(world);
    expect(fetchedPackages(VARIANTS[name]!)).toEqual(fetched);
  });

  it('come all from the extended ISO, IPv6 included', () => {
    const profile = variant({
      alpine: { release: '3.24.1', flavor: 'extended' },
      network: { host: '172.24.1.49/24', guest: '172.24.1.1', ipv6: 'fd12::/64' },
    });
    expect(worldPackages(profile)).toEqual([...ALL, 'ip6tables'].toSorted());
    expect(fetchedPackages(profile)).toEqual([]);
  });

  it('of the profile are fetched in every case, once and sorted', () => {
    const alpine = { release: '3.24.1', flavor: 'extended', packages: ['tcpdump', 'bash', 'dnsmasq'] };
    expect(fetchedPackages(variant({ alpine }))).toEqual(['bash', 'dnsmasq', 'tcpdump']);
  });
});
