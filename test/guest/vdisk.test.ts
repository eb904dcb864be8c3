import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { Room } from './room.ts';

// The packages that came with the bundle: the guest's own scripts with Alpine's apk, and with packages alone on the vdisk.

const LACKING = ['dnsmasq', 'dnsmasq-common', 'dnsmasq-openrc', 'iptables', 'iptables-openrc'];
const BOOT = 'for one in packages firewall dns; do rc-service airhive-$one start; done; sleep 1; report';
const FETCH = 'rc-service airhive-fetch start';
const VERSIONS = 'echo "versions: $(apk info -v | grep -e ^dnsmasq -e ^iptables | sort | tr "\\n" " ")"';
const WORLD = 'echo "world: $(tr "\\n" " " </etc/apk/world)"';
const GATEWAY = [
  'packages: dnsmasq dnsmasq-openrc iptables iptables-openrc',
  'forwarding: 1',
  expect.stringMatching(/^rules: [1-9]/) as string,
  'dns: 172.24.1.1',
];
const OF_OLD =
  'dnsmasq-2.91-r0 dnsmasq-common-2.91-r0 dnsmasq-openrc-2.91-r0 iptables-1.8.11-r1 iptables-openrc-1.8.11-r1';
const OF_NEW = OF_OLD.replaceAll(/-r\d\b/g, '$&9');
const NO_MIRROR = 'http://127.0.0.1:9';

/** What `report` has printed, by its last call. */
const reportOf = (printed: string): string[] =>
  printed
    .split('\n')
    .filter((line) => /^(packages|forwarding|rules|dns):/.test(line))
    .slice(-4)
    .map((line) => line.trimEnd());

const lineOf = (printed: string, name: string): string =>
  printed
    .split('\n')
    .findLast((line) => line.startsWith(`${name}: `))
    ?.slice(name.length + 2)
    .trim() ?? '';

/** A guest that has fetched everything from a repository at an earlier start. */
function fetched(repository?: string): Room {
  const room = new Room(repository === undefined ? {} : { repository });
  const printed = room.run(`${BOOT}; ${FETCH}; wait_for "the guest is a gateway now"; report`);
  expect(reportOf(printed), printed).toEqual(GATEWAY);
  return room;
}

const notOfDisk = (said: readonly string[]): string[] => said.filter((line) => !line.includes('state disk'));

describe('a vdisk with all packages', () => {
  it('makes a gateway at once: nothing is said, and no mirror is asked', () => {
    const room = new Room();
    room.bring(LACKING);
    const printed = room.run(`${BOOT}; ${VERSIONS}; ${WORLD}; ${FETCH}; sleep 3; report`);
    expect(reportOf(printed), printed).toEqual(GATEWAY);
    expect(lineOf(printed, 'versions')).toBe(OF_OLD);
    expect(lineOf(printed, 'world')).toMatch(
      /^alpine-base dnsmasq e2fsprogs iptables iw openssh wpa_supplicant$/,
    );
    expect(printed).not.toMatch(/ERROR|WARNING|failed|fetched/);
    expect(notOfDisk(room.said)).toEqual([]);
    expect(room.requests).toEqual([]);
  });

  it('asks a mirror after a week, and the next start has what is newer', () => {
    const { newer } = inject('parts');
    const room = new Room({ repository: newer });
    room.bring(LACKING);
    const printed = room.run(`${BOOT}; touch -d 2020-01-01 /var/lib/airhive/packages/vdisk; ${FETCH}
      until [ -e /var/lib/airhive/packages/current ]; do sleep 0.1; done; sleep 1; ${VERSIONS}`);
    expect(lineOf(printed, 'versions')).toBe(OF_OLD);
    expect(room.requests.length).toBeGreaterThan(0);
    const next = new Room({ mirrors: NO_MIRROR });
    next.bring(LACKING);
    next.keep(room);
    const later = next.run(`${BOOT}; ${VERSIONS}; ${FETCH}; sleep 2`);
    expect(reportOf(later), later).toEqual(GATEWAY);
    expect(lineOf(later, 'versions')).toBe(OF_NEW);
    expect(notOfDisk(next.said)).toEqual([]);
  });

  it('gives way to a newer cache, and not to an older one', () => {
    const { mirror, newer } = inject('parts');
    for (const [cache, vdisk] of [
      [newer, mirror],
      [mirror, newer],
    ] as const) {
      const room = new Room({ mirrors: NO_MIRROR });
      room.keep(fetched(cache));
      room.bring(LACKING, vdisk);
      const printed = room.run(`${BOOT}; ${VERSIONS}; ${WORLD}; ${FETCH}; sleep 2`);
      expect(reportOf(printed), printed).toEqual(GATEWAY);
      expect(lineOf(printed, 'versions')).toBe(OF_NEW);
      expect(lineOf(printed, 'world')).not.toContain('><');
      expect(notOfDisk(room.said)).toEqual([]);
    }
  });

  it('takes the place of a newer cache that is damaged', () => {
    const room = new Room({ mirrors: NO_MIRROR });
    room.keep(fetched(inject('parts').newer));
    const cached = join(
      room.directory,
      'var/lib/airhive/packages/current/main/x86_64/iptables-1.8.11-r19.apk',
    );
    truncateSync(cached, readFileSync(cached).length - 100);
    room.bring(LACKING);
    const printed = room.run(`${BOOT}; ${VERSIONS}`);
    expect(reportOf(printed), printed).toEqual(GATEWAY);
    expect(lineOf(printed, 'versions')).toBe(OF_OLD);
    expect(notOfDisk(room.said)).toEqual([
      expect.stringMatching(/^dnsmasq iptables: in the cache, but cannot be/),
    ]);
  });
});

describe('a package of the vdisk', () => {
  const damage: readonly (readonly [string, (file: string) => void, RegExp])[] = [
    [
      'that has one bit changed',
      (file) => {
        const bytes = readFileSync(file);
        bytes[bytes.length - 900]! ^= 1;
        writeFileSync(file, bytes);
      },
      /integrity|invalid/,
    ],
    ['that is truncated', (file) => truncateSync(file, 3000), /invalid|end of file/],
    ['that is empty', (file) => writeFileSync(file, ''), /end of file/],
    ['that is signed by another key', (file) => forge(file), /BAD signature/],
  ];

  function forge(file: string): void {
    const forged = new Room();
    const [name = ''] = /iptables-1.*/.exec(file) ?? [];
    writeFileSync(file, readFileSync(join(forged.bring(['iptables'], inject('parts').forged), name)));
  }

  it.each(damage)(
    '%s is named once and left out; the others are installed, and it is fetched',
    (_, spoil, why) => {
      const room = new Room();
      spoil(join(room.bring(LACKING), 'iptables-1.8.11-r1.apk'));
      const printed = room.run(`${BOOT}; ${WORLD}; rc-service airhive-packages restart; ${FETCH}
      wait_for "the guest is a gateway now"; report`);
      const [closed = '', open = ''] = printed.split(/^world: /m);
      expect(reportOf(closed)).toEqual([
        'packages: dnsmasq dnsmasq-openrc iptables-openrc',
        'forwarding: 0',
        'rules: 0',
        'dns: 172.24.1.1',
      ]);
      expect(reportOf(open), printed).toEqual(GATEWAY);
      const named = room.said.filter((line) => line.startsWith('on the vdisk, but damaged'));
      expect(named).toEqual([expect.stringMatching(/: iptables-1\.8\.11-r1\.apk \([^)]+\)$/)]);
      expect(named[0]).toMatch(why);
    },
  );

  it('that is damaged is installed from the cache, without a network', () => {
    const room = new Room({ mirrors: NO_MIRROR });
    room.keep(fetched());
    truncateSync(join(room.bring(LACKING), 'iptables-1.8.11-r1.apk'), 5000);
    const printed = room.run(`${BOOT}; ${FETCH}; sleep 2`);
    expect(reportOf(printed), printed).toEqual(GATEWAY);
    expect(notOfDisk(room.said)).toEqual([expect.stringMatching(/^on the vdisk, but damaged .*iptables-1/)]);
  });

  it('that is not there is fetched, with the others installed meanwhile', () => {
    const room = new Room();
    room.bring(LACKING.filter((name) => !name.startsWith('iptables')));
    const printed = room.run(`${BOOT}; echo --; ${FETCH}; wait_for "the guest is a gateway now"; report`);
    const [closed = '', open = ''] = printed.split('--\n');
    expect(reportOf(closed)[0]).toBe('packages: dnsmasq dnsmasq-openrc');
    expect(reportOf(open), printed).toEqual(GATEWAY);
  });

  it('that others need and is not there keeps these out, and no others', () => {
    const room = new Room({ mirrors: NO_MIRROR });
    rmSync(join(room.bring(LACKING), 'dnsmasq-common-2.91-r0.apk'));
    const printed = room.run(`${BOOT}; ${WORLD}`);
    expect(reportOf(printed)).toEqual([
      'packages: dnsmasq-openrc iptables iptables-openrc',
      'forwarding: 1',
      expect.stringMatching(/^rules: [1-9]/),
      'dns:',
    ]);
    expect(lineOf(printed, 'world')).toMatch(/^alpine-base e2fsprogs iptables iw/);
  });
});

describe('the room', () => {
  it('has its root in RAM and a vdisk that cannot be written, as the guest', () => {
    const room = new Room();
    room.bring(LACKING);
    const printed = room.run('apk add --no-network /media/vda/apks/*.apk; : >/media/vda/new', true);
    expect(printed).toContain('You tried to add a non-repository package');
    expect(printed).toContain('Read-only file system');
  });
});
