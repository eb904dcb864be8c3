import { createHash } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { readFat } from '../fixtures/fat-reader.ts';
import { makeCertificates, type Certificates } from '../fixtures/certificates.ts';
import { encodeSite } from '../../generators/plan/site.ts';
import { parseSecrets } from '../../generators/profile/secrets.ts';
import { run } from '../fixtures/scratch.ts';
import { Machine } from './machine.ts';
import { block, dataOf, expectTidy, networksOf, site, siteImage, siteOk } from './site-bench.ts';

let made: Certificates;
beforeAll(() => {
  made = makeCertificates();
});

const CA = ['--ca', 'CA'];
const ask = (machine: Machine, input: string | null, ...words: string[]) =>
  site(machine, input, 'add', ...words.map((word) => made.paths[word] ?? word));
const askOk = (machine: Machine, input: string | null, ...words: string[]): string => {
  const { code, out, said } = ask(machine, input, ...words);
  expect(code, said).toBe(0);
  return out + said;
};
/** The bytes of the files on the site disk, which are no text. */
const bytesOf = (machine: Machine): Record<string, Uint8Array> =>
  Object.fromEntries(readFat(readFileSync(siteImage(machine))).files.map(({ path, bytes }) => [path, bytes]));
const named = (kind: string, file: string, form: string): string =>
  `${kind}-${createHash('sha256')
    .update(readFileSync(made.paths[file] ?? ''))
    .digest('hex')
    .slice(0, 16)}.${form}`;
const place = (name: string): string => `"/run/airhive/site/${name}"`;
const ciphers = 'CCMP GCMP CCMP-256 GCMP-256';
const STRICT = ['proto=RSN', `pairwise=${ciphers}`, `group=${ciphers}`];
const PEAP = ['--eap', 'peap', '--identity', 'me@example.org'];

describe('vm_site add --eap', () => {
  it('writes a block of each method, and the certificates beside it', () => {
    const machine = new Machine();
    const said = [
      askOk(machine, 'pass "word" #1\n', 'uni', ...PEAP, '--anonymous', 'any@example.org', ...CA),
      askOk(
        machine,
        'secret words\n',
        'ttls',
        '--eap',
        'TTLS',
        '--identity',
        'me',
        '--phase2',
        'pap',
        '--ca-system',
        '--domain-suffix',
        'example.org',
      ),
      askOk(
        machine,
        null,
        'tls',
        '--eap',
        'tls',
        '--identity',
        'me',
        '--client-cert',
        'client',
        '--client-key',
        'key',
        ...CA,
      ),
      askOk(
        machine,
        'key words\n',
        'phone',
        '--eap',
        'tls',
        '--identity',
        'me',
        '--client-key',
        'p12',
        ...CA,
        '--hidden',
      ),
      askOk(machine, 'secret words\n', 'pwd', '--eap', 'pwd', '--identity', 'mé'),
    ].join('');
    const [ca, client, key, p12] = [
      named('ca', 'CA', 'pem'),
      named('client', 'client', 'pem'),
      named('key', 'key', 'pem'),
      named('key', 'p12', 'p12'),
    ];
    const enterprise = ['key_mgmt=WPA-EAP WPA-EAP-SHA256', 'ieee80211w=1'];
    const tls = [...enterprise, 'eap=TLS', 'identity="me"', `ca_cert=${place(ca)}`];
    expect(networksOf(machine)).toBe(
      [
        block(
          'ssid="uni"',
          ...enterprise,
          'eap=PEAP',
          'identity="me@example.org"',
          'anonymous_identity="any@example.org"',
          `password=${Buffer.from('pass "word" #1').toString('hex')}`,
          'phase2="auth=MSCHAPV2"',
          `ca_cert=${place(ca)}`,
          ...STRICT,
        ),
        block(
          'ssid="ttls"',
          ...enterprise,
          'eap=TTLS',
          'identity="me"',
          'password="secret words"',
          'phase2="auth=PAP"',
          'ca_cert="/etc/ssl/cert.pem"',
          'domain_suffix_match="example.org"',
          ...STRICT,
        ),
        block('ssid="tls"', ...tls, `client_cert=${place(client)}`, `private_key=${place(key)}`, ...STRICT),
        block(
          'ssid="phone"',
          ...tls,
          `private_key=${place(p12)}`,
          'private_key_passwd="key words"',
          ...STRICT,
          'scan_ssid=1',
        ),
        block(
          'ssid="pwd"',
          ...enterprise,
          'eap=PWD',
          'identity=6dc3a9',
          'password="secret words"',
          ...STRICT,
        ),
      ].join('\n'),
    );
    const files = bytesOf(machine);
    for (const [name, file] of [
      [ca, 'CA'],
      [client, 'client'],
      [key, 'key'],
      [p12, 'p12'],
    ] as const)
      expect(Buffer.from(files[name] ?? [])).toEqual(readFileSync(made.paths[file] ?? ''));
    expect(statSync(siteImage(machine)).mode & 0o777).toBe(0o600);
    expect(said + machine.get('calls')).not.toMatch(/secret words|key words|pass "word"/);
    expectTidy(machine, ['secret words', 'key words']);
    const before = dataOf(machine);
    expect(askOk(machine, 'secret words\n', 'pwd', '--eap', 'pwd', '--identity', 'mé')).toBe(
      'vm_site: nothing to change\n',
    );
    expect(dataOf(machine)).toEqual(before);
    siteOk(machine, null, 'remove', 'tls');
    expect(Object.keys(bytesOf(machine))).toEqual(expect.arrayContaining([ca, p12]));
    expect(Object.keys(bytesOf(machine))).not.toEqual(expect.arrayContaining([client]));
    expect(Object.keys(bytesOf(machine))).not.toEqual(expect.arrayContaining([key]));
  }, 60_000);

  it('makes of a file of secrets what it makes of options', () => {
    const machine = new Machine();
    askOk(machine, 'pass "word" #1\n', 'uni', ...PEAP, '--anonymous', 'any', ...CA);
    askOk(
      machine,
      'secret words\n',
      'ttls',
      '--eap',
      'ttls',
      '--identity',
      'me',
      '--phase2',
      'gtc',
      '--domain-suffix',
      'example.org',
    );
    askOk(
      machine,
      null,
      'tls',
      '--eap',
      'tls',
      '--identity',
      'me',
      '--client-cert',
      'client',
      '--client-key',
      'key',
      ...CA,
    );
    askOk(machine, 'secret words\n', 'none', ...PEAP, '--no-ca');
    askOk(machine, 'secret words\n', 'pwd', '--eap', 'pwd', '--identity', 'mé');
    const textOf = (name: string) => readFileSync(made.paths[name] ?? '', 'utf8');
    const ca = textOf('CA');
    const networks = [
      {
        ssid: 'uni',
        eap: 'peap',
        identity: 'me@example.org',
        anonymous: 'any',
        password: 'pass "word" #1',
        ca,
      },
      {
        ssid: 'ttls',
        eap: 'ttls',
        identity: 'me',
        phase2: 'gtc',
        password: 'secret words',
        domain_suffix: 'example.org',
      },
      {
        ssid: 'tls',
        eap: 'tls',
        identity: 'me',
        client_cert: textOf('client'),
        client_key: textOf('key'),
        ca,
      },
      { ssid: 'none', eap: 'peap', identity: 'me@example.org', password: 'secret words', no_ca: true },
      { ssid: 'pwd', eap: 'pwd', identity: 'mé', password: 'secret words' },
    ];
    const { secrets, diagnostics } = parseSecrets({ file: 's.yaml', text: JSON.stringify({ networks }) });
    expect(diagnostics).toEqual([]);
    const own = readFat(
      encodeSite(secrets ?? { networks: [], adminKeys: [], tunnelKeys: [], hostKey: '' }, 0),
    ).files;
    const theirs = bytesOf(machine);
    expect(own.map(({ path }) => path)).toHaveLength(4);
    for (const { path, bytes } of own)
      expect(bytes.toString(), path).toBe(Buffer.from(theirs[path] ?? []).toString());
  }, 60_000);

  it.each([
    [{ identity: 'me', open: true }, 'given eap too'],
    [{ eap: 'peap', password: 'secret words', ca_system: true }, 'given an identity'],
    [{ eap: 'peap', identity: 'me', password: 'secret words' }, 'given ca or domain_suffix'],
    [{ eap: 'peap', identity: 'me', no_ca: true }, 'given a password'],
    [{ eap: 'peap', identity: 'me', password: 'secret words', no_ca: true, ca_system: true }, 'only one of'],
    [{ eap: 'tls', identity: 'me', no_ca: true }, 'client_cert and client_key with eap tls'],
    [{ eap: 'pwd', identity: 'me', password: 'secret words', phase2: 'pap' }, 'phase2 with eap peap'],
    [{ eap: 'peap', identity: 'me', password: 'secret words', ca: 'file.pem' }, 'as PEM text'],
  ])('is refused in a file of secrets when it is %j', (network, words) => {
    const text = JSON.stringify({ networks: [{ ssid: 'uni', ...network }] });
    const { secrets, diagnostics } = parseSecrets({ file: 's.yaml', text });
    expect(secrets).toBeUndefined();
    expect(diagnostics.map(({ message }) => message).join()).toContain(words);
    expect(JSON.stringify(diagnostics)).not.toContain('secret words');
  });

  it('is refused in a file of secrets when a certificate or key is damaged', () => {
    const textOf = (name: string): string => readFileSync(made.paths[name] ?? '', 'utf8');
    for (const [key, name] of [
      ['ca', 'broken'],
      ['ca', 'half'],
      ['client_cert', 'broken'],
      ['client_key', 'brokenkey'],
    ] as const) {
      const tls = { ssid: 'uni', eap: 'tls', identity: 'me', ca: textOf('CA') };
      const sound = { client_cert: textOf('client'), client_key: textOf('key') };
      const networks = [{ ...tls, ...sound, [key]: textOf(name) }];
      const { secrets, diagnostics } = parseSecrets({ file: 's.yaml', text: JSON.stringify({ networks }) });
      expect(secrets, name).toBeUndefined();
      expect(diagnostics.map(({ message }) => message).join()).toMatch(/that is not damaged/);
      expect(JSON.stringify(diagnostics)).not.toContain('BEGIN');
    }
  });

  it('tells at every list whose server is not checked', () => {
    const machine = new Machine();
    expect(askOk(machine, 'secret words\n', 'uni', ...PEAP, '--no-ca')).toContain('is saved');
    askOk(machine, 'secret words\n', 'office', ...PEAP, ...CA);
    const list = siteOk(machine, null, 'list');
    expect(list).toContain('  "uni"     Enterprise (PEAP), CA NOT CHECKED\n');
    expect(list).toContain('  "office"  Enterprise (PEAP), CA checked\n');
    expect(list.match(/WARNING.*/g)).toEqual([
      'WARNING: "uni" does not check its server: whoever sends this name gets the password',
    ]);
    expect(list).not.toMatch(/secret|me@example/);
  });

  it('tells at list and init which networks lack a certificate, which an older vm_site has left behind', () => {
    const machine = new Machine();
    const words = ['--eap', 'tls', '--identity', 'me', '--client-cert', 'client', '--client-key', 'key'];
    askOk(machine, null, 'uni', ...words, ...CA);
    askOk(machine, 'secret words\n', 'office', ...PEAP, ...CA);
    askOk(machine, 'secret words\n', 'public', ...PEAP, '--domain-suffix', 'example.org');
    expect(siteOk(machine, null, 'list') + siteOk(machine, null, 'init')).not.toContain('missing');
    const text = (name: string): string =>
      `${name} names a certificate or key that is missing on the site disk (an older vm_site has written it): vm_site add it again`;
    const remove = (name: string) => run('mdel', ['-i', siteImage(machine), `::${name}`]);
    remove(named('client', 'client', 'pem'));
    remove(named('key', 'key', 'pem'));
    expect(siteOk(machine, null, 'list').match(/WARNING.*/g)).toEqual([`WARNING: ${text('"uni"')}`]);
    remove(named('ca', 'CA', 'pem'));
    expect(siteOk(machine, null, 'list').match(/WARNING.*/g)).toEqual(
      ['"uni"', '"office"'].map((name) => `WARNING: ${text(name)}`),
    );
    expect(siteOk(machine, null, 'init')).toBe(
      ['"uni"', '"office"'].map((name) => `vm_site: ${text(name)}\n`).join(''),
    );
    askOk(machine, 'secret words\n', 'office', ...PEAP, ...CA);
    askOk(machine, null, 'uni', ...words, ...CA);
    expect(siteOk(machine, null, 'list')).not.toContain('missing');
    expectTidy(machine);
  }, 60_000);

  it('grows the disk to what is needed', () => {
    const machine = new Machine();
    for (let n = 0; n < 12; n++) {
      const file = join(machine.root, `ca${n}`);
      writeFileSync(file, readFileSync(made.paths.CA ?? '', 'utf8') + '#'.repeat(60_000 + n));
      askOk(machine, 'secret words\n', `n${n}`, ...PEAP, '--ca', file);
    }
    expect(statSync(siteImage(machine)).size).toBe(2 * 1024 * 1024);
    expect(Object.keys(bytesOf(machine)).filter((name) => name.startsWith('ca-'))).toHaveLength(12);
    for (let n = 0; n < 12; n++) siteOk(machine, null, 'remove', `n${n}`);
    expect(statSync(siteImage(machine)).size).toBe(1024 * 1024);
    expectTidy(machine);
  }, 120_000);

  it.each<[string, string[], string]>([
    ['no method', ['--identity', 'me'], 'need --eap'],
    ['another method', ['--eap', 'leap', '--identity', 'me'], '--eap takes peap, ttls, tls or pwd'],
    ['no value', ['--eap'], '--eap takes a value'],
    ['no identity', ['--eap', 'peap'], '--eap needs --identity'],
    ['an open one', [...PEAP, '--open', ...CA], 'either --open or has --eap'],
    ['no check', PEAP, 'any server with a public certificate would be believed'],
    ['a public CA without a name', [...PEAP, '--ca-system'], 'any server with a public certificate'],
    ['two checks', [...PEAP, '--ca-system', '--no-ca'], 'only one of'],
    ['a CA that is not looked at', [...PEAP, ...CA, '--no-ca'], 'only one of'],
    [
      'a name that is not looked at',
      [...PEAP, '--no-ca', '--domain-suffix', 'a.example'],
      'does not look at that',
    ],
    ['a dot in front', [...PEAP, '--domain-suffix', '.example.org'], '--domain-suffix takes the end'],
    ['a quote in the name', [...PEAP, '--domain-suffix', 'a"b'], '--domain-suffix takes the end'],
    ['no such inner method', [...PEAP, ...CA, '--phase2', 'pap'], '--phase2 takes mschapv2, gtc or md5'],
    [
      'an inner method of nothing',
      ['--eap', 'pwd', '--identity', 'me', '--phase2', 'pap'],
      '--phase2 is for',
    ],
    [
      'a CA that nobody asks',
      ['--eap', 'pwd', '--identity', 'me', ...CA],
      '--eap pwd has neither certificates',
    ],
    ['a key that nobody asks', [...PEAP, ...CA, '--client-key', 'key'], 'are for --eap tls'],
    ['no key', ['--eap', 'tls', '--identity', 'me', ...CA], '--eap tls needs --client-cert'],
    [
      'a certificate alone',
      ['--eap', 'tls', '--identity', 'me', '--client-cert', 'client', ...CA],
      'needs --client-key',
    ],
    [
      'a key alone',
      ['--eap', 'tls', '--identity', 'me', '--client-key', 'key', ...CA],
      '--client-cert is missing',
    ],
    [
      'two certificates',
      ['--eap', 'tls', '--identity', 'me', '--client-cert', 'client', '--client-key', 'p12', ...CA],
      'leave --client-cert out',
    ],
    ['no file', [...PEAP, '--ca', '/nowhere'], '--ca /nowhere names a file that cannot be read'],
    ['no certificate', [...PEAP, '--ca', 'text'], 'no certificate in it'],
    ['a key as CA', [...PEAP, '--ca', 'both'], 'or with a private key'],
    [
      'a certificate as key',
      ['--eap', 'tls', '--identity', 'me', '--client-key', 'client', ...CA],
      'no private key in it',
    ],
    ['a damaged CA', [...PEAP, '--ca', 'broken'], 'a file that is damaged: openssl cannot read it'],
    ['a damaged CA behind a sound one', [...PEAP, '--ca', 'half'], 'a file that is damaged'],
    ['a CA that was cut short', [...PEAP, '--ca', 'shortder'], 'a file that is damaged'],
    [
      'a PKCS#12 file that was cut short',
      ['--eap', 'tls', '--identity', 'me', '--client-key', 'shortp12', ...CA],
      'a file that is damaged',
    ],
    [
      'a damaged key',
      ['--eap', 'tls', '--identity', 'me', '--client-key', 'brokenkey', '--client-cert', 'client', ...CA],
      'a file that is damaged',
    ],
    ['a CA that is too large', [...PEAP, '--ca', 'large'], 'more than 65536 bytes'],
    ['a line end', ['--eap', 'pwd', '--identity', 'a\nb'], 'control character'],
    ['too much', ['--eap', 'pwd', '--identity', 'a'.repeat(254)], 'at most 253 bytes'],
  ])('refuses %s, and changes nothing', (_, words, message) => {
    const machine = new Machine();
    const { code, said } = ask(machine, 'secret words\n', 'uni', ...words);
    expect(said).toContain(message);
    expect(code).toBe(2);
    expect(dataOf(machine)).toEqual({});
  });

  it.each([
    ['', 'there is no password in the input'],
    ['\n', 'the password is empty'],
    [`${'x'.repeat(257)}\n`, 'at most 256 bytes'],
  ])('refuses the password %j', (input, message) => {
    const machine = new Machine();
    const { code, said } = ask(machine, input, 'uni', ...PEAP, ...CA);
    expect([code, said]).toEqual([2, expect.stringContaining(message)]);
    expect(said).not.toContain('xxx');
  });
});

describe('vm_site import of certificates', () => {
  const imported = (conf: string): { machine: Machine; said: string } => {
    const machine = new Machine();
    const folder = join(machine.root, 'usr/local/etc');
    for (const [name, path] of Object.entries(made.paths))
      writeFileSync(join(folder, name), readFileSync(path));
    const file = join(folder, 'theirs.conf');
    writeFileSync(file, conf);
    return { machine, said: siteOk(machine, null, 'import', file) };
  };
  const peap = ['key_mgmt=WPA-EAP', 'eap=PEAP', 'identity="u@example.org"', 'password="secret words"'];

  it('takes the files along, from their paths, from beside the file, and blobs', () => {
    const folded = readFileSync(made.paths.der ?? '')
      .toString('base64')
      .replace(/.{60}/g, '$&\n');
    const { machine, said } = imported(
      block('ssid="uni"', ...peap, 'ca_cert="/usr/local/etc/CA"', 'phase2="auth=MSCHAPV2"') +
        block(
          'ssid="tls"',
          'key_mgmt=WPA-EAP',
          'eap=TLS',
          'identity="u"',
          'ca_cert="blob://my-ca"',
          'client_cert="client"',
          'private_key="./key"',
        ) +
        `blob-base64-other={\nAAAA\n}\nblob-base64-my-ca={\n${folded}\n}\n` +
        block('ssid="lost"', ...peap, 'ca_cert="/usr/local/etc/nothing"') +
        block('ssid="text"', ...peap, 'ca_cert="text"') +
        block('ssid="broken"', ...peap, 'ca_cert="broken"') +
        block('ssid="gone"', ...peap, 'ca_cert="blob://gone"') +
        block('ssid="bare"', ...peap),
    );
    const [ca, der] = [named('ca', 'CA', 'pem'), named('ca', 'der', 'der')];
    expect(networksOf(machine)).toBe(
      [
        block('ssid="uni"', ...peap, `ca_cert=${place(ca)}`, 'phase2="auth=MSCHAPV2"'),
        block(
          'ssid="tls"',
          'key_mgmt=WPA-EAP',
          'eap=TLS',
          'identity="u"',
          `ca_cert=${place(der)}`,
          `client_cert=${place(named('client', 'client', 'pem'))}`,
          `private_key=${place(named('key', 'key', 'pem'))}`,
        ),
        block('ssid="bare"', ...peap),
      ].join('\n'),
    );
    expect(Buffer.from(bytesOf(machine)[der] ?? [])).toEqual(readFileSync(made.paths.der ?? ''));
    expect(said).toContain('"uni": taken (Enterprise (PEAP), CA checked)');
    expect(said).toContain('"lost": ca_cert names a file that cannot be read');
    expect(said).toContain('"text": ca_cert names a file with no certificate in it');
    expect(said).toContain('"broken": ca_cert names a file that is damaged');
    expect(said).toContain('"gone": ca_cert names a file with no certificate in it');
    expect(said).toContain('"bare": no CA certificate, so whoever sends this name gets the password');
    expect(said).not.toMatch(/secret words/);
    expectTidy(machine);
  }, 60_000);
});
