import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { idsOf } from '../../generators/profile/cards.ts';
import { valueAt } from '../../generators/profile/document.ts';
import { allPaths, keysAt } from '../../generators/profile/issues.ts';
import { parseReleases } from '../../generators/profile/releases.ts';
import { resolveProfile } from '../../generators/profile/resolve.ts';
import { profileSchema } from '../../generators/profile/schema.ts';
import { cards } from '../fixtures/profiles.ts';
import { shuffled } from '../fixtures/shuffled.ts';
import {
  fullProfile,
  lineOf,
  profileYaml,
  readShipped,
  resolveText,
  testReleases,
  smallestProfile,
} from './example.ts';

const intel8260 = readShipped('intel8260.yaml');

test('intel8260 is the original prescription, without a diagnostic', () => {
  const { releases = [] } = parseReleases({ file: 'releases.yaml', text: readShipped('releases.yaml') });
  const { profile, diagnostics } = resolveText(intel8260, 'intel8260', releases);
  expect(diagnostics).toEqual([]);
  expect(profile).toEqual({
    name: 'intel8260',
    text: expect.stringContaining('host: 172.24.1.49/24') as string,
    alpine: {
      release: '3.24.2',
      flavor: 'standard',
      mirrors: ['https://dl-cdn.alpinelinux.org/alpine', 'https://mirrors.edge.kernel.org/alpine'],
      packages: [],
    },
    release: releases[0],
    machine: { name: 'airhive', cpus: 1, memory: 384, loader: 'grub', console: 'nmdm' },
    passthrough: [
      {
        pci: '4/0/0',
        place: { bus: 4, slot: 0, func: 0 },
        ids: ['8086:24f3'],
        drivers: ['if_iwm', 'if_iwlwifi'],
        force: false,
        firmware: [],
        firmwareFor: [],
      },
    ],
    network: {
      bridge: 'bridge0',
      tap: 'tap0',
      host: '172.24.1.49',
      guest: '172.24.1.1',
      prefix: 24,
      netmask: '255.255.255.0',
      subnet: '172.24.1.0',
      dns: '172.24.1.1',
      pool: { first: '172.24.1.128', last: '172.24.1.254' },
      ipv6: null,
      mdns: false,
      reverseZones: ['1.24.172.in-addr.arpa'],
    },
    wifi: {
      mode: 'station',
      accessPoint: null,
      country: '00',
      interface: 'wlan0',
      sendName: false,
      mac: 'permanent',
    },
    firewall: { forwards: [], only: 'any' },
    ssh: { reverse: true, port: 2210, to: 22 },
    host: {
      directory: '/mnt/vm_bhyve/linuxguest',
      freebsd: { text: '14.3', major: 14, minor: 3 },
      retire: ['wlans_iwm0', 'wlans_iwlwifi0', 'ifconfig_wlan0', 'create_args_wlan0'],
    },
  });
});

test('every key can be set', () => {
  const { profile, diagnostics } = resolveText(stringify(fullProfile()));
  expect(diagnostics).toEqual([]);
  expect(profile).toMatchObject({
    alpine: {
      flavor: 'extended',
      mirrors: ['http://mirror.example/alpine'],
      packages: ['tcpdump', 'libstdc++'],
    },
    release: { file: 'alpine-extended-3.24.1-x86_64.iso' },
    machine: { name: 'gw-1', cpus: 2, memory: 1024, loader: 'uefi', console: 'none' },
    passthrough: [
      {
        pci: '4/31/7',
        place: { bus: 4, slot: 31, func: 7 },
        ids: ['14c3:7961'],
        force: true,
        drivers: [],
      },
      { pci: '0/20/3', ids: ['8086:a0f0'], drivers: ['if_iwx'] },
      { pci: 'auto', maker: 'mediatek', ids: ['14c3:0616', '14c3:7922'], drivers: [] },
    ],
    network: {
      bridge: 'bridge7',
      tap: 'tap12',
      netmask: '255.255.255.252',
      subnet: '10.77.0.0',
      dns: '127.0.0.1',
      pool: null,
      ipv6: { host: 'fd12:3456:789a::2', guest: 'fd12:3456:789a::1', prefix: 64, subnet: 'fd12:3456:789a::' },
    },
    wifi: {
      mode: 'station',
      country: 'DE',
      interface: 'wlp1s0',
      sendName: true,
      mac: 'random',
      portalCheck: 'http://login.example/',
    },
    firewall: {
      forwards: [
        { protocol: 'tcp', port: 8080, to: 80 },
        { protocol: 'udp', port: 8080, to: 8080 },
      ],
    },
    ssh: { reverse: true, port: 2022, to: 2222 },
    host: { directory: '/vm/a.b_c-d', freebsd: { text: '15.1', major: 15, minor: 1 } },
  });
});

test('a maker stands for all its cards that can work, and for the firmware that the ISO lacks for them', () => {
  const [text] = [profileYaml({ passthrough: [{ pci: 'auto', maker: 'intel' }] })];
  const { profile, diagnostics } = resolveText(text);
  expect(diagnostics).toEqual([]);
  const [device] = profile?.passthrough ?? [];
  const works = cards.ofMaker('intel').filter(({ verdict }) => verdict !== 'never');
  expect(device?.ids).toEqual([...new Set(works.flatMap(idsOf))]);
  expect(device?.ids).toEqual(expect.arrayContaining(['8086:24f3', '8086:a0f0', '8086:2725']));
  expect(device?.firmwareFor).not.toContain('8086:24f3');
  expect(device?.firmwareFor).toEqual(expect.arrayContaining(['8086:a0f0', '8086:2725']));
  expect(device?.firmware).toMatchObject([
    {
      package: 'linux-firmware-intel',
      files: expect.arrayContaining(['iwlwifi-QuZ-a0-hr-b0-*.ucode', 'iwlwifi-ty-a0-gf-a0.pnvm']) as unknown,
    },
  ]);
});

// An access point has not all of the others, and the tests of its rules have its keys.
test('fullProfile has every key of the schema but those of an access point', () => {
  const full = fullProfile();
  const inEntries = (list: string, entries: readonly object[]) =>
    keysAt(profileSchema, [...list.split('.'), 0]).filter(
      (key) => !entries.some((entry) => Object.hasOwn(entry, key)),
    );
  const missing = allPaths(profileSchema).filter((path) => valueAt(full, path) === undefined);
  expect(missing.filter((path) => !path.join('.').startsWith('wifi.accessPoint'))).toEqual([]);
  expect(inEntries('passthrough', full.passthrough)).toEqual([]);
  expect(inEntries('firewall.forwards', full.firewall.forwards)).toEqual([]);
});

test('the smallest profile opens nothing', () => {
  const { profile, diagnostics } = resolveText(profileYaml());
  expect(diagnostics).toEqual([]);
  expect(profile?.ssh.reverse).toBe(false);
  expect(profile?.firewall.forwards).toEqual([]);
  expect(profile?.network.ipv6).toBeNull();
});

test('two results share nothing that could be changed', () => {
  const first = resolveText(profileYaml()).profile!;
  first.alpine.packages.push('x');
  first.alpine.mirrors.pop();
  first.firewall.forwards.push({ protocol: 'tcp', port: 1, to: 1 });
  first.passthrough[0]!.drivers.push('x');
  expect(resolveText(profileYaml()).profile).not.toEqual(first);
  expect(resolveText(profileYaml()).profile?.alpine).toMatchObject({ packages: [], mirrors: { length: 2 } });
});

test('ten mistakes get ten messages at their places', () => {
  const text = `# a comment
alpine:
  release: 3.24.9
  flavour: standard
machine:
  memory: 384
  cpus: 0
passthrough:
  - pci: 4/0/8
    id: 8086-24f3
network:
  tap: vmnet0
  host: 172.24.1.49/24
  guest: 172.24.2.1
wifi:
  passphrase: correct horse
host:
  directory: /mnt/vm bhyve
  freebsd: 14.3
`;
  const { profile, diagnostics } = resolveText(text);
  expect(profile).toBeUndefined();
  expect(diagnostics.map(lineOf)).toEqual([
    '3:12 alpine.release: 3.24.9 is not pinned; pinned are 3.24.1 standard, 3.24.1 extended, 3.13.0 standard',
    '4:3 alpine.flavour: unknown key "flavour"; did you mean alpine.flavor? known here: release, flavor, arch, mirrors, packages',
    '6:11 machine.memory: has to be written with M or G alone: 384M; got the number 384',
    '7:9 machine.cpus: has to be a whole number from 1 to 16; got the number 0',
    '9:10 passthrough[0].pci: is no place on a PCI bus: bus 0 to 255, slot 0 to 31, function 0 to 7; got "4/0/8"',
    '10:9 passthrough[0].id: has to be written as vendor:device: 8086:24f3; got "8086-24f3"',
    '12:8 network.tap: has to be tap and a number, for example tap0; got "vmnet0"',
    '14:10 network.guest: 172.24.2.1 is outside of 172.24.1.0/24, the subnet of network.host; take one from 172.24.1.1 to 172.24.1.254',
    expect.stringMatching(/^16:3 wifi\.passphrase: networks and passphrases never go into a profile/),
    expect.stringMatching(/^18:14 host\.directory: has to be an absolute path .*; got "\/mnt\/vm bhyve"$/),
    '19:12 host.freebsd: has to be a FreeBSD version in quotes, for example "14.3"; got the number 14.3, so put it in quotes: "14.3"',
  ]);
  expect(diagnostics.map(({ excerpt }) => excerpt)).toContain('  cpus: 0');
  expect(JSON.stringify(diagnostics)).not.toContain('correct horse');
});

describe('documents that are no profile', () => {
  test.each([
    ['', '1:1 : the file is empty'],
    ['- a\n', '1:1 : has to be a group of keys: alpine, machine, passthrough'],
    ['hello\n', '1:1 : has to be a group of keys: alpine, machine, passthrough'],
    ['a: "\n', 'not valid YAML'],
  ])('%j', (text, message) => {
    const { profile, diagnostics } = resolveText(text);
    expect(profile).toBeUndefined();
    expect(diagnostics.map(lineOf)).toEqual([expect.stringContaining(message)]);
  });

  test('a byte order mark and CRLF change no place', () => {
    const text = `\ufeff${profileYaml({ ssh: { port: 22 } }).replaceAll('\n', '\r\n')}`;
    const [found] = resolveText(text).diagnostics;
    expect(found && lineOf(found)).toMatch(/^\d+:9 ssh\.port: /);
    expect(found?.excerpt).toBe('  port: 22');
    expect(resolveText(`\ufeff${profileYaml().replaceAll('\n', '\r\n')}`).diagnostics).toEqual([]);
  });
});

describe('the name', () => {
  test.each(['intel8260', 'a', '0.x_y-z', 'a'.repeat(40)])('%s is fine', (name) =>
    expect(resolveText(profileYaml(), name).profile?.name).toBe(name),
  );

  test.each(['', '.x', '-x', 'X', 'a b', 'ä', 'a/b', 'a'.repeat(41), 'x.tar'])('%j is refused', (name) => {
    const source = { file: 'x.yaml', name, text: profileYaml() };
    const { profile, diagnostics } = resolveProfile(source, testReleases(), cards, '2026-07-01');
    expect(profile).toBeUndefined();
    expect(diagnostics.map(lineOf)).toEqual([
      expect.stringContaining('1:1 : the name of a profile has to be of'),
    ]);
  });
});

const everything = fullProfile();

describe('any order of keys', () => {
  test('gives an equal profile', () => {
    const expected = resolveText(stringify(everything)).profile;
    fc.assert(
      fc.property(shuffled(everything), (value) => {
        expect(resolveText(stringify(value)).profile).toEqual(expected);
      }),
    );
  });
});

describe('any unknown key', () => {
  const groups = ['alpine', 'passthrough', 'network', 'host'] as const;
  const key = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.constantFrom('__proto__', 'constructor', 'toString', 'psk', 'a.b', ''),
  );

  test('is an error at its own place', () => {
    const known = [
      'release',
      'flavor',
      'arch',
      'mirrors',
      'packages',
      'pci',
      'id',
      'drivers',
      'bridge',
      'tap',
    ];
    const more = ['host', 'guest', 'dns', 'ipv6', 'directory', 'freebsd', 'retire'];
    fc.assert(
      fc.property(key, fc.constantFrom(...groups), (written, group) => {
        fc.pre(![...known, ...more].includes(written));
        const lines = stringify(smallestProfile()).split('\n');
        const last = lines.findIndex(
          (line, index) => index > lines.indexOf(`${group}:`) && !line.startsWith(' '),
        );
        const indent = group === 'passthrough' ? 4 : 2;
        lines.splice(last, 0, `${' '.repeat(indent)}${JSON.stringify(written)}: 1`);
        const { profile, diagnostics } = resolveText(lines.join('\n'));
        expect(profile).toBeUndefined();
        expect(diagnostics.map(({ line, column, kind }) => ({ line, column, kind }))).toEqual([
          { line: last + 1, column: indent + 1, kind: 'usage' },
        ]);
      }),
      { numRuns: 300 },
    );
  });
});

describe('any value in any place', () => {
  const junk = fc.oneof(
    fc.constantFrom(null, '', true, [], {}, -1, 1e300, 'x', '4/0/0', '::', '1.2.3.4/24', '00'),
    fc.jsonValue({ maxDepth: 2 }),
  );

  test('never throws, and gives a profile exactly when there is no error', () => {
    const places = Object.entries(everything).flatMap(([group, value]) => [
      [group],
      ...Object.keys(value).map((name) => [group, name]),
    ]);
    fc.assert(
      fc.property(fc.constantFrom(...places), junk, ([group = '', name], value) => {
        const inner: unknown = everything[group as keyof typeof everything];
        const changed = name === undefined ? value : { ...(inner as object), [name]: value };
        const { profile, diagnostics } = resolveText(stringify({ ...everything, [group]: changed }));
        expect(profile === undefined).toBe(diagnostics.some(({ severity }) => severity === 'error'));
      }),
      { numRuns: 400 },
    );
  });
});

describe('the profile as its bundle has it', () => {
  const shipped = parseReleases({ file: 'releases.yaml', text: readShipped('releases.yaml') });
  const all = [...testReleases(), ...(shipped.releases ?? [])];
  const PROFILES = {
    smallest: stringify(smallestProfile()),
    full: stringify(fullProfile()),
    intel8260,
    intel: readShipped('intel.yaml'),
  };

  test.each(Object.entries(PROFILES))('means the same, and is written as itself again: %s', (_, text) => {
    const { profile: first } = resolveText(text, 'x', all);
    const { profile: again, diagnostics } = resolveText(first!.text, 'x', all);
    expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(again).toEqual(first);
  });

  test('has every key of the schema, with its default, in the order of the schema', () => {
    const { profile } = resolveText(stringify(smallestProfile()));
    const lines = profile!.text.split('\n');
    const groups = lines.flatMap((line) => /^([a-z]+):/.exec(line)?.[1] ?? []);
    expect(groups).toEqual(keysAt(profileSchema, []));
    for (const line of ['  memory: 384M', '  country: "00"', '  forwards: []', '    firmware: auto'])
      expect(lines).toContain(line);
  });

  test('is the same whatever the order, the comments and the defaults that are written out', () => {
    const { profile } = resolveText(stringify(smallestProfile()));
    const { host, network, passthrough, alpine } = smallestProfile();
    const other = stringify({ host, machine: { cpus: 1 }, network, passthrough, alpine });
    expect(resolveText(`# /home/me/secret\n${other}`).profile!.text).toBe(profile!.text);
    expect(profile!.text).not.toContain('/home/me');
  });
});
