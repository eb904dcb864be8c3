import { describe, expect, test } from 'vitest';
import { worstKind } from '../../generators/profile/diagnostics.ts';
import { complaints, lineOf, profileYaml, resolveText, smallestProfile } from './example.ts';

const { network, passthrough } = smallestProfile();

describe('unknown keys', () => {
  test.each([
    [
      'misspelt',
      { machine: { memroy: '1G' } },
      'machine.memroy: unknown key "memroy"; did you mean machine.memory? known here: name, cpus, memory, loader, console',
    ],
    [
      'of another group',
      { ssh: { memory: '1G' } },
      'ssh.memory: unknown key "memory"; did you mean machine.memory? known here: reverse, port, to',
    ],
    [
      'like nothing',
      { ssh: { frobnicate: 1 } },
      'ssh.frobnicate: unknown key "frobnicate"; known here: reverse, port, to',
    ],
    [
      'in a list',
      { passthrough: [{ ...passthrough[0], driver: [] }] },
      'passthrough[0].driver: unknown key "driver"; did you mean passthrough[0].drivers? known here: pci, id, drivers',
    ],
    [
      'with a terminal escape',
      { ssh: { '\u001b[2J': 1 } },
      'ssh["\\u001b[2J"]: unknown key "\\u001b[2J"; known here: reverse, port, to',
    ],
  ])('%s', (_, groups, message) => expect(complaints(groups)).toEqual([message]));

  test.each([
    [
      'a required key',
      { network: { host: network.host, gest: network.guest } },
      'network.gest: unknown key "gest"; did you mean network.guest?',
    ],
    [
      'a required group',
      { network: undefined, netwrok: network },
      'netwrok: unknown key "netwrok"; did you mean network?',
    ],
  ])('a misspelt name of %s is one mistake', (_, groups, message) =>
    expect(complaints(groups)).toEqual([expect.stringContaining(message)]),
  );

  test.each(['psk', 'passphrase', 'password', 'ssid', 'networks', 'network'])(
    'wifi.%s is a secret in the wrong place',
    (key) => {
      const { diagnostics } = resolveText(profileYaml({ wifi: { [key]: 'sesame' } }));
      expect(diagnostics.map(lineOf)).toEqual([
        expect.stringContaining('networks and passphrases never go into a profile'),
      ]);
      expect(diagnostics.map(({ message }) => message).join()).not.toContain('sesame');
      if (key.startsWith('p')) expect(JSON.stringify(diagnostics)).not.toContain('sesame');
    },
  );
});

describe('missing keys stand at the group around them', () => {
  test.each([
    ['passthrough: []\n', '1:14 passthrough: has to be a list of 1 to 8 entries; got a list'],
    [
      'alpine: {}\n',
      '1:1 alpine.release: is missing; it has to be an Alpine release with three numbers, for example 3.24.1',
    ],
    [
      '# c\nhost:\n  retire: []\n',
      '2:1 host.freebsd: is missing; it has to be a FreeBSD version in quotes, for example "14.3"',
    ],
    [
      'passthrough:\n  - id: 8086:24f3\n',
      '2:5 passthrough[0].pci: is missing; it has to be bus/slot/function in decimal, for example 4/0/0',
    ],
    [
      'ssh: {}\n',
      '1:1 network: is missing; it has to be a group of keys: bridge, tap, host, guest, dns, ipv6',
    ],
  ])('%j', (text, line) => expect(resolveText(text).diagnostics.map(lineOf)).toContainEqual(line));
});

describe('unsupported choices', () => {
  test.each([
    [
      { alpine: { release: '3.24.1', flavor: 'virt' } },
      'alpine.flavor [unsupported]: the virt flavour cannot drive a Wi-Fi card',
    ],
    [
      { alpine: { release: '3.24.1', arch: 'x86' } },
      'alpine.arch [unsupported]: a 32-bit guest is not supported',
    ],
    [
      { alpine: { release: '3.24.1', arch: 'i386' } },
      'alpine.arch [unsupported]: a 32-bit guest is not supported',
    ],
    [
      { alpine: { release: '3.24.1', arch: 'aarch64' } },
      'alpine.arch [unsupported]: bhyve passes PCI cards through on x86_64 only',
    ],
  ])('%j', (groups, message) => {
    expect(complaints(groups)).toEqual([expect.stringContaining(message)]);
    expect(worstKind(resolveText(profileYaml(groups)).diagnostics)).toBe('unsupported');
  });

  test('a flavour that nobody knows is a mistake', () => {
    expect(complaints({ alpine: { release: '3.24.1', flavor: 'minirootfs' } })).toEqual([
      'alpine.flavor: has to be one of standard, extended; got "minirootfs"',
    ]);
  });
});

test('a value that was refused while reading has one message only', () => {
  const text = profileYaml().replace('172.24.1.1\n', '*x\n').replace('3.24.1', '!x 3.24.1');
  expect(resolveText(text).diagnostics.map(({ path }) => path)).toEqual(['alpine.release', 'network.guest']);
});
