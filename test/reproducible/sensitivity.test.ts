import fc from 'fast-check';
import { parse, stringify } from 'yaml';
import { describe, expect, it } from 'vitest';
import { assembleBundle, CHECKSUMS, MANIFEST, SBOM } from '../../generators/bundle/bundle.ts';
import { OVERVIEW } from '../../generators/plan/overview.ts';
import { sha256 } from '../../generators/formats/checksums.ts';
import { allPaths } from '../../generators/profile/issues.ts';
import { profileSchema } from '../../generators/profile/schema.ts';
import { guestTree, hostTree, NO_CONTENTS, page, VERSION } from '../fixtures/machines.ts';
import { variant, type Groups } from '../fixtures/profiles.ts';
import { digestsOf, makeBundle, SOURCES } from './reference.ts';
import { shuffled } from '../fixtures/shuffled.ts';

const card = { pci: '4/0/0', id: '8086:24f3', drivers: ['if_iwm'] };

/** Every key, so that each can be changed alone. */
const BASE = {
  alpine: { release: '3.24.1', flavor: 'standard', mirrors: ['http://a.example'], packages: ['tcpdump'] },
  machine: { name: 'gw', cpus: 1, memory: '512M', loader: 'grub', console: 'nmdm' },
  passthrough: [card],
  network: {
    bridge: 'bridge0',
    tap: 'tap0',
    host: '172.24.1.49/24',
    guest: '172.24.1.1',
    dns: '9.9.9.9',
    ipv6: 'fd12:3456:789a::/64',
    mdns: false,
  },
  wifi: {
    mode: 'station',
    country: 'DE',
    interface: 'wlan0',
    mac: 'permanent',
    sendName: false,
    portalCheck: 'http://a.example/',
  },
  firewall: { forwards: [{ protocol: 'tcp', port: 8080, to: 80 }], only: 'any' },
  ssh: { reverse: true, port: 2210, to: 22 },
  host: { directory: '/vm/a', freebsd: '14.3', retire: ['ifconfig_wlan0'] },
};

const accessPoint = {
  ssid: 'laptop',
  channel: 6,
  security: 'both',
  address: '172.24.2.1/24',
  dns: ['192.168.1.1', '192.168.1.2'],
  isolate: true,
};

/** The base as an access point, which has neither IPv6 nor a page to ask for. */
const ACCESS_POINT = {
  ...BASE,
  network: { ...BASE.network, ipv6: undefined },
  wifi: { country: 'DE', mode: 'access-point', accessPoint },
};

/** Other values for every key. */
const CHANGES: Readonly<Record<string, readonly unknown[]>> = {
  'alpine.release': ['3.13.0'],
  'alpine.flavor': ['extended'],
  'alpine.mirrors': [
    ['http://b.example'],
    ['http://a.example', 'http://b.example'],
    ['http://b.example', 'http://a.example'],
  ],
  'alpine.packages': [[], ['bash']],
  'machine.name': ['gw2'],
  'machine.cpus': [2],
  'machine.memory': ['513M'],
  'machine.loader': ['uefi'],
  'machine.console': ['stdio', 'none'],
  passthrough: [
    [{ ...card, pci: '5/0/0' }],
    [{ ...card, id: '8086:24f4' }],
    [{ ...card, drivers: [] }],
    [card, { ...card, pci: '6/0/0' }],
    [{ ...card, pci: '6/0/0' }, card],
  ],
  'network.bridge': ['bridge1'],
  'network.tap': ['tap1'],
  'network.host': ['172.24.1.50/24', '172.24.1.49/25'],
  'network.guest': ['172.24.1.2'],
  'network.dns': ['1.1.1.1', undefined],
  'network.ipv6': ['fd12:3456:789b::/64', undefined],
  'network.mdns': [true],
  'wifi.country': ['FR'],
  'wifi.interface': ['wlan1'],
  'wifi.mac': ['random', 'per-network'],
  'wifi.sendName': [true],
  'wifi.portalCheck': ['http://b.example/', undefined],
  'firewall.forwards': [
    [],
    [{ protocol: 'udp', port: 8080, to: 80 }],
    [{ protocol: 'tcp', port: 8081, to: 80 }],
    [{ protocol: 'tcp', port: 8080, to: 81 }],
  ],
  'firewall.only': ['trusted'],
  'ssh.reverse': [false],
  'ssh.port': [2211],
  'ssh.to': [2222],
  'host.directory': ['/vm/b'],
  'host.freebsd': ['15.0'],
  'host.retire': [[], ['wlans_iwm0']],
};

/** Other values for every key of an access point. */
const AP_CHANGES: Readonly<Record<string, readonly unknown[]>> = {
  'wifi.accessPoint.ssid': ['desktop'],
  'wifi.accessPoint.channel': [11, 36],
  'wifi.accessPoint.security': ['wpa2', 'wpa3'],
  'wifi.accessPoint.address': ['172.24.3.1/24', '172.24.2.2/24', '172.24.2.1/25'],
  'wifi.accessPoint.dns': [['192.168.1.1'], ['192.168.1.2', '192.168.1.1']],
  'wifi.accessPoint.isolate': [false],
};

/** Keys that allow one value only. */
const WITHOUT_CHOICE = ['alpine.arch'];

/** The groups with one value changed; undefined takes the key out. */
function changed(groups: Groups, path: string, value: unknown): Groups {
  const [key = '', ...rest] = path.split('.');
  const inner = groups[key] as Groups;
  return { ...groups, [key]: rest.length === 0 ? value : changed(inner, rest.join('.'), value) };
}

const changesOf = (groups: Groups, changes: typeof CHANGES) =>
  Object.entries(changes).flatMap(([path, values]) =>
    values.map((value) => ({
      what: `${path} to ${JSON.stringify(value)}`,
      groups: changed(groups, path, value),
    })),
  );

/** Digests of the manifest, and of all that describes no other file. */
async function digests(groups: Groups): Promise<{ manifest: string; files: string }> {
  const profile = variant(groups);
  const inputs = {
    profile,
    version: VERSION,
    epoch: 0,
    guest: guestTree(profile),
    host: hostTree(profile),
    contents: NO_CONTENTS,
    page,
    program: [],
  };
  const { files } = await assembleBundle(inputs);
  const manifest = sha256(files.find(({ path }) => path === MANIFEST)!.bytes);
  const others = files.filter(({ path }) => ![MANIFEST, CHECKSUMS, OVERVIEW, SBOM].includes(path));
  return {
    manifest,
    files: sha256(Buffer.from(JSON.stringify(others.map(({ path, bytes }) => [path, sha256(bytes)])))),
  };
}

const profiles = [
  { what: 'nothing', groups: BASE },
  ...changesOf(BASE, CHANGES),
  { what: 'wifi.mode to "access-point"', groups: ACCESS_POINT },
  ...changesOf(ACCESS_POINT, AP_CHANGES),
];
const TRIED = [...Object.keys(CHANGES), 'wifi.mode', ...Object.keys(AP_CHANGES)];

describe('a change of the profile', () => {
  it('is tried for every key that there is', () => {
    const leaves = allPaths(profileSchema)
      .map((path) => path.join('.'))
      .filter((path, _, paths) => !paths.some((other) => other.startsWith(`${path}.`)));
    expect([...TRIED, ...WITHOUT_CHOICE].toSorted()).toEqual(leaves.toSorted());
  });

  it('changes the manifest, and a file that somebody reads', async () => {
    const seen = { manifest: new Map<string, string>(), files: new Map<string, string>() };
    for (const { what, groups } of profiles) {
      const found = await digests(groups);
      for (const kind of ['manifest', 'files'] as const) {
        expect(seen[kind].get(found[kind]), `${what}: the same ${kind} as with a change of`).toBeUndefined();
        seen[kind].set(found[kind], what);
      }
    }
  });
});

describe('a change that means nothing', () => {
  const remarked = (text: string) => `# a remark\n${text.replaceAll('\n', ' # and more\n\n')}`;
  const shuffledSources = <T>(list: readonly T[]) =>
    fc.shuffledSubarray([...list], { minLength: list.length });

  it('of order, remarks, or the order of files gives the same bytes', async () => {
    const expected = digestsOf(await makeBundle());
    await fc.assert(
      fc.asyncProperty(
        shuffled(parse(SOURCES.profile)),
        shuffled(parse(SOURCES.releases)),
        shuffledSources(SOURCES.guest),
        shuffledSources(SOURCES.host.overlay),
        fc.boolean(),
        async (profile, releases, guest, overlay, remarks) => {
          const text = remarks ? remarked(stringify(profile)) : stringify(profile);
          const host = { ...SOURCES.host, overlay };
          const made = await makeBundle({ profile: text, releases: stringify(releases), guest, host });
          expect(digestsOf(made)).toEqual(expected);
        },
      ),
      { numRuns: 15 },
    );
  });
});

describe('a change of anything else that goes in', () => {
  it.each([
    ['the version', { version: '1.0.1' }],
    ['the epoch', { epoch: '1' }],
    [
      'a byte of the overlay',
      { guest: SOURCES.guest.map(({ path, bytes }) => ({ path, bytes: Buffer.from(bytes).fill(7, 0, 1) })) },
    ],
    [
      'a name in the overlay',
      { guest: SOURCES.guest.map(({ path, bytes }) => ({ path: `x${path}`, bytes })) },
    ],
    ['a file less for the host', { host: { ...SOURCES.host, overlay: SOURCES.host.overlay.slice(0, -1) } }],
    ['a page of the host', { host: { ...SOURCES.host, troubleshooting: Buffer.from('other words\n') } }],
    [
      'the firmware of a card',
      { profile: SOURCES.profile.replace(/^( *)id: .*$/m, '$&\n$1firmware: [rt2860.bin]') },
    ],
    ['the hash of the ISO', { releases: SOURCES.releases.replace('sha256: f4', 'sha256: f5') }],
  ])('changes the manifest: %s', async (_, changes) => {
    const key = 'reference/manifest.json';
    expect(digestsOf(await makeBundle(changes))[key]).not.toBe(digestsOf(await makeBundle())[key]);
  });
});
