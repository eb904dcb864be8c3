import { describe, expect, it } from 'vitest';
import { CACHE, leased } from './fetching.ts';

describe('packages that nobody asks for, and apk adds all the same (install_if)', () => {
  it('come with the others, and what they draw in as well', () => {
    const guest = leased();
    guest.offer();
    guest.keep();
    const fetched = guest.calls('apk').filter((line) => line.includes(' fetch '));
    expect(fetched.map((line) => line.slice(line.indexOf('pool ') + 5))).toEqual([
      'one two',
      'one-openrc',
      'one-of-others',
    ]);
  });

  it('come again with every update: the next boot has nothing but the new cache', () => {
    const guest = leased();
    guest.offer();
    guest.write('there', 'openrc-0.63-r1\none-1-r0\none-openrc-1-r0\none-of-others-1-r0\n');
    guest.keep();
    const fetched = guest.calls('apk').filter((line) => line.includes(' fetch '));
    expect(fetched.map((line) => line.slice(line.indexOf('pool ') + 5))).toEqual([
      'one two',
      'one-openrc one-of-others',
    ]);
  });

  it('are no reason to ask for ever, when the mirror has not got them', () => {
    const guest = leased();
    guest.offer();
    guest.write('withheld-one-openrc', '');
    guest.keep();
    expect(guest.cache).toEqual(['new']);
    expect(guest.said.at(-1)).toMatch(/not here yet/);
  });
});

describe('what apk says of an installation', () => {
  const words = 'ERROR: one-openrc: [31mnot found';

  it('is said when nothing comes of it, and that is tried again soon', () => {
    const guest = leased();
    guest.offer();
    guest.write('uninstallable', '');
    guest.write('complains', '');
    guest.keep(2);
    expect(guest.pauses).toEqual([5, 10]);
    expect(guest.calls('rc-service')).toEqual([]);
    expect(guest.said.at(-1)).toBe(`one two: fetched, but cannot be installed (${words}); trying again`);
    expect(guest.read('run/airhive/said/packages')).toContain(words);
  });

  it('keeps no guest from being a gateway when all is there, and is said as well', () => {
    const guest = leased();
    guest.offer();
    guest.write('complains', '');
    guest.keep(2);
    expect(guest.calls('rc-service')).toHaveLength(2);
    expect(guest.pauses).toEqual([5, 10]);
    expect(guest.said.slice(1)).toEqual([
      'one two: fetched, checked and kept; the guest is a gateway now',
      `one two: in use, but apk has failed (${words}); trying again`,
    ]);
  });

  it('is said of what is in the cache too, which is then fetched again', () => {
    const guest = leased();
    guest.write(`${CACHE}/current/main/x86_64/APKINDEX.tar.gz`, 'x');
    guest.write('complains', '');
    guest.call('install');
    expect(guest.said).toEqual([`one two: in the cache, but cannot be installed (${words}); fetching again`]);
    guest.offer();
    guest.write('complains', '');
    guest.keep();
    expect(guest.calls('apk').some((line) => line.includes(' fetch '))).toBe(true);
  });

  it('is not all: a packet filter or a DNS server that does not start is tried again, and said', () => {
    const guest = leased();
    guest.offer();
    guest.tool('pidof', 'false');
    guest.keep(6);
    expect(guest.pauses).toEqual([1, 1, 1, 1, 1, 5]);
    expect(guest.said.at(-1)).toMatch(/installed, but packet filter or DNS server do not start; trying again/);
  });
});

describe('a DNS server that answers wrongly for IPv6', () => {
  it('is got around by the IPv4 address, for as long as the mirror is asked', () => {
    const guest = leased();
    guest.offer();
    guest.write('wrong', '');
    const apk = guest.read('bin/apk');
    guest.write('bin/apk', apk.replace('\n', '\ncat "$GUEST/etc/hosts" >>"$GUEST/seen"\n'));
    guest.keep();
    expect(guest.read('seen')).toContain('\n192.0.2.7 a.example # airhive\n');
    expect(guest.read('etc/hosts')).toBe('127.0.0.1 localhost\n');
    expect(guest.said).toContain(
      "the network's DNS server answers wrongly for IPv6: a.example is asked at 192.0.2.7",
    );
  });
});

