import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Room } from './room.ts';

// The guest's own scripts with Alpine's apk, OpenRC, busybox and ifupdown-ng, from a standard ISO.

const BOOT = 'for one in packages firewall dns; do rc-service airhive-$one start; done';
const KEEP = 'rc-service airhive-fetch start; wait_for "the guest is a gateway now"; report';
const GATEWAY = [
  'packages: dnsmasq dnsmasq-openrc iptables iptables-openrc',
  'forwarding: 1',
  expect.stringMatching(/^rules: [1-9]/) as string,
  'dns: 172.24.1.1',
];
const CLOSED = ['packages:', 'forwarding: 0', 'rules: 0', 'dns:'];
const CACHE = '/var/lib/airhive/packages';
const KILLED = `/usr/libexec/airhive/packages keep & until [ -e /mirror/held ]; do sleep 0.1; done
  kill -9 $!; pkill -9 apk`;
const FETCHED = 'dnsmasq iptables: fetched, checked and kept; the guest is a gateway now';

/** The last lines of what was printed. */
const reportOf = (printed: string): string[] =>
  printed
    .trim()
    .split('\n')
    .slice(-4)
    .map((line) => line.trimEnd());

describe('the first boot from a standard ISO', () => {
  it('waits without a word of an error, fetches, and becomes a gateway', () => {
    const room = new Room();
    const printed = room.run(`${BOOT}; report; echo --; ${KEEP}`);
    const [before = '', after = ''] = printed.split('--\n');
    expect(reportOf(before), printed).toEqual(CLOSED);
    expect(reportOf(after), printed).toEqual(GATEWAY);
    expect(printed).not.toMatch(/ERROR|WARNING|failed/);
    expect(room.said.at(-1)).toBe(FETCHED);
    expect(room.read('run/airhive/said/packages')).toBe('');
  });

  it('keeps what it fetched: the second boot needs no mirror', () => {
    const room = new Room();
    room.run(`${BOOT}; ${KEEP}`);
    const second = new Room({ mirrors: 'http://127.0.0.1:9' });
    second.keep(room);
    const printed = second.run(`${BOOT}; sleep 2; report`);
    expect(reportOf(printed), printed).toEqual(GATEWAY);
    expect(second.said).toEqual(room.said.filter((line) => line.includes('state disk')));
  });

  it.each([
    ['is not there', 'http://127.0.0.1:9', /Connection refused/],
    ['has something else', 'http://127.0.0.1:8080/elsewhere', /404/],
  ])('says in the words of apk that a mirror %s', (_, mirrors, words) => {
    const room = new Room({ mirrors });
    const printed = room.run(`${BOOT}; rc-service airhive-fetch start; wait_for "not here yet"; report`);
    expect(reportOf(printed), printed).toEqual(CLOSED);
    expect(room.said.at(-1)).toMatch(words);
    expect(room.read('run/airhive/said/packages')).toMatch(words);
  });

  it.each([
    [3, 'that it does not exist'],
    [5, 'that it refuses'],
  ])('gets around a DNS server that answers %i (%s) when asked for an IPv6 address', (code) => {
    const room = new Room({ code, mirrors: 'http://mirror.example:8080' });
    const printed = room.run(`${BOOT}; ${KEEP}`);
    expect(reportOf(printed), printed).toEqual(GATEWAY);
    expect(room.said).toContain(
      "the network's DNS server answers wrongly for IPv6: mirror.example is asked at 127.0.0.1",
    );
    expect(room.read('etc/hosts')).not.toContain('mirror.example');
  });

  it('takes no package that was changed on its way, says so, and becomes a gateway with the right one', () => {
    const room = new Room();
    const file = room.package('iptables');
    const bytes = readFileSync(file);
    writeFileSync(
      file,
      bytes.map((byte, at) => (at === bytes.length - 900 ? byte ^ 1 : byte)),
    );
    const printed = room.run(`${BOOT}; rc-service airhive-fetch start; wait_for "not here yet"; report`);
    expect(reportOf(printed), printed).toEqual(CLOSED);
    expect(room.said.at(-1)).toMatch(/not here yet \(http:\/\/127\.0\.0\.1:8080: .*iptables/);
    writeFileSync(file, bytes);
    const next = new Room();
    next.keep(room);
    expect(reportOf(next.run(`${BOOT}; ${KEEP}`))).toEqual(GATEWAY);
  });

  it('begins anew after it was killed in the middle of a download', () => {
    const room = new Room();
    writeFileSync(join(room.mirror, 'hold'), 'iptables-1');
    room.run(`${BOOT}; ${KILLED}`);
    const next = new Room();
    next.keep(room);
    const printed = next.run(`${BOOT}; ${KEEP}`);
    expect(reportOf(printed), printed).toEqual(GATEWAY);
  });

  it('has the packages of before after it was killed in the middle of fetching newer ones', () => {
    const room = new Room();
    room.run(`${BOOT}; ${KEEP}; rc-service airhive-fetch stop; touch -d 2020-01-01 ${CACHE}/current
      echo -n iptables-1 >/mirror/hold; ${KILLED}; ls ${CACHE}`);
    const next = new Room({ mirrors: 'http://127.0.0.1:9' });
    next.keep(room);
    const printed = next.run(`${BOOT}; sleep 2; report`);
    expect(reportOf(printed), printed).toEqual(GATEWAY);
  });
});
