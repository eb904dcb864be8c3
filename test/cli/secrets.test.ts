import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../generators/formats/checksums.ts';
import { decodeFat } from '../../generators/formats/fat/decode.ts';
import { run } from '../fixtures/scratch.ts';
import { hasTool } from '../tools.ts';
import { airhive, runInside } from './command.ts';
import { folderWith, profileText } from './projects.ts';

const PASSPHRASE = 'correct-horse-battery';
const PRIVATE = 'b3BlbnNzaC1rZXktdjEAAAAA';
const HOST_KEY = `-----BEGIN OPENSSH PRIVATE KEY-----\n${PRIVATE}\n-----END OPENSSH PRIVATE KEY-----\n`;
const PUBLIC_KEY = `ssh-ed25519 ${generateKeyPairSync('ed25519').publicKey.export({ format: 'der', type: 'spki' }).toString('base64').replace(/^.{4}/, 'AAAA')} me`;
const SECRETS = `networks:
  - ssid: home
    passphrase: ${PASSPHRASE}
admin_keys:
  - ${PUBLIC_KEY}
ssh_host_ed25519_key: |
${HOST_KEY.replace(/^(?=.)/gm, '  ')}`;
const BUILD = ['build', '--profile', 'intel8260', '--offline'];

/** Every file below a folder, by its path from there. */
function contentOf(folder: string): Map<string, Buffer> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  const paths = entries.map((entry) => join(entry.parentPath, entry.name)).sort();
  return new Map(paths.map((path) => [path.slice(folder.length + 1), readFileSync(path)]));
}

function digestsOf(content: ReadonlyMap<string, Buffer>): string[] {
  return [...content].map(([path, bytes]) => `${path} ${sha256(bytes)}`);
}

/** A file's bytes, and what they hold when they are compressed or a volume, down to the last layer. */
function layersOf(bytes: Buffer): Buffer[] {
  if (bytes.readUInt16BE(0) === 0x1f8b) return [bytes, ...layersOf(gunzipSync(bytes))];
  if (bytes.length < 65_536 || bytes.readUInt16LE(510) !== 0xaa55) return [bytes];
  return [bytes, ...decodeFat(bytes).files.flatMap((file) => layersOf(Buffer.from(file.bytes)))];
}

describe('build --secrets', () => {
  it('adds data/site.img, the one file with a secret in it, to the bundle of a build without', async () => {
    const cwd = folderWith({ 's.yaml': SECRETS });
    await airhive([...BUILD, '--out', 'plain'], { cwd });
    const { code, stdout, stderr } = await airhive([...BUILD, '--secrets', 's.yaml', '--verbose'], { cwd });
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: 'dist/intel8260/\ndist/intel8260.tar\ndist/intel8260/data/site.img\n',
    });
    expect(stderr).not.toContain(PASSPHRASE);

    const content = contentOf(join(cwd, 'dist'));
    const holding = [...content].filter(([, bytes]) =>
      layersOf(bytes).some((layer) => [PASSPHRASE, PRIVATE].some((secret) => layer.includes(secret))),
    );
    expect(holding.map(([path]) => path)).toEqual(['intel8260/data/site.img']);
    content.delete('intel8260/data/site.img');
    expect(digestsOf(content)).toEqual(digestsOf(contentOf(join(cwd, 'plain'))));

    const modeOf = (path: string): string =>
      (statSync(join(cwd, 'dist/intel8260', path)).mode & 0o777).toString(8);
    expect(['data', 'data/site.img'].map(modeOf)).toEqual(['700', '600']);
    expect((await runInside(['verify', 'dist/intel8260'], { cwd })).code).toBe(0);
    const refused = await runInside(['verify', '--public', 'dist/intel8260'], { cwd });
    expect(refused.code).toBe(6);
    expect(refused.stderr).toContain('data/: it holds the secrets of one machine');
    expect((await runInside(['verify', '--public', 'dist/intel8260.tar'], { cwd })).code).toBe(0);
  });

  it.skipIf(!hasTool('mdir') || !hasTool('fsck.fat'))(
    'mtools and fsck.fat read the image (needs both)',
    async () => {
      const cwd = folderWith({ 's.yaml': SECRETS });
      await runInside([...BUILD, '--secrets', 's.yaml'], { cwd });
      const image = join(cwd, 'dist/intel8260/data/site.img');
      run('fsck.fat', ['-n', image]);
      expect(run('mdir', ['-b', '-i', image, '::']).toString()).toBe(
        '::/admin_keys\n::/networks.conf\n::/ssh_host_ed25519_key\n',
      );
      const read = (name: string): string => run('mtype', ['-i', image, `::${name}`]).toString();
      expect(read('networks.conf')).toContain(`\tpsk="${PASSPHRASE}"\n`);
      expect(read('admin_keys')).toBe(`${PUBLIC_KEY}\n`);
      expect(read('ssh_host_ed25519_key')).toBe(HOST_KEY);
      expect(run('mlabel', ['-s', '-i', image, '::']).toString()).toContain('AIRHIVESITE');
    },
  );

  it('keeps what else is in data/, and leaves site.img alone when it is not asked for', async () => {
    const cwd = folderWith({ 's.yaml': SECRETS });
    const data = join(cwd, 'dist/intel8260/data');
    await runInside([...BUILD, '--secrets', 's.yaml'], { cwd });
    writeFileSync(join(data, 'state.img'), 'state');
    const image = readFileSync(join(data, 'site.img'));
    await runInside(BUILD, { cwd });
    expect(readFileSync(join(data, 'site.img')).equals(image)).toBe(true);
    writeFileSync(join(cwd, 's.yaml'), SECRETS.replace('home', 'away'));
    await runInside([...BUILD, '--secrets', 's.yaml'], { cwd });
    expect(readFileSync(join(data, 'site.img')).equals(image)).toBe(false);
    expect(readFileSync(join(data, 'state.img'), 'utf8')).toBe('state');
  });

  it.each([0o640, 0o604, 0o620, 0o666])(
    'refuses a file of mode %o, which is open to others',
    async (mode) => {
      const cwd = folderWith({ 's.yaml': SECRETS });
      chmodSync(join(cwd, 's.yaml'), mode);
      const { code, stderr } = await runInside([...BUILD, '--secrets', 's.yaml'], { cwd });
      expect(code).toBe(2);
      expect(stderr).toContain(
        `s.yaml holds secrets, but its mode 0${mode.toString(8)} opens it to others\n  chmod 600 s.yaml`,
      );
      expect(readdirSync(cwd)).toEqual(['s.yaml']);
    },
  );
});

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
      's.yaml:2:5 networks[0]: this has to be given either a passphrase or "open: true"\n' +
        's.yaml:3:5 networks[0]: unknown key; known here: ssid, ssid_hex, passphrase, open, hidden, priority\n' +
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
