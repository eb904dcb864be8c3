import * as z from 'zod';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { worstKind } from '../../generators/profile/diagnostics.ts';
import { parseYaml } from '../../generators/profile/document.ts';
import {
  allPaths,
  editDistance,
  keysAt,
  namesSecret,
  nearestName,
  readBy,
  schemaAt,
} from '../../generators/profile/issues.ts';
import { complaints, keysOf, lineOf, profileYaml, resolveText, smallestProfile } from './example.ts';

const { network, passthrough } = smallestProfile();

describe('unknown keys', () => {
  test.each([
    [
      'misspelt',
      { machine: { memroy: '1G' } },
      `machine.memroy: unknown key "memroy"; did you mean machine.memory? known here: ${keysOf('machine')}`,
    ],
    [
      'of another group',
      { ssh: { memory: '1G' } },
      `ssh.memory: unknown key "memory"; did you mean machine.memory? known here: ${keysOf('ssh')}`,
    ],
    [
      'like nothing',
      { ssh: { frobnicate: 1 } },
      `ssh.frobnicate: unknown key "frobnicate"; known here: ${keysOf('ssh')}`,
    ],
    [
      'in a list',
      { passthrough: [{ ...passthrough[0], driver: [] }] },
      `passthrough[0].driver: unknown key "driver"; did you mean passthrough[0].drivers? known here: ${keysOf('passthrough', 0)}`,
    ],
    [
      'with a terminal escape',
      { ssh: { '\u001b[2J': 1 } },
      `ssh["\\u001b[2J"]: unknown key "\\u001b[2J"; known here: ${keysOf('ssh')}`,
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
      '2:5 passthrough[0].pci: is missing; it has to be bus/slot/function in decimal, or auto, for example 4/0/0',
    ],
    ['ssh: {}\n', `1:1 network: is missing; it has to be a group of keys: ${keysOf('network')}`],
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

const schema = z.strictObject({
  size: z
    .string()
    .regex(/^[0-9]+$/)
    .transform(Number)
    .prefault('7'),
  inner: z.strictObject({ a: z.int().default(1), b: z.int() }).prefault({ b: 2 }),
  list: z.array(z.strictObject({ x: z.int(), y: z.int().optional() })).max(2),
});

/** A document with this value, whatever could be written. */
const documentOf = (value: unknown) => ({ ...parseYaml({ file: 'x.yaml', text: 'x' }), value });

const draftOf = (value: unknown) => readBy(documentOf(value), schema).draft;

test.each([
  ['a whole value with defaults', { list: [{ x: 1 }] }, { size: 7, inner: { a: 1, b: 2 }, list: [{ x: 1 }] }],
  ['the rest beside a wrong leaf', { size: 'x', list: [] }, { inner: { a: 1, b: 2 }, list: [] }],
  ['the rest of a group', { inner: { b: 'x' }, list: [] }, { size: 7, inner: { a: 1 }, list: [] }],
  [
    'known keys beside unknown ones',
    { q: 1, inner: { b: 3, q: 1 }, list: [] },
    { size: 7, inner: { a: 1, b: 3 }, list: [] },
  ],
  [
    'list items at their places',
    { list: [null, { x: 2, y: 'y' }] },
    { size: 7, inner: { a: 1, b: 2 }, list: [undefined, { x: 2 }] },
  ],
  [
    'items of a list that is too long',
    { list: [{ x: 1 }, { x: 2 }, { x: 3 }] },
    { size: 7, inner: { a: 1, b: 2 }, list: [{ x: 1 }, { x: 2 }, { x: 3 }] },
  ],
  ['nothing of another type', 'x', undefined],
  ['nothing of null', null, undefined],
])('keeps %s', (_, value, draft) => expect(draftOf(value)).toEqual(draft));

test('a default is not used where something wrong was written', () => {
  expect(draftOf({ size: Symbol('refused'), list: [] })?.size).toBeUndefined();
});

test('what fits is read once, and its draft is the data', () => {
  let read = 0;
  const counting = z.strictObject({ group: z.strictObject({ a: z.string().transform(() => ++read) }) });
  const { data, draft, problems } = readBy(documentOf({ group: { a: 'x' } }), counting);
  expect(data).toEqual({ group: { a: 1 } });
  expect(draft).toBe(data);
  expect(problems).toEqual([]);
  expect(read).toBe(1);
});

test('what does not fit has no data', () => {
  const { data, problems } = readBy(documentOf({ list: 1 }), schema);
  expect(data).toBeUndefined();
  expect(problems).toHaveLength(1);
});

describe('looking into a schema', () => {
  test.each([
    [[], ['size', 'inner', 'list']],
    [['inner'], ['a', 'b']],
    [
      ['list', 3],
      ['x', 'y'],
    ],
    [['size'], []],
    [['constructor'], []],
    [['list', 'x', 'y'], []],
  ])('the keys at %j are %j', (path, keys) => expect(keysAt(schema, path)).toEqual(keys));

  test('the schema of a leaf is without its default', () => {
    expect(schemaAt(schema, ['inner', 'a'])).toBeInstanceOf(z.ZodNumber);
    expect(schemaAt(schema, ['inner', 'q'])).toBeUndefined();
    expect(schemaAt(schema, ['constructor'])).toBeUndefined();
  });

  test('all paths but those of list items', () => {
    expect(allPaths(schema)).toEqual([['size'], ['inner'], ['inner', 'a'], ['inner', 'b'], ['list']]);
  });
});

describe('editDistance', () => {
  test.each([
    ['', '', 0],
    ['', 'abc', 3],
    ['memory', 'memory', 0],
    ['memroy', 'memory', 1],
    ['memry', 'memory', 1],
    ['memorry', 'memory', 1],
    ['memary', 'memory', 1],
    ['abc', 'xyz', 3],
    ['flavour', 'flavor', 1],
  ])('from %j to %j is %i', (a, b, distance) => expect(editDistance(a, b)).toBe(distance));

  test('is the same both ways, and zero for the same word only', () => {
    const word = fc.string({ maxLength: 8 });
    fc.assert(
      fc.property(word, word, (a, b) => {
        expect(editDistance(a, b)).toBe(editDistance(b, a));
        expect(editDistance(a, b) === 0).toBe(a === b);
        expect(editDistance(a, b)).toBeLessThanOrEqual(Math.max(a.length, b.length));
      }),
    );
  });
});

describe('nearestName', () => {
  const known = ['name', 'cpus', 'memory', 'loader', 'console'];
  test.each([
    ['memroy', 'memory'],
    ['Memory', 'memory'],
    ['cpu', 'cpus'],
    ['nmae', 'name'],
    ['consol', 'console'],
    ['ram', undefined],
    ['x', undefined],
    ['memory'.repeat(8), undefined],
    ['nemory', 'memory'],
  ])('of %j is %j', (written, name) => expect(nearestName(written, known)).toBe(name));

  test('of two that are equally near is the first', () => {
    expect(nearestName('cap', ['cup', 'cop'])).toBe('cup');
    expect(nearestName('cap', ['cop', 'cup'])).toBe('cop');
  });
});

describe('namesSecret', () => {
  test.each([
    ['psk', [], true],
    ['ssid', ['wifi'], true],
    ['networks', ['wifi'], true],
    ['networks', [], false],
    ['country', ['wifi'], false],
  ])('%s in %j: %s', (key, around, secret) => expect(namesSecret(key, around)).toBe(secret));
});
