import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { freshFile, run } from '../fixtures/scratch.ts';
import { hasTool } from '../tools.ts';
import { AWKS, runAwk } from './awks.ts';
import { pathOf } from './machine.ts';
import { block } from './site-bench.ts';
import { ALL_SETTINGS, FILE_SETTINGS } from './wpa-settings.ts';

/** The blocks and the notes that networks.awk makes of a file; every awk that is there has to make the same. */
function imported(conf: string): { blocks: string; notes: string[] } {
  const results = AWKS.map((awk) => {
    const notes = freshFile('');
    const file = freshFile(Buffer.from(conf, 'latin1'));
    const blocks = runAwk(
      awk,
      ['ssid', 'shown', 'networks'],
      ['-v', 'want=import', '-v', `notes=${notes}`],
      file,
    ).toString('latin1');
    return { blocks, notes: run('cat', [notes]).toString().split('\n').slice(0, -1) };
  });
  const [first] = results;
  if (first === undefined) throw new Error('there is no awk');
  for (const other of results) expect(other).toEqual(first);
  return first;
}

describe('what is taken of a wpa_supplicant.conf', () => {
  it.each<[string, string, string]>([
    ['as it stands', block('ssid="home"', 'psk="battery staple"'), 'taken (WPA2, passphrase)'],
    ['raw key', block('ssid="home"', `psk=${'aB'.repeat(32)}`, 'priority=-3'), 'taken (WPA2, raw key)'],
    [
      'WPA3',
      block('ssid="home"', 'key_mgmt=SAE', 'sae_password="x"', 'ieee80211w=2'),
      'taken (WPA3, passphrase)',
    ],
    ['open', block('ssid=686f6d65', 'key_mgmt=NONE', 'scan_ssid=1', 'disabled=1'), 'taken (open)'],
    ['quotes and a #', block('ssid="Cafe "Central" #2"', 'psk="a "b" #c #"'), 'taken (WPA2, passphrase)'],
    ['escapes', block('ssid=P"\\x68om\\"e"', 'key_mgmt=OWE'), 'taken (open, encrypted (OWE))'],
    [
      'Enterprise',
      block(
        'ssid="eduroam"',
        'key_mgmt=WPA-EAP',
        'eap=PEAP',
        'identity="me@example.org"',
        'password=hash:8846f7eaee8fb117ad06bdd830b7586c',
        'phase2="auth=MSCHAPV2"',
        `ca_cert="hash://server/sha256/${'ab'.repeat(32)}"`,
        'domain_suffix_match="radius.example.org"',
      ),
      'taken (Enterprise (PEAP), CA checked)',
    ],
  ])('%s', (_, conf, words) => {
    const { blocks, notes } = imported(
      `# remark\nctrl_interface=/var/run/wpa_supplicant\nap_scan=1\n${conf}`,
    );
    expect(blocks).toBe(conf);
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatch(/^line 4: ".*": /);
    expect(notes[0]).toContain(words);
    understood(blocks);
  });

  it.each(ALL_SETTINGS)('%s, as it stands', (setting) => {
    const conf = block('ssid="a"', 'psk="battery staple"', setting);
    const { blocks, notes } = imported(conf);
    expect(blocks).toBe(conf);
    expect(notes.filter((note) => !note.includes('no CA certificate'))).toHaveLength(1);
    understood(blocks);
  });

  it('is told of each network by its own settings', () => {
    const { notes } = imported(
      block('ssid="a"', 'key_mgmt=SAE', 'sae_password="x"') + block('ssid="b"', 'psk="battery staple"'),
    );
    expect(notes).toEqual(['line 1: "a": taken (WPA3, passphrase)', 'line 6: "b": taken (WPA2, passphrase)']);
  });

  it('is without remarks, blanks, CR LF, and what the guest does not know of a list', () => {
    const { blocks } = imported(
      '  network={ # flat\r\n\tssid="ho#me" # mine\r\n   #psk="battery staple"\r\n psk="a" b c d" \r\n' +
        '\tkey_mgmt=WPA-PSK FT-PSK\n\tgroup=CCMP TKIP WEP104 WEP40\n\tmode=0\n\t}\n',
    );
    expect(blocks).toBe(block('ssid="ho#me"', 'psk="a" b c d"', 'key_mgmt=WPA-PSK', 'group=CCMP TKIP'));
    understood(blocks);
  });

  it.each<[string, string, number, string]>([
    ['no end', 'network={\n\tssid="a"\n', 1, 'has no end'],
    [
      'no end before the next',
      'network={\n\tssid="a"\nnetwork={\n\tssid="b"\n\tkey_mgmt=NONE\n}\n',
      1,
      'has no end',
    ],
    ['another beginning', 'network={ ssid="a" }\n', 1, 'nothing else on the line'],
    ['no name', block('key_mgmt=NONE'), 1, 'without a name'],
    ['an empty name', block('ssid=""', 'key_mgmt=NONE'), 2, '1 to 32 bytes'],
    ['a name without quotes', block('ssid=home', 'key_mgmt=NONE'), 2, '1 to 32 bytes'],
    ['a name that is too long', block(`ssid="${'x'.repeat(33)}"`), 2, '1 to 32 bytes'],
    ['half a quote', block('ssid="home', 'key_mgmt=NONE'), 2, '1 to 32 bytes'],
    ['a short passphrase', block('ssid="a"', 'psk="battery"'), 3, '8 to 63'],
    ['a passphrase elsewhere', block('ssid="a"', 'psk=ext:home'), 3, '8 to 63'],
    [
      'a passphrase cut off by its own #',
      block('ssid="a"', 'psk="a"b#cdefgh"'),
      3,
      'if it belongs to the value, give this network to vm_site add',
    ],
    [
      'a password cut off by its own #',
      block('ssid="a"', 'key_mgmt=WPA-EAP', 'password="a"b#c"'),
      4,
      'if it belongs to the value, write that as hexadecimal digits without quotes',
    ],
    ['a number out of range', block('ssid="a"', 'scan_ssid=2'), 3, 'has to be a number, at most 1'],
    ['a number that is none', block('ssid="a"', 'priority=08'), 3, 'has to be a number'],
    ['half an address', block('ssid="a"', 'bssid=02:00'), 3, 'has to be an address'],
    ['no list of addresses', block('ssid="a"', 'bssid_blacklist=any'), 3, 'has to be an address'],
    ['a hash that is no password', block('ssid="a"', `identity=hash:${'ab'.repeat(16)}`), 3, 'in quotes'],
    ['half a hash', block('ssid="a"', 'password=hash:abcd'), 3, 'in quotes'],
    ['a tab in a passphrase', block('ssid="a"', 'psk="battery\tstaple"'), 3, 'control characters'],
    ['a # behind half a quote', block('ssid="a # b', 'key_mgmt=NONE'), 2, '1 to 32 bytes'],
    ['no setting', block('ssid="a"', 'psk'), 3, 'not a setting'],
    ['a blank before =', block('ssid ="a"'), 2, 'not a setting'],
    ['a word for a number', block('ssid="a"', 'priority=high'), 3, 'has to be a number'],
    ['a quoted list', block('ssid="a"', 'eap="PEAP"'), 3, 'nothing of what eap allows'],
    ['a bare text', block('ssid="a"', 'identity=me'), 3, 'in quotes'],
    ['WEP', block('ssid="a"', 'key_mgmt=NONE', 'wep_key0="abcde"'), 4, 'WEP'],
    [
      'fast roaming alone',
      block('ssid="a"', 'key_mgmt=FT-PSK', 'psk="battery staple"'),
      3,
      'nothing of what key_mgmt allows',
    ],
    ['a network of its own', block('ssid="a"', 'mode=2'), 3, 'a network of its own'],
    ...FILE_SETTINGS.map((name): [string, string, number, string] => [
      `a file for ${name}`,
      block('ssid="a"', `${name}="/etc/mine"`),
      3,
      `${name} names a file`,
    ]),
    [
      'EAP-FAST without its file',
      block('ssid="a"', 'key_mgmt=WPA-EAP', 'eap=FAST', 'pac_file="/etc/mine"'),
      6,
      'EAP-FAST without its pac_file',
    ],
    [
      'a file',
      block('ssid="a"', 'key_mgmt=WPA-EAP', 'ca_cert="/etc/ssl/mine.pem"'),
      4,
      'a file that cannot be taken along ("hash://server',
    ],
    ['a key in a file', block('ssid="a"', 'private_key="blob://mine"'), 3, 'private_key names a file'],
    ['a long line', block('ssid="a"', `identity="${'x'.repeat(2000)}"`), 3, 'too long'],
  ])('is not what has %s, and the line is named', (_, conf, line, words) => {
    const good = block('ssid="good"', 'psk="battery staple"');
    const { blocks, notes } = imported(`${good}${conf}`);
    expect(blocks).toMatch(/^network=\{\n\tssid="good"\n\tpsk="battery staple"\n\}\n/);
    expect(blocks).not.toContain('"a"');
    expect(notes[1]).toMatch(new RegExp(`^line ${line + 4}: `));
    expect(notes[1]).toContain(words);
    expect(notes[1]).toMatch(/: left out$/);
    expect(notes.join()).not.toMatch(/battery|cert\.pem|abcde/);
  });

  it.each(['dh_file', 'dh_file2', 'pac_file'])(
    'is the rest of a network that names a file for %s',
    (name) => {
      const lines = ['ssid="a"', 'key_mgmt=WPA-EAP', 'eap=PEAP FAST'];
      const { blocks, notes } = imported(block(...lines, `${name}="/etc/mine"`, 'identity="me"'));
      expect(blocks).toBe(block(...lines, 'identity="me"'));
      expect(notes).toContain(`line 5: "a": without ${name}, a file that this network does without`);
      expect(imported(block(...lines, `${name}=""`)).notes.join()).not.toContain(name);
    },
  );

  it('is every block of a name, once, and nothing of other blocks', () => {
    const { blocks, notes } = imported(
      `cred={\n\tssid="c"\n\tpassword="x"\n}\nblob-base64-mine={\nnetwork\nssid="d"\n}\n` +
        block('ssid="a"', 'key_mgmt=NONE') +
        block('ssid=61', 'psk="battery staple"') +
        block('ssid="a"', 'key_mgmt=NONE'),
    );
    expect(blocks).toBe(`${block('ssid="a"', 'key_mgmt=NONE')}\n${block('ssid=61', 'psk="battery staple"')}`);
    expect(notes).toEqual([
      'line 9: "a": taken (open)',
      'line 13: "a": taken (WPA2, passphrase)',
      'line 17: "a": duplicate of the one in line 9',
    ]);
  });

  const PSK = 'psk="battery staple"';
  const EAP = ['key_mgmt=WPA-EAP', 'eap=PEAP', 'identity="u"'];
  it.each<[string, string[], string[], string]>([
    [
      'a setting that the guest does not know',
      [...EAP, 'wpa_deny_ptk0_rekey=1'],
      EAP,
      'line 6: "a": without wpa_deny_ptk0_rekey, a setting that the guest does not know',
    ],
    ['a setting with capitals', [PSK, 'dot11MeshMaxRetries=1'], [PSK], 'without dot11MeshMaxRetries'],
    [
      'what the guest does not speak',
      [PSK, 'key_mgmt=WPA-PSK FT-PSK\tSAE', 'group=CCMP WEP40'],
      [PSK, 'key_mgmt=WPA-PSK SAE', 'group=CCMP'],
      'line 4: "a": without key_mgmt FT-PSK, which the guest does not speak',
    ],
    ['a word among numbers', [PSK, 'scan_freq=2412 x 2'], [PSK, 'scan_freq=2412'], 'word 2 on'],
    ['words for numbers', [PSK, 'freq_list=high'], [PSK], 'without freq_list'],
    ['a comment with a quote', ['key_mgmt=NONE # "b"'], ['key_mgmt=NONE'], 'taken for a comment'],
    [
      'a comment with a quote behind a passphrase',
      ['psk="battery staple" # "b"'],
      ['psk="battery staple"'],
      'vm_site add',
    ],
  ])('is without %s, and that is told', (_, given, taken, words) => {
    const { blocks, notes } = imported(block('ssid="a"', ...given));
    expect(blocks).toBe(block('ssid="a"', ...taken));
    expect(notes[0]).toMatch(/^line 1: "a": taken \(/);
    expect(notes.slice(1).join('\n')).toContain(words);
    understood(blocks);
  });

  it.each<[string, string[], string[]]>([
    ['access points', [PSK, 'bssid_blacklist=02:00:00:00:00:01'], [PSK, 'bssid_blacklist=02:00:00:00:00:01']],
    [
      'access points by the newer names',
      [PSK, 'bssid_ignore=02:00:00:00:00:01/ff:ff:ff:00:00:00', 'bssid_accept=02:00:00:00:00:02'],
      [PSK, 'bssid_blacklist=02:00:00:00:00:01/ff:ff:ff:00:00:00', 'bssid_whitelist=02:00:00:00:00:02'],
    ],
    [
      'an address to begin with',
      [PSK, 'bssid_hint=02:00:00:00:00:01'],
      [PSK, 'bssid_hint=02:00:00:00:00:01'],
    ],
    ['any access point', [PSK, 'bssid=any', 'bssid=""'], [PSK]],
    ['a passphrase of other bytes', ['psk="gr\xc3\xbcne Wiese"'], ['psk="gr\xc3\xbcne Wiese"']],
    ['a passphrase of 63 bytes', [`psk="${'\xff'.repeat(63)}"`], [`psk="${'\xff'.repeat(63)}"`]],
    ['nothing behind a passphrase', ['psk="battery staple"x'], ['psk="battery staple"']],
    [
      'other numbers',
      [PSK, 'priority=0x10', 'scan_ssid= 01', 'disabled='],
      [PSK, 'priority=16', 'scan_ssid=1', 'disabled=0'],
    ],
    ['no value', [PSK, 'identity=NULL', 'phase1='], [PSK, 'identity=NULL', 'phase1=']],
    ['a long line', [PSK, `identity="${'x'.repeat(1900)}"`], [PSK, `identity="${'x'.repeat(1900)}"`]],
  ])('has %s', (_, given, taken) => {
    const { blocks, notes } = imported(block('ssid="a"', ...given));
    expect(blocks).toBe(block('ssid="a"', ...taken));
    expect(notes).toHaveLength(1);
    understood(blocks);
  });

  it.each([
    ['P"caf\\303\\251"', '636166c3a9', String.raw`"caf\xc3\xa9"`],
    ['P"\\7\\18\\1234\\777"', '070138533' + '4ff', ''],
    ['P"\\x1g\\xg\\xAb\\q\\\\\\""', '0167' + '67ab715c22', ''],
  ])('knows the name in ssid=%s', (setting, hex, shownAs) => {
    const { blocks, notes } = imported(block(`ssid=${setting}`, 'key_mgmt=NONE'));
    expect(blocks).toContain(`ssid=${setting}`);
    if (shownAs !== '') expect(notes[0]).toContain(shownAs);
    expect(understood(blocks)).toContain(hex.replaceAll(/../g, '$& ').trim());
    const dropped = freshFile(Buffer.from(blocks, 'latin1'));
    for (const awk of AWKS)
      expect(
        runAwk(
          awk,
          ['ssid', 'shown', 'networks'],
          ['-v', 'want=drop', '-v', `hex=${hex}`],
          dropped,
        ).toString(),
      ).toBe('');
  });

  const PEAP = ['key_mgmt=WPA-EAP', 'eap=PEAP', 'identity="u"', 'password="secret words"'];
  const NAME = 'domain_suffix_match="example.org"';
  it.each([
    ['ca_cert="/etc/ssl/cert.pem"'],
    ['ca_cert="/usr/local/share/certs/ca-root-nss.crt"'],
    ['ca_cert="/etc/ssl/certs/ca-certificates.crt"'],
    ['ca_path="/etc/ssl/certs/"'],
  ])("has the guest's own public CAs for %s", (setting) => {
    const { blocks, notes } = imported(
      block('ssid="a"', ...PEAP, setting) + block('ssid="b"', ...PEAP, setting, NAME),
    );
    const ca = 'ca_cert="/etc/ssl/cert.pem"';
    expect(blocks).toBe(`${block('ssid="a"', ...PEAP, ca)}\n${block('ssid="b"', ...PEAP, ca, NAME)}`);
    expect(notes).toEqual([
      'line 1: "a": taken (Enterprise (PEAP), any public CA)',
      'line 1: "a": any server with a public certificate is believed; add domain_suffix_match',
      'line 9: "b": taken (Enterprise (PEAP), CA checked)',
    ]);
    understood(blocks);
  });

  it.each([
    [PEAP],
    [[...PEAP, 'ca_cert=""']],
    [[...PEAP, NAME]],
    [['key_mgmt=WPA-EAP', 'eap=TTLS PWD', 'identity="u"']],
  ])('has no CA certificate, and that is told: %j', (settings) => {
    const { blocks, notes } = imported(block('ssid="a"', ...settings));
    expect(blocks).toBe(block('ssid="a"', ...settings.filter((line) => line !== 'ca_cert=""')));
    expect(notes[0]).toContain(', CA NOT CHECKED)');
    expect(notes[1]).toBe(
      'line 1: "a": no CA certificate, so whoever sends this name gets the password; add ca_cert',
    );
  });

  it('needs no CA certificate for EAP-PWD', () => {
    const { notes } = imported(
      block('ssid="a"', 'key_mgmt=WPA-EAP', 'eap=PWD', 'identity="u"', 'password="x"'),
    );
    expect(notes).toEqual(['line 1: "a": taken (Enterprise (PWD))']);
  });

  it('may come after the mark of UTF-8 at the beginning of the file', () => {
    expect(imported(`\xef\xbb\xbf${block('ssid="a"', PSK)}`)).toEqual({
      blocks: block('ssid="a"', PSK),
      notes: ['line 1: "a": taken (WPA2, passphrase)'],
    });
  });

  it.each(['matrix', 'x\x1b[31m', '\xff\xfe', '686', '"'])(
    'says nothing of a name that is none: %j',
    (name) => {
      const { blocks, notes } = imported(block(`ssid=${name}`, 'key_mgmt=NONE'));
      expect(blocks).toBe('');
      expect(notes).toEqual(['line 2: the name has to be in quotes, 1 to 32 bytes long: left out']);
    },
  );
});

/** wpa_supplicant reads the file before it looks for the interface, and refuses all of it for one bad setting. */
function understood(conf: string): string {
  if (!hasTool('wpa_supplicant')) throw new Error('needs wpasupplicant');
  let said = '';
  try {
    execFileSync(
      pathOf('wpa_supplicant'),
      ['-i', 'airhive-none', '-D', 'wired', '-c', freshFile(Buffer.from(conf, 'latin1')), '-dd'],
      {
        encoding: 'latin1',
        stdio: 'pipe',
      },
    );
  } catch (error) {
    said = (error as { stdout: string }).stdout;
  }
  expect(said).toContain('start of a new network block');
  expect(said).not.toMatch(/failed to parse|Invalid|unknown network field|Failed to read/);
  return said;
}
