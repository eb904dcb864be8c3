import { stringify } from 'yaml';
import { describe, expect, it, test } from 'vitest';
import { worstKind } from '../../generators/profile/diagnostics.ts';
import { parseYaml } from '../../generators/profile/document.ts';
import { readBy } from '../../generators/profile/issues.ts';
import { RULES } from '../../generators/profile/rules.ts';
import { profileSchema } from '../../generators/profile/schema.ts';
import { cards } from '../fixtures/profiles.ts';
import { complaints, profileYaml, resolveText, testReleases, smallestProfile, TODAY } from './example.ts';

const { network, passthrough } = smallestProfile();
const device = passthrough[0]!;
const forwards = (...entries: object[]) => ({ firewall: { forwards: entries } });

const accessPoint = (own: object, wifi: object = {}) => ({
  wifi: {
    country: 'DE',
    mode: 'access-point',
    accessPoint: { ssid: 'x', channel: 6, dns: ['192.168.7.1'], ...own },
    ...wifi,
  },
});

/** For every demand, by its first words, groups that break it. */
const BROKEN: Readonly<Record<string, object>> = {
  '`alpine.release` and `alpine.flavor`': { alpine: { release: '3.24.0' } },
  'The release still gets': { alpine: { release: '3.13.0' } },
  '`machine.memory` reaches': { machine: { memory: '64M' } },
  'No two devices': { passthrough: [device, device] },
  'The places of all devices': {
    passthrough: Array.from({ length: 15 }, (_, index) => ({ ...device, pci: `${240 + index}/31/7` })),
  },
  'A device has either': { passthrough: [{ pci: 'auto' }] },
  'With a place in `pci`': { passthrough: [{ ...device, id: ['8086:24f3', '8086:24f4'] }] },
  'One device at most': {
    passthrough: [
      { ...device, pci: 'auto' },
      { pci: 'auto', maker: 'intel' },
    ],
  },
  'In `id` the vendor': { passthrough: [{ ...device, id: '24f3:8086' }] },
  '`drivers` has kernel modules': { passthrough: [{ ...device, drivers: ['iwm0'] }] },
  'The modules in `drivers`': { passthrough: [{ ...device, drivers: ['if_other'] }] },
  'By the table of cards the modules': { passthrough: [{ ...device, drivers: ['if_iwx'] }] },
  'The table of cards does not say `never`': { passthrough: [{ ...device, id: '17cb:1103' }] },
  'The table of cards warns of nothing': { passthrough: [{ ...device, id: '14c3:7922' }] },
  'FreeBSD does not drive the card': { passthrough: [{ ...device, id: '8086:0082' }] },
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
  '`wifi.mac: per-network` has': { alpine: { release: '3.13.0' }, wifi: { mac: 'per-network' } },
  '`wifi.country` is a code': { wifi: { country: 'UK' } },
  '`wifi.accessPoint` is there': { wifi: { mode: 'access-point' } },
  '`wifi.accessPoint.ssid` has': accessPoint({ ssid: 'ä'.repeat(17) }),
  '`wifi.accessPoint.channel` is': accessPoint({ channel: 100 }),
  'With `wifi.country` "00"': accessPoint({ channel: 13 }, { country: '00' }),
  '`wifi.accessPoint.address` is': accessPoint({ address: '172.24.1.2/16' }),
  '`wifi.accessPoint.dns` has': accessPoint({ dns: ['127.0.0.1'] }),
  'No forward takes a port': { ...accessPoint({}), ...forwards({ protocol: 'udp', port: 53 }) },
  'An access point has neither': { ...accessPoint({}), network: { ...network, ipv6: 'fd12:3456:789a::/64' } },
  'An access point with WPA3': { ...accessPoint({}), alpine: { release: '3.13.0' } },
  'An access point on 5 GHz': accessPoint({ channel: 36 }),
  'An access point that opens': { ...accessPoint({}), ssh: { reverse: true }, firewall: { only: 'trusted' } },
  'Nothing stands twice': { host: { freebsd: '14.3', retire: ['x', 'x'] } },
};

const found = (rule: (typeof RULES)[number], groups: object) => {
  const text = stringify({ ...smallestProfile(), ...groups }, { aliasDuplicateObjects: false });
  const { draft } = readBy(parseYaml({ file: 'x.yaml', text }), profileSchema);
  return rule.check(draft ?? {}, { releases: testReleases(), cards, today: TODAY, wrong: new Set() });
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

describe('the release', () => {
  test.each([
    [
      { release: '3.24.0' },
      'alpine.release: 3.24.0 is not pinned; pinned are 3.24.1 standard, 3.24.1 extended, 3.13.0 standard',
    ],
    [
      { release: '3.13.0', flavor: 'extended' },
      'alpine.flavor: 3.13.0 is not pinned as extended, only as standard',
    ],
  ])('%j', (alpine, message) => expect(complaints({ alpine })).toEqual([message]));

  test('a release past its end is warned about, and builds', () => {
    const { profile, diagnostics } = resolveText(profileYaml({ alpine: { release: '3.13.0' } }));
    expect(profile?.release.eol).toBe('2022-11-01');
    expect(diagnostics).toMatchObject([{ severity: 'warning', path: 'alpine.release' }]);
    expect(diagnostics[0]?.message).toContain('3.13.0 has had no security fixes since 2022-11-01');
  });

  describe('memory', () => {
    const memory = (release: string, size: string) =>
      complaints({ alpine: { release }, machine: { memory: size } }).filter(
        (line) => !line.includes('[warning]'),
      );

    test.each([
      ['3.24.1', '256M'],
      ['3.13.0', '196M'],
      ['3.24.1', '16G'],
    ])('%s boots with %s', (release, size) => expect(memory(release, size)).toEqual([]));

    test.each([
      ['3.24.1', '255M', '255M is below the floor of Alpine 3.24.1, 256M'],
      ['3.13.0', '195M', '195M is below the floor of Alpine 3.13.0, 196M'],
    ])('%s does not with %s', (release, size, message) =>
      expect(memory(release, size)).toEqual([
        expect.stringContaining(`machine.memory [unsupported]: ${message}`),
      ]),
    );

    test('alone it is exit 3, beside a mistake exit 2', () => {
      const machine = { memory: '128M' };
      expect(worstKind(resolveText(profileYaml({ machine })).diagnostics)).toBe('unsupported');
      expect(worstKind(resolveText(profileYaml({ machine: { ...machine, cpus: 0 } })).diagnostics)).toBe(
        'usage',
      );
    });
  });
});

describe('the devices', () => {
  const devices = (...places: string[]) =>
    complaints({ passthrough: places.map((pci) => ({ pci, id: '8086:24f3' })) });

  test('the same place twice, however it is written', () => {
    expect(devices('4/0/0', '4/0/1', '04/00/0', '4/0/0')).toEqual([
      'passthrough[2].pci: 4/0/0 is passthrough[0] already; remove one of the two',
      'passthrough[3].pci: 4/0/0 is passthrough[0] already; remove one of the two',
    ]);
  });

  test('eight of the longest fit into pptdevs', () => {
    expect(devices(...Array.from({ length: 8 }, (_, func) => `255/31/${func}`))).toEqual([]);
  });

  test('fifteen of the longest do not', () => {
    const places = Array.from({ length: 15 }, (_, index) => `${240 + index}/31/7`);
    expect(devices(...places)).toEqual([
      'passthrough: has to be a list of 1 to 8 entries; got a list',
      'passthrough: pptdevs in loader.conf would be 134 characters; the loader keeps 128; name fewer devices',
    ]);
  });
});

describe('a card that is looked for', () => {
  const given = (...passthrough: object[]) => complaints({ passthrough });

  test.each([
    [{ pci: 'auto', id: '8086:24f3' }],
    [{ pci: 'auto', id: ['8086:24f3', '8086:24f4'] }],
    [{ pci: 'auto', maker: 'intel' }],
  ])('%j', (device) => expect(given(device)).toEqual([]));

  test.each([
    [
      { pci: 'auto' },
      'passthrough[0].id: is missing; it has to be vendor:device, four hexadecimal digits each, for example 8086:24f3',
    ],
    [
      { pci: 'auto', id: '8086:24f3', maker: 'intel' },
      'passthrough[0].maker: intel and id say the same twice; remove one of the two',
    ],
    [
      { pci: '4/0/0', maker: 'intel' },
      'passthrough[0].maker: a card at 4/0/0 has to be named by its id; or write pci: auto',
    ],
    [
      { pci: '4/0/0', id: ['8086:24f3', '8086:24f4'] },
      'passthrough[0].id: there is one card at 4/0/0; name its id, or write pci: auto',
    ],
    [
      { pci: 'auto', id: ['8086:24f3', '8086:24F3'] },
      'passthrough[0].id[1]: 8086:24f3 is listed twice; remove one of the two',
    ],
    [
      { pci: 'auto', id: ['8086:24f3', '24f3'] },
      'passthrough[0].id[1]: has to be vendor:device, four hexadecimal digits each, for example 8086:24f3; got "24f3"',
    ],
    [
      { pci: 'auto', maker: 'Intel' },
      'passthrough[0].maker: has to be one of intel, realtek, mediatek, qualcomm, broadcom, marvell, ralink; got "Intel"',
    ],
    [
      { pci: 'auto', id: [] },
      'passthrough[0].id: has to be vendor:device, or a list of at most 64 of them; got a list',
    ],
    [
      { pci: 'auto', id: 8086 },
      'passthrough[0].id: has to be vendor:device, four hexadecimal digits each, for example 8086:24f3; got the number 8086',
    ],
  ])('%j is refused', (device, message) => expect(given(device)).toEqual([message]));

  test('once only', () => {
    expect(given({ pci: 'auto', id: '8086:24f3' }, { pci: 'auto', id: '8086:24f4' })).toEqual([
      'passthrough[1].pci: passthrough[0] is looked for already; give this one its place, or name both ids in one device',
    ]);
  });
});

describe('the network', () => {
  const network = (host: string, guest: string, more = {}) =>
    complaints({ network: { host, guest, ...more } });

  test.each([
    ['172.24.1.49/24', '172.24.1.1'],
    ['10.99.7.2/30', '10.99.7.1'],
    ['100.64.9.1/16', '100.64.200.200'],
    ['172.24.1.254/24', '172.24.1.128'],
  ])('%s and %s are fine', (host, guest) => expect(network(host, guest)).toEqual([]));

  describe('addresses', () => {
    test.each([
      [
        'another subnet',
        '172.24.1.49/24',
        '172.24.2.1',
        [
          'network.guest: 172.24.2.1 is outside of 172.24.1.0/24, the subnet of network.host; take one from 172.24.1.1 to 172.24.1.254',
        ],
      ],
      [
        'equal',
        '172.24.1.49/24',
        '172.24.1.49',
        ['network.guest: 172.24.1.49 is the address of the host too; each needs its own'],
      ],
      [
        'guest is the subnet',
        '172.24.1.49/24',
        '172.24.1.0',
        ['network.guest: 172.24.1.0 is the address of 172.24.1.0/24 itself'],
      ],
      [
        'guest is the broadcast',
        '172.24.1.49/24',
        '172.24.1.255',
        ['network.guest: 172.24.1.255 is the broadcast address of 172.24.1.0/24'],
      ],
      [
        'host is the subnet',
        '172.24.1.48/30',
        '172.24.1.49',
        ['network.host: 172.24.1.48 is the address of 172.24.1.48/30 itself'],
      ],
      [
        'host is the broadcast',
        '172.24.1.51/30',
        '172.24.1.49',
        ['network.host: 172.24.1.51 is the broadcast address of 172.24.1.48/30'],
      ],
      [
        'loopback',
        '127.0.0.2/24',
        '127.0.0.3',
        [
          expect.stringContaining('network.host: 127.0.0.2 is a loopback address'),
          expect.stringContaining('network.guest: 127.0.0.3 is a loopback address'),
        ],
      ],
      [
        'multicast',
        '224.1.2.3/24',
        '224.1.2.4',
        [
          expect.stringContaining('network.host: 224.1.2.3 is a multicast address'),
          expect.stringContaining('network.guest: 224.1.2.4'),
        ],
      ],
    ])('%s', (_, host, guest, expected) => expect(network(host, guest)).toEqual(expected));

    test('a wrong guest does not keep the host from being checked', () => {
      expect(network('172.24.1.0/24', 'x')).toEqual([
        'network.host: 172.24.1.0 is the address of 172.24.1.0/24 itself',
        expect.stringContaining('network.guest: has to be an IPv4 address'),
      ]);
    });
  });

  describe('dns', () => {
    test.each(['172.24.1.1', '127.0.0.1', '9.9.9.9', '172.24.1.49'])('%s is fine', (dns) =>
      expect(network('172.24.1.49/24', '172.24.1.1', { dns })).toEqual([]),
    );

    test.each([
      ['0.0.0.0', '0.0.0.0 is a "this network" address, so no server answers there'],
      ['224.0.0.251', '224.0.0.251 is a multicast address'],
      ['255.255.255.255', '255.255.255.255 is a reserved address'],
      ['172.24.1.0', '172.24.1.0 is the network or broadcast address of 172.24.1.0/24'],
      ['172.24.1.255', '172.24.1.255 is the network or broadcast address of 172.24.1.0/24'],
    ])('%s is not', (dns, message) =>
      expect(network('172.24.1.49/24', '172.24.1.1', { dns })).toEqual([
        expect.stringContaining(`network.dns: ${message}`),
      ]),
    );

    test('is checked without a subnet too', () => {
      expect(network('x', '172.24.1.1', { dns: '224.0.0.1' })).toContainEqual(
        expect.stringContaining('network.dns: '),
      );
    });
  });

  describe('ranges that are in use elsewhere', () => {
    test.each([
      ['192.168.0.2/24', '192.168.0.3'],
      ['192.168.1.2/24', '192.168.1.3'],
      ['192.168.178.2/30', '192.168.178.1'],
      ['192.168.7.2/24', '192.168.7.1'],
      ['10.0.0.2/24', '10.0.0.1'],
      ['10.3.2.1/8', '10.3.2.2'],
      ['172.16.0.2/24', '172.16.0.1'],
      ['172.20.10.2/28', '172.20.10.1'],
    ])('%s is warned about', (host, guest) => {
      expect(network(host, guest)).toEqual([
        expect.stringMatching(/^network\.host \[warning\]: .* shares addresses with /),
      ]);
    });

    test.each([
      ['8.8.8.2/24', '8.8.8.3'],
      ['172.15.0.2/16', '172.15.0.3'],
      ['172.24.1.49/8', '172.24.1.1'],
      ['192.168.9.1/15', '192.168.9.2'],
    ])('%s is not private', (host, guest) => {
      expect(network(host, guest)[0]).toMatch(/^network\.host \[warning\]: .* is not a private range/);
    });
  });
});

describe('the firewall', () => {
  const forwards = (reverse: boolean, ...entries: [string, number][]) =>
    complaints({
      ssh: { reverse },
      firewall: { forwards: entries.map(([protocol, port]) => ({ protocol, port })) },
    });

  test('different ports, and one port of two protocols, are fine', () => {
    expect(forwards(true, ['tcp', 80], ['udp', 80], ['tcp', 443], ['udp', 2210], ['tcp', 68])).toEqual([]);
  });

  test('the same port of the same protocol', () => {
    expect(forwards(false, ['tcp', 80], ['udp', 80], ['tcp', 80])).toEqual([
      'firewall.forwards[2].port: tcp 80 leads somewhere already: firewall.forwards[0]; remove one of the two',
    ]);
  });

  test('the port of the reverse tunnel, when that is on', () => {
    expect(forwards(false, ['tcp', 2210])).toEqual([]);
    expect(forwards(true, ['tcp', 2210])).toEqual([
      'firewall.forwards[0].port: tcp 2210 is the port of the reverse tunnel, ssh.port; take another port for one of the two',
    ]);
  });

  test("the guest's own DHCP port", () => {
    expect(forwards(false, ['udp', 68])).toEqual([
      'firewall.forwards[0].port: udp 68 is where the guest itself receives its DHCP lease; take another port',
    ]);
  });
});

describe('the host', () => {
  test.each(['13.0', '13.5', '14.3', '15.0', '15.12'])('FreeBSD %s is supported', (freebsd) =>
    expect(complaints({ host: { freebsd } })).toEqual([]),
  );

  test.each([
    ['12.4', 'devmatch_blocklist'],
    ['9.3', 'devmatch_blocklist'],
    ['16.0', 'nobody has tried it yet'],
  ])('FreeBSD %s is not', (freebsd, reason) =>
    expect(complaints({ host: { freebsd } })).toEqual([
      expect.stringMatching(
        new RegExp(
          `^host\\.freebsd \\[unsupported\\]: FreeBSD ${freebsd} is not supported: .*${reason}.*13\\.0 to 15\\.x$`,
        ),
      ),
    ]),
  );
});

describe('the guest', () => {
  test.each(['eth0', 'lo'])('wifi.interface cannot be %s', (name) =>
    expect(complaints({ wifi: { interface: name } })).toEqual([
      expect.stringMatching(new RegExp(`^wifi\\.interface: ${name} is the .*; for example wlan0$`)),
    ]),
  );

  describe('country', () => {
    test.each(['00', 'DE', 'GB', 'NO'])('%s exists', (country) =>
      expect(complaints({ wifi: { country } })).toEqual([]),
    );

    test.each([
      ['UK', 'the United Kingdom is GB'],
      ['ZZ', 'the codes are those of ISO 3166'],
    ])('%s does not', (country, hint) =>
      expect(complaints({ wifi: { country } })).toEqual([
        expect.stringMatching(
          new RegExp(`^wifi\\.country \\[warning\\]: ${country} is no country, .*${hint}$`),
        ),
      ]),
    );
  });

  test('names that are listed twice', () => {
    const url = 'https://x.org/alpine';
    expect(
      complaints({
        alpine: { release: '3.24.1', mirrors: [url, `${url}/`], packages: ['a', 'b', 'a'] },
        passthrough: [{ pci: '4/0/0', id: '8086:24f3', drivers: ['if_iwm', 'if_iwm'] }],
        host: { freebsd: '14.3', retire: ['x', 'x'] },
      }),
    ).toEqual([
      `alpine.mirrors[1]: ${url} is listed twice; remove one of the two`,
      'alpine.packages[2]: a is listed twice; remove one of the two',
      'passthrough[0].drivers[1]: if_iwm is listed twice; remove one of the two',
      'host.retire[1]: x is listed twice; remove one of the two',
    ]);
  });
});
