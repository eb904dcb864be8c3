import { readdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CACHE, Fetching, leased } from './fetching.ts';

describe('the packages that the ISO lacks', () => {
  it('are tried for again and again while there is no address, and no mirror is asked', () => {
    const guest = new Fetching();
    guest.keep(4);
    expect(guest.pauses).toEqual([5, 5, 5, 5]);
    expect(guest.calls('timeout')).toEqual([]);
    expect(guest.said).toEqual([
      'one two: not here yet (no address on the Wi-Fi yet); trying again',
    ]);
  });

  it('are asked for less and less from mirrors that fail, each mirror in turn, and said once', () => {
    const guest = leased();
    guest.keep(10);
    expect(guest.pauses).toEqual([5, 10, 20, 40, 80, 160, 320, 600, 600, 600]);
    expect(guest.calls('timeout')).toHaveLength(20);
    expect(guest.said).toEqual([
      'one two: being fetched from http://a.example http://b.example',
      'one two: not here yet (http://a.example: WARNING: updating: DNS: name does not exist; ' +
        'http://b.example: WARNING: updating: DNS: name does not exist); trying again',
    ]);
  });

  it('are asked for in bounded time: apk 2.12 would wait for ever', () => {
    const guest = leased();
    guest.offer();
    guest.keep();
    const online = guest.calls('timeout');
    expect(new Set(online.map((line) => line.split(' ', 2).join(' ')))).toEqual(new Set(['1200 apk']));
    const networked = guest.calls('apk').filter((line) => / (update|fetch)( |$)/.test(line));
    expect(networked).toHaveLength(online.length);
  });

  it('are on the disk before they get their name, and are installed from there', () => {
    const guest = leased();
    guest.offer();
    guest.keep();
    expect(guest.cache).toEqual(['current']);
    expect(readdirSync(join(guest.root, CACHE, 'current/main/x86_64')).sort()).toEqual([
      'APKINDEX.tar.gz',
      'one-1-r0.apk',
      'one-of-others-1-r0.apk',
      'one-openrc-1-r0.apk',
      'two-1-r0.apk',
    ]);
    expect(guest.read('calls')).toMatch(
      /^apk verify .*\n(sleep.*\n)?apk .* add .*--simulate .*\nsync \nmv \S+\/new \S+\/current\nsync \napk .* add /m,
    );
    expect(guest.calls('rc-service')).toEqual(['--quiet airhive-firewall restart', '--quiet airhive-dns restart']);
    expect(guest.pauses).toHaveLength(1);
    expect(guest.pauses[0]).toBeGreaterThan(604_700);
  });
});

describe('the cache', () => {
  const fill = (guest: Fetching, ...names: string[]): void => {
    for (const name of names) guest.write(`${CACHE}/${name}/main/x86_64/APKINDEX.tar.gz`, name);
  };
  const index = (guest: Fetching): string => guest.read(`${CACHE}/current/main/x86_64/APKINDEX.tar.gz`);

  // Everything that a cut can leave behind.
  it.each([
    [['current'], 'current'],
    [['current', 'new'], 'current'],
    [['current', 'old'], 'current'],
    [['new', 'old'], 'old'],
    [['old'], 'old'],
  ])('is usable at boot when %j is left', (left, used) => {
    const guest = new Fetching();
    fill(guest, ...left);
    guest.call('install');
    expect(index(guest)).toBe(used);
    expect(guest.cache).not.toContain('new');
    expect(guest.calls('apk').filter((line) => !line.startsWith('info '))).toEqual([
      `--no-network --no-progress add --quiet one two --repository ${CACHE}/current/main`,
    ]);
  });

  it.each([[['current'], 'current'], [['new', 'old'], 'old']])(
    'that is a week old stays while no mirror answers (%j is left)',
    (left, used) => {
      const guest = leased();
      guest.write('installed', '');
      fill(guest, ...left);
      utimesSync(join(guest.root, CACHE, used), 0, 0);
      guest.keep(3);
      expect(index(guest)).toBe(used);
      expect(guest.pauses).toEqual([600, 600, 600]);
    },
  );

  it('that is a week old is replaced, and what was there goes last', () => {
    const guest = leased();
    guest.write('installed', '');
    guest.offer('P:fresh\n\n');
    fill(guest, 'current', 'old');
    utimesSync(join(guest.root, CACHE, 'current'), 0, 0);
    guest.keep();
    expect(index(guest)).toBe(guest.read('mirror'));
    expect(guest.cache).toEqual(['current']);
    expect(guest.calls('mv').slice(-2)).toEqual([
      `${CACHE}/current ${CACHE}/old`,
      `${CACHE}/new ${CACHE}/current`,
    ]);
  });
});
