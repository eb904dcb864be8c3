import { describe, expect, it } from 'vitest';
import { runInside } from './command.ts';
import { folderWith, profileText } from './projects.ts';
import { HOST_KEY, PASSPHRASE, PRIVATE, SECRETS } from './secrets.ts';

const BUILD = ['build', '--profile', 'intel8260', '--offline'];
const SECRET = 'Zz9-not-to-be-seen';
const HEX = 'c0ffee00'.repeat(8);

/** What a person can get wrong, with a secret in each place that it can be in. */
const MISTAKES: Readonly<Record<string, string>> = {
  'a short passphrase': 'networks: [{ ssid: x, passphrase: Zz9-not }]',
  'a long passphrase': `networks:\n  - ssid: x\n    passphrase: ${SECRET.repeat(5)}`,
  'a passphrase that is a list': `networks:\n  - ssid: x\n    passphrase: [${SECRET}]`,
  'a passphrase that is a group': `networks:\n  - ssid: x\n    passphrase: { ${SECRET}: 1 }`,
  'a misspelt key': `networks:\n  - ssid: x\n    pasphrase: ${SECRET}`,
  'a network as a key': `networks:\n  home: ${SECRET}`,
  'a passphrase as a key': `networks:\n  - ssid: x\n    ${SECRET}: y`,
  'a passphrase as a key at the top': `${SECRET}: x`,
  'a passphrase twice': `networks:\n  - ssid: x\n    passphrase: ${SECRET}\n    passphrase: ${SECRET}2`,
  'a key twice that is a secret': `${SECRET}: x\n${SECRET}: y`,
  'a passphrase as an alias': `networks:\n  - ssid: x\n    passphrase: *${SECRET}`,
  'a passphrase as a tag': `networks:\n  - ssid: x\n    passphrase: !${SECRET} 1`,
  'a passphrase as an anchor': `networks:\n  - ssid: x\n    passphrase: &${SECRET} 1`,
  'a quote that is not closed': `networks:\n  - ssid: x\n    passphrase: "${SECRET}`,
  'a quote too many': `networks:\n  - ssid: x\n    passphrase: "${SECRET}" ${SECRET}`,
  'a passphrase without its key': `networks:\n  - ssid: x\n    ${SECRET}`,
  'a passphrase alone': SECRET,
  'a wrong indentation': `networks:\n  - ssid: x\n  passphrase: ${SECRET}\n   open: true`,
  'a directive': `%YAML ${SECRET}\n---\nnetworks: []`,
  'an open network with a passphrase': `networks:\n  - ssid: x\n    passphrase: ${SECRET}\n    open: true`,
  'the same network twice': `networks:\n  - { ssid: ${SECRET}, open: true }\n  - { ssid: ${SECRET}, passphrase: ${SECRET} }`,
  'a hexadecimal key that is too long': `networks:\n  - ssid: x\n    passphrase: "${HEX}0"`,
  'an SSID that is too long': `networks:\n  - ssid: ${SECRET.repeat(2)}\n    passphrase: ${SECRET}`,
  'a private key in place of a public one': `admin_keys:\n  - ${HOST_KEY.split('\n').join(' ')}`,
  'a damaged private key': `ssh_host_ed25519_key: |\n  -----BEGIN OPENSSH PRIVATE KEY-----\n  ${SECRET}`,
  'a priority that is a secret': `networks:\n  - ssid: x\n    open: true\n    priority: ${SECRET}`,
  'an unknown group': `wifi:\n  psk: ${SECRET}`,
  'bytes that are no text': `networks: ["\xff${SECRET}`,
  'a document too many': `networks: []\n---\n${SECRET}`,
};

describe('no message repeats anything from a secrets file', () => {
  it.each(Object.keys(MISTAKES))('%s', async (name) => {
    const text = MISTAKES[name]!;
    const cwd = folderWith({ 's.yaml': Buffer.from(text, name.startsWith('bytes') ? 'latin1' : 'utf8') });
    for (const how of [[], ['--json'], ['--verbose']]) {
      const { code, stdout, stderr } = await runInside([...BUILD, ...how, '--secrets', 's.yaml'], { cwd });
      expect(code).toBe(2);
      expect(stdout + stderr).toMatch(/s\.yaml/);
      for (const secret of ['Zz9', 'c0ffee', PRIVATE, 'BEGIN']) expect(stdout + stderr).not.toContain(secret);
    }
  });

  it('but where it is', async () => {
    const cwd = folderWith({ 's.yaml': MISTAKES['a passphrase as a key']! });
    const { stderr } = await runInside([...BUILD, '--secrets', 's.yaml'], { cwd });
    expect(stderr).toBe(
      's.yaml:2:5 networks[0]: this has to be given either a passphrase, "open: true" or eap\n' +
        's.yaml:3:5 networks[0]: unknown key; known here: ssid, ssid_hex, passphrase, open, hidden, priority, ' +
        'trusted, public, legacy, mac, eap, identity, anonymous, phase2, password, ca, ca_system, no_ca, domain_suffix, ' +
        'client_cert, client_key\n' +
        'error: s.yaml: 2 problems, nothing was built\n',
    );
  });
});

describe('nor a passphrase that was put into a profile', () => {
  it.each([
    [{ wifi: { psk: SECRET } }],
    [{ wifi: { passphrase: SECRET, country: 'DE' } }],
    [{ wifi: { password: SECRET } }],
    [{ wifi: { networks: [{ ssid: 'x', psk: SECRET }] } }],
    [{ wifi: { networks: { home: { passphrase: SECRET } } } }],
    [{ psk: SECRET }],
    [{ secrets: { wpa_psk: SECRET } }],
    [{ wifi: { sae_password: SECRET, wep_key0: SECRET } }],
  ])('%j', async (groups) => {
    const cwd = folderWith({ 'x.yaml': profileText(groups) });
    for (const how of [[], ['--json'], ['--verbose']]) {
      const { code, stdout, stderr } = await runInside(
        ['build', '--offline', '--profile', './x.yaml', ...how],
        { cwd },
      );
      expect(code).toBe(2);
      expect(stdout + stderr).not.toContain(SECRET);
      expect(stdout + stderr).toContain('--secrets');
    }
  });
});

it('nor anything of a secrets file that was taken for a profile', async () => {
  const cwd = folderWith({ 's.yaml': `${SECRETS}more: [{ ssid: x, passphrase: ${SECRET} }]\n` });
  const { code, stdout, stderr } = await runInside([...BUILD.slice(0, 1), '--profile', './s.yaml'], { cwd });
  expect(code).toBe(2);
  for (const secret of [PASSPHRASE, PRIVATE, SECRET]) expect(stdout + stderr).not.toContain(secret);
});
