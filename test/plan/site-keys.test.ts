import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { guestTree, textAt } from '../fixtures/machines.ts';
import { VARIANTS } from '../fixtures/profiles.ts';
import { freshFile, run } from '../fixtures/scratch.ts';
import { hasTool } from '../tools.ts';

const SCRIPT = textAt(guestTree(VARIANTS.intel8260!), 'usr/libexec/airhive/site-import');

/** One function of the script. The script as a whole would change the accounts of the machine that tests it. */
function shellFunction(name: string): string {
  const [text] = new RegExp(`^${name}\\(\\) \\{\\n[^]*?^\\}\\n`, 'm').exec(SCRIPT) ?? [];
  if (text === undefined) throw new Error(`site-import has no function ${name}`);
  return text;
}

/** An OpenSSH public key: type and base64. */
function newKey(): string {
  const { publicKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  const field = (bytes: Buffer) => Buffer.concat([Buffer.from([0, 0, 0, bytes.length]), bytes]);
  return `ssh-ed25519 ${Buffer.concat([field(Buffer.from('ssh-ed25519')), field(raw)]).toString('base64')}`;
}

const KEY = newKey();
const OTHER = newKey();

describe.each([
  { name: 'busybox', awk: 'busybox awk' },
  { name: 'mawk', awk: 'mawk' },
])('the keys of the site under $name', ({ name, awk }) => {
  const isReady = hasTool(name);
  const call = (lines: string, prefix = '') =>
    run('sh', [
      '-c',
      `awk() { ${awk} "$@"; }\n${shellFunction('key_lines')}key_lines "$1" "$2"`,
      'sh',
      freshFile(lines),
      prefix,
    ]).toString();

  it.skipIf(!isReady).each([
    ['a key', KEY],
    ['a key with a remark', `${KEY} me@host and more`],
    ['blanks around it', `  ${KEY}\t`],
    ['a word as option', `restrict ${KEY} me`],
    ['options', `no-pty,command="/bin/sh",from="10.0.0.0/8" ${KEY} me`],
    ['options with blanks in quotes', `command="/bin/sh -c 'echo hi'",environment="A=b c" ${KEY}`],
    ['an escaped quote', `command="echo \\"a b\\" c" ${KEY}`],
    ['the name of a kind of key in an option', `environment="X=ssh-rsa AAAA! y" ${KEY}`],
  ])(`lose their options: %s (needs ${name})`, (_, line) => {
    expect(call(`${line}\n`)).toBe(`${KEY}\n`);
    expect(call(`${line}\n`, 'restrict ')).toBe(`restrict ${KEY}\n`);
  });

  it.skipIf(!isReady)(`are read to the last line, remarks left out (needs ${name})`, () => {
    expect(call(`# ${OTHER}\n\n\t# x\n${KEY}\nnot a key\nssh-ed25519\nssh-ed25519 hello\n${OTHER}`)).toBe(
      `${KEY}\n${OTHER}\n`,
    );
    expect(call('')).toBe('');
  });

  it.skipIf(!isReady)(`may be of every kind that OpenSSH has (needs ${name})`, () => {
    const kinds = [
      'ssh-rsa',
      'ssh-ed25519',
      'ecdsa-sha2-nistp256',
      'sk-ssh-ed25519@openssh.com',
      'sk-ecdsa-sha2-nistp256@openssh.com',
    ];
    const lines = kinds.map((kind) => `${kind} AAAAB3Nza/C1+yc2E==\n`).join('');
    expect(call(lines)).toBe(lines);
  });

  it.skipIf(!isReady)(`are none when there is no file (needs ${name})`, () => {
    expect(run('sh', ['-c', `${shellFunction('key_lines')}key_lines /nonexistent/file ''`]).toString()).toBe(
      '',
    );
  });

  // What is quoted is nobody's key, and this would make it one.
  it.skipIf(!isReady)(`are not taken out of an option (needs ${name})`, () => {
    expect(call(`command="echo ${OTHER} x" ${KEY}\n`)).toBe(`${KEY}\n`);
  });
});

describe('the options of the tunnel', () => {
  const options = (port: string) =>
    run('sh', [
      '-c',
      `REVERSE_PORT=$1\n${shellFunction('tunnel_options')}tunnel_options`,
      'sh',
      port,
    ]).toString();

  it('are exactly those that let it do one thing', () => {
    expect(options('2210')).toBe(
      'restrict,port-forwarding,permitlisten="2210",permitopen="127.0.0.1:1",command="/bin/false" ',
    );
    expect(options('2022')).toContain('permitlisten="2022"');
  });

  it.skipIf(!hasTool('ssh-keygen'))('make a line that OpenSSH takes for a key (needs ssh-keygen)', () => {
    expect(run('ssh-keygen', ['-l', '-f', freshFile(`${options('2210')}${KEY}\n`)]).toString()).toMatch(
      /ED25519/,
    );
  });
});
