import { describe, expect, it } from 'vitest';
import { line } from './scrub-bench.ts';

/** A text as programs spell it that do not print it as it is. */
function forms(text: string): Record<string, string> {
  const bytes = Buffer.from(text);
  const hex = bytes.toString('hex');
  const pairs = hex.match(/../g) ?? [];
  const base64 = (before: string): string => Buffer.from(before + text + 'zz').toString('base64');
  const escaped = text.replaceAll(/[^A-Za-z0-9]/g, String.raw`\$&`);
  return {
    capitals: hex.toUpperCase(),
    spaced: pairs.join(' '),
    'spaced capitals': pairs.join(' ').toUpperCase(),
    colons: pairs.join(':'),
    'escapes of C': pairs.map((pair) => `\\x${pair}`).join(''),
    'a list of C': pairs.map((pair) => `0x${pair}`).join(', '),
    'as words': hex.replaceAll(/(....)/g, '$1 '),
    'percent signs': encodeURIComponent(text).replaceAll("'", '%27'),
    'percent signs in small letters': encodeURIComponent(text).replaceAll(/%../g, (one) => one.toLowerCase()),
    'a form of HTML': new URLSearchParams({ k: text }).toString().slice(2),
    JSON: JSON.stringify(text),
    'JSON in ASCII': Array.from(text)
      .map((sign) => (/\w/.test(sign) ? sign : `\\u00${sign.charCodeAt(0).toString(16)}`))
      .join(''),
    'octal digits': Array.from(bytes)
      .map((byte) => `\\${byte.toString(8).padStart(3, '0')}`)
      .join(''),
    'shell, single quotes': `'${text.replaceAll("'", `'\\''`)}'`,
    'shell, double quotes': `"${text.replaceAll(/["$`\\]/g, String.raw`\$&`)}"`,
    'shell, backslashes': escaped,
    'UTF-16': Array.from(text).join('?'),
    base64: bytes.toString('base64'),
    'base64, one byte later': base64('a'),
    'base64, two bytes later': base64('ab'),
    base64url: bytes.toString('base64url'),
  };
}

describe.each(['correct horse "battery" staple', "it's #1 & 100% ~/\\secret", 'plainpassphrase', 'wepk3'])(
  'the known secret %s',
  (secret) => {
    const known = `\tpsk="${secret}"\n`;

    it.each(Object.keys(forms('x')))('as %s is found', (name) => {
      const form = forms(secret)[name]!;
      const text = line(`before ${form} after`, known)!;
      expect(text).toContain('(secret)');
      if (form !== secret) expect(text).not.toContain(form);
    });

    it('leaves other lines alone', () => {
      for (const text of ['5a6b7c8d 00:11', 'a "quoted" word\\n', '100%25 of it?', 'dGhpcyBpcyBub3QgaXQ='])
        expect(line(text, known)).toBe(text);
    });
  },
);

describe('what programs around the network write', () => {
  const KEY = 'yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=';
  it.each([
    `PrivateKey = ${KEY}`,
    `  preshared key: ${KEY}`,
    `peer ${KEY} is new`,
    ': PSK "Hidden-ipsec"',
    '10.0.0.1 %any : PSK 0sSGlkZGVuLWlwc2Vj',
    'user : EAP "Hidden-ipsec"',
    'add 10.0.0.1 10.0.0.2 esp 9876 -E aes-cbc "Hidden-ipsec";',
    'add 10.0.0.1 10.0.0.2 ah 9877 -A hmac-sha2-256 0x48696464656e2d6970736563;',
    '> set_network 0 password "Hidden-wpa"',
    'wpa_cli set_network 3 private_key_passwd Hidden-wpa',
    '> password 0 Hidden-wpa',
    'CTRL-RSP-PASSWORD-0:Hidden-wpa',
    '<3>CTRL-RSP-IDENTITY-12:Hidden-wpa',
    'authorization: Bearer Hidden-token-1.x',
    'got "Authorization": "Basic SGlkZGVuOnRva2Vu"',
    'curl -H Bearer Hidden-token-1.x',
    'sent Basic SGlkZGVuOnRva2VuMQ==',
    'token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJIaWRkZW4ifQ.abc',
    'root:$6$Hidden$saltandhash.x/:0:0::0:0:Charlie &:/root:/bin/sh',
    'x $2b$10$Hiddenhash and $y$j9T$Hidden$more and $argon2id$v=19$m=6$Hidden',
    '00000010  48 69 64 64 65 6e 2d 64  75 6d 70 00 00 00 00 00  |Hidden-dump.....|',
    '00000010: 4869 6464 656e 2d64 756d 7000 0000 0000  Hidden-dump.....',
  ])('%s', (text) => {
    const clean = line(text)!;
    for (const secret of ['Hidden', KEY, '48696464656e', 'SGlkZGVu', '4869 6464'])
      expect(clean).not.toContain(secret);
    expect(clean).toMatch(/\((secret|key|hash|dump)\)/);
  });

  it('search domains go unless they are wanted', () => {
    expect(line('search    corp.example.com lan\nseen in corp.example.com', '')).toBe(
      'search    (domain) lan\nseen in (domain)',
    );
    expect(line('at files.corp.example', 'domain corp.example\n')).toBe('at files.(domain)');
    expect(line('at files.corp.example', 'domain corp.example\n', '1')).toBe('at files.corp.example');
  });
});
