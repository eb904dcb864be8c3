import { stringify } from 'yaml';
import { describe, expect, it } from 'vitest';
import { parseSecrets, type SiteSecrets } from '../../generators/profile/secrets.ts';

const KEY = `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${'A'.repeat(43)}`;
const HOST_KEY =
  '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNz\naC1rZXk=\n-----END OPENSSH PRIVATE KEY-----\n';

const parse = (text: string) => parseSecrets({ file: 's.yaml', text });

function secretsOf(value: unknown): SiteSecrets {
  const { secrets, diagnostics } = parse(stringify(value));
  expect(diagnostics).toEqual([]);
  return secrets!;
}

/** The messages, each with its place. */
function problemsOf(value: unknown): string[] {
  const text = typeof value === 'string' ? value : stringify(value);
  const { secrets, diagnostics } = parse(text);
  expect(secrets).toBeUndefined();
  for (const { severity, kind, file, excerpt } of diagnostics) {
    expect({ severity, kind, file, excerpt }).toEqual({
      severity: 'error',
      kind: 'usage',
      file: 's.yaml',
      excerpt: '',
    });
  }
  return diagnostics.map(({ line, column, path, message }) => `${line}:${column} ${path}: ${message}`);
}

const network = (values: object) => ({ networks: [{ ssid: 'home', ...values }] });

const PLAIN = { hidden: false, priority: 0, trusted: false, public: false, legacy: false, mac: null };
const MARKS = { trusted: true, public: true, legacy: true, mac: 'per-network' };

describe('a good file', () => {
  it('may hold everything', () => {
    const all = {
      networks: [
        { ssid: 'Café', passphrase: 'x y#z"\\é'.replace('é', 'e') },
        { ssid_hex: '00fF20', open: true, hidden: true, priority: 1000 },
        { ssid: 'raw', passphrase: 'aB'.repeat(32) },
        { ssid: 'marked', open: true, ...MARKS },
      ],
      admin_keys: [KEY, `${KEY} me@host`],
      tunnel_keys: ['sk-ssh-ed25519@openssh.com AAAAG3Nr'],
      ssh_host_ed25519_key: HOST_KEY,
    };
    expect(secretsOf(all)).toEqual({
      networks: [
        { ...PLAIN, ssid: Buffer.from('Café'), passphrase: 'x y#z"\\e' },
        { ...PLAIN, ssid: Buffer.from([0, 255, 32]), passphrase: null, hidden: true, priority: 1000 },
        { ...PLAIN, ssid: Buffer.from('raw'), passphrase: 'aB'.repeat(32) },
        { ...PLAIN, ssid: Buffer.from('marked'), passphrase: null, ...MARKS },
      ],
      adminKeys: all.admin_keys,
      tunnelKeys: all.tunnel_keys,
      hostKey: HOST_KEY,
    });
  });

  it('may leave out all of it', () => {
    expect(secretsOf({})).toEqual({ networks: [], adminKeys: [], tunnelKeys: [], hostKey: '' });
  });

  it('may hold keys as ssh-keygen writes them', () => {
    expect(secretsOf({ admin_keys: [`ssh-rsa AAAAB3Nz${'aB+/'.repeat(120)}== me`] }).adminKeys).toHaveLength(
      1,
    );
    expect(secretsOf({ ssh_host_ed25519_key: `${HOST_KEY}\n\n`.trimEnd() }).hostKey).toBe(HOST_KEY);
  });

  it.each([
    ['a name of 32 bytes', { ssid: 'é'.repeat(16), open: true }],
    ['a passphrase of 8', { passphrase: '12345678' }],
    ['a passphrase of 63', { passphrase: '~'.repeat(63) }],
  ])('has %s', (_, values) => {
    expect(secretsOf(network(values)).networks).toHaveLength(1);
  });
});

describe('a # behind a space, where YAML begins a comment', () => {
  const cut = (key: string) =>
    `${key} ends before the " #", where a comment begins. Put the whole value in quotes, "like #this"; a comment may stand behind the second quote`;

  it.each([
    ['ssid: Home #1\n    open: true', '2:11 networks[0].ssid', 'ssid'],
    ['passphrase: abcd efgh\t# ij\n    ssid: a', '2:17 networks[0].passphrase', 'passphrase'],
    ['ssid: a\n    passphrase: abcdefgh #', '3:17 networks[0].passphrase', 'passphrase'],
  ])('is an error where there are no quotes: %j', (text, place, key) => {
    expect(problemsOf(`networks:\n  - ${text}\n`)).toEqual([`${place}: ${cut(key)}`]);
  });

  it('is a comment behind quotes, behind other values and on a line of its own', () => {
    const { secrets, diagnostics } = parse(
      'networks:\n  - ssid: "Home #1" # mine\n    # the old one\n    passphrase: \'abc #defgh\' #\n    priority: 3 # high\n  - ssid: a#b\n    open: true # open\n',
    );
    expect(diagnostics).toEqual([]);
    expect(secrets?.networks.map(({ ssid }) => Buffer.from(ssid).toString())).toEqual(['Home #1', 'a#b']);
    expect(secrets?.networks[0]?.passphrase).toBe('abc #defgh');
  });
});

it('a passphrase may have any letters', () => {
  const { networks } = secretsOf(network({ passphrase: 'Grüße 📶' }));
  expect(networks[0]?.passphrase).toBe('Grüße 📶');
});

describe('what is wrong is told with its place, and what is allowed', () => {
  const PASSPHRASE = '8 to 63 bytes without control characters, or the raw key as 64 hexadecimal digits';
  it.each<[string, object, string]>([
    [
      'too short',
      network({ passphrase: '1234567' }),
      `3:17 networks[0].passphrase: this has to be ${PASSPHRASE}`,
    ],
    [
      'too long',
      network({ passphrase: 'x'.repeat(64) }),
      `3:17 networks[0].passphrase: this has to be ${PASSPHRASE}`,
    ],
    [
      'too long in bytes',
      network({ passphrase: 'ß'.repeat(32) }),
      `3:17 networks[0].passphrase: this has to be ${PASSPHRASE}`,
    ],
    [
      'a number',
      network({ passphrase: 12345678 }),
      '3:17 networks[0].passphrase: this has to be 8 to 63 characters, in quotes',
    ],
    [
      'no name',
      { networks: [{ open: true }] },
      '2:5 networks[0]: this has to be named by either ssid or ssid_hex',
    ],
    [
      'two names',
      network({ ssid_hex: '00', open: true }),
      '2:5 networks[0]: this has to be named by either ssid or ssid_hex',
    ],
    [
      'an empty name',
      network({ ssid: '', open: true }),
      '2:11 networks[0].ssid: this has to be 1 to 32 bytes long',
    ],
    [
      'a long name',
      network({ ssid: 'é'.repeat(17), open: true }),
      '2:11 networks[0].ssid: this has to be 1 to 32 bytes long',
    ],
    [
      'half a byte',
      { networks: [{ ssid_hex: '0', open: true }] },
      '2:15 networks[0].ssid_hex: this has to be 2 to 64 hexadecimal digits, two for each byte',
    ],
    [
      'no passphrase',
      network({}),
      '2:5 networks[0]: this has to be given either a passphrase, "open: true" or eap',
    ],
    [
      'open: false',
      network({ passphrase: 'x'.repeat(8), open: false }),
      '4:11 networks[0].open: this has to be true, or left out',
    ],
    [
      'priority',
      network({ open: true, priority: 1001 }),
      '4:15 networks[0].priority: this has to be at most 1000',
    ],
    [
      'one name twice',
      {
        networks: [
          { ssid: 'a', open: true },
          { ssid_hex: '61', open: true },
        ],
      },
      '2:3 networks: this has to be networks of different names',
    ],
    ['no list', { networks: 'home' }, '1:11 networks: this has to be a list of networks'],
    ['no network', { networks: ['home'] }, '2:5 networks[0]: this has to be a network: ssid and passphrase'],
    [
      'no key',
      { admin_keys: ['ssh-ed25519'] },
      '2:5 admin_keys[0]: this has to be one line of a .pub file, such as: ssh-ed25519 AAAA... name',
    ],
    [
      'two lines of a key',
      { tunnel_keys: [`${KEY}\n${KEY}`] },
      '2:5 tunnel_keys[0]: this has to be one line of a .pub file, such as: ssh-ed25519 AAAA... name',
    ],
    [
      'options before a key',
      { tunnel_keys: [`restrict ${KEY}`] },
      '2:5 tunnel_keys[0]: this has to be one line of a .pub file, such as: ssh-ed25519 AAAA... name',
    ],
    [
      'a public host key',
      { ssh_host_ed25519_key: KEY },
      '1:23 ssh_host_ed25519_key: this has to be the whole text that ssh-keygen -t ed25519 wrote, after `|`',
    ],
    [
      'an unknown key',
      { networks: [], wifi: {} },
      '2:1 : unknown key; known here: networks, admin_keys, tunnel_keys, ssh_host_ed25519_key',
    ],
  ])('%s', (_, value, problem) => {
    expect(problemsOf(value)).toEqual([problem]);
  });

  it('all at once, in the order of the file', () => {
    const text = 'networks:\n  - ssid: ""\n    passphrase: x\n    nope: 1\nadmin_keys: 7\n';
    expect(problemsOf(text).map((problem) => problem.split(' ')[0])).toEqual(['2:11', '3:17', '4:5', '5:13']);
  });

  it.each([
    ['', '1:1 : the file is empty'],
    [' \n', '1:1 : the file is empty'],
    ['networks: [', '1:12 : this cannot be read'],
    ['networks: []\nnetworks: []', '2:1 : this cannot be read'],
    ['networks:\n  - ssid: a\n    passphrase: *b', '3:17 : this cannot be read'],
    ['networks:\n  - ssid: a\n    passphrase: !b c', '3:20 : this cannot be read'],
  ])('text that is no YAML for us: %j', (text, problem) => {
    expect(problemsOf(text)).toEqual([expect.stringContaining(problem)]);
  });

  it('65 networks', () => {
    const networks = Array.from({ length: 65 }, (_, index) => ({ ssid: `n${index}`, open: true }));
    expect(problemsOf({ networks })).toEqual(['2:3 networks: this has to be at most 64 networks']);
    expect(secretsOf({ networks: networks.slice(1) }).networks).toHaveLength(64);
  });
});
