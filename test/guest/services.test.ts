import { existsSync, lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { VARIANTS } from '../fixtures/profiles.ts';
import { Room } from './room.ts';

const LEVELS = ['sysinit', 'boot', 'default', 'shutdown'];

/** Services by name to those that have to be started before, as OpenRC has worked out from all that services say. */
function dependencies(room: Room): Map<string, string[]> {
  const said = room.run('cat /run/openrc/deptree');
  const names = new Map(
    [...said.matchAll(/^depinfo_(\d+)_service='(.*)'$/gm)].map(([, id, name]) => [id, name!]),
  );
  const before = new Map<string, string[]>([...names.values()].map((name) => [name, []]));
  for (const [, id, , other] of said.matchAll(/^depinfo_(\d+)_(ineed|iuse|iwant|iafter)_\d+='(.*)'$/gm))
    before.get(names.get(id) ?? '')?.push(other!);
  return before;
}

/** The services of a circle, if there is one; one of mere wishes (after, use) OpenRC opens by itself. */
function circle(before: Map<string, string[]>): string[] {
  const done = new Set<string>();
  const visit = (name: string, path: readonly string[]): string[] => {
    if (path.includes(name)) return [...path.slice(path.indexOf(name)), name];
    if (done.has(name)) return [];
    for (const other of before.get(name) ?? []) {
      const found = visit(other, [...path, name]);
      if (found.length > 0) return found;
    }
    done.add(name);
    return [];
  };
  for (const name of before.keys()) {
    const found = visit(name, []);
    if (found.length > 0) return found;
  }
  return [];
}

/** Whether one service is started before another, which may be said of services between them. */
function isBefore(
  before: Map<string, string[]>,
  one: string,
  other: string,
  seen = new Set<string>(),
): boolean {
  if (seen.has(other)) return false;
  seen.add(other);
  const earlier = before.get(other) ?? [];
  return earlier.includes(one) || earlier.some((next) => isBefore(before, one, next, seen));
}

const resolved = (room: Room): string => room.run('rc-update -u 2>&1', true).trim();

describe("OpenRC's own resolution of the services", () => {
  it.each(LEVELS)('every link of runlevel %s leads to a service that is there', (level) => {
    const { directory } = new Room();
    const links = readdirSync(join(directory, 'etc/runlevels', level));
    expect(links.length).toBeGreaterThan(2);
    for (const link of links) {
      const path = join(directory, 'etc/runlevels', level, link);
      expect(lstatSync(path).isSymbolicLink()).toBe(true);
      expect(existsSync(join(directory, readlinkSync(path))), path).toBe(true);
    }
  });

  it('has nothing to complain of, and no circle', () => {
    const room = new Room();
    expect(resolved(room)).toBe('* Caching service dependencies ... [ ok ]');
    const before = dependencies(room);
    expect(before.size).toBeGreaterThan(30);
    expect(circle(before)).toEqual([]);
    expect(before.get('airhive-firewall')).toContain('airhive-packages');
    expect(before.get('sshd')).toEqual(expect.arrayContaining(['net', 'airhive-site']));
  });

  it('has the packages before all that needs them, and the firmware path before any driver is loaded', () => {
    const room = new Room();
    expect(resolved(room)).toContain('ok');
    const before = dependencies(room);
    for (const later of ['airhive-firewall', 'airhive-dns', 'airhive-wifi'])
      expect(isBefore(before, 'airhive-packages', later), later).toBe(true);
    expect(isBefore(before, 'modloop', 'airhive-firmware')).toBe(true);
    for (const later of ['hwdrivers', 'mdev', 'modules'])
      expect(isBefore(before, 'airhive-firmware', later), later).toBe(true);
  });

  it('would name a service that is missing, and show a circle', () => {
    const room = new Room();
    room.edit('etc/init.d/airhive-dns', (text) => text.replace('need net', 'need net airhive-fetch nothing'));
    room.edit('etc/init.d/airhive-fetch', (text) => text.replace('after airhive-dhcp', 'need'));
    expect(resolved(room)).toContain("Service 'airhive-dns' needs non existent service 'nothing'");
    expect(circle(dependencies(room))).toEqual(expect.arrayContaining(['airhive-dns', 'airhive-fetch']));
  });
});

describe('sshd', () => {
  it('is started again when it ends, and stops when it is told to', () => {
    const room = new Room();
    const alive = 'until one=$(pidof sshd); do sleep 0.1; done; echo "sshd $one"';
    const printed = room.run(`/usr/libexec/airhive/site-import >/dev/null
      rc-service --quiet -D sshd start; ${alive}; first=$one; kill -9 $one
      while kill -0 $first 2>/dev/null; do sleep 0.1; done
      ${alive}; [ "$one" != "$first" ] && echo another
      rc-service --quiet -D sshd stop; pidof sshd || echo gone`);
    expect(printed).toMatch(/^sshd \d+\nsshd \d+\nanother\ngone$/m);
  });
});

describe.each(['intel8260', 'ipv6', 'everything', 'narrow'])('the rendered files of %s', (name) => {
  it('are taken by ifupdown-ng, sshd and dnsmasq', () => {
    const profile = VARIANTS[name]!;
    const room = new Room({ profile });
    const printed = room.run(
      `apk add --quiet --no-network --repository /mirror/v3.24/main dnsmasq
      mkdir -p /run/sshd && /usr/libexec/airhive/state-disk && /usr/libexec/airhive/site-import
      ifquery -L; ifup -n -v -a; echo "ifup $?"; sshd -t; echo "sshd $?"
      dnsmasq --test -C /etc/airhive/dnsmasq.conf; echo "dnsmasq $?"`,
      true,
    );
    for (const line of ['lo', 'eth0', 'ifup 0', 'sshd 0', 'dnsmasq 0'])
      expect(printed.split('\n'), printed).toContain(line);
    expect(printed).toContain('syntax check OK');
  });
});
