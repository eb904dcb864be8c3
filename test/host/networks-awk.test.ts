import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { freshFile } from '../fixtures/scratch.ts';
import { runAwks } from './awks.ts';
import { block } from './site-bench.ts';

function networks(words: Readonly<Record<string, string>>, ...texts: string[]): string {
  const given = Object.entries(words).flatMap(([name, value]) => ['-v', `${name}=${value}`]);
  const files = texts.map((text) => freshFile(text));
  return runAwks(['ssid', 'shown', 'networks'], given, files);
}

const HOME = block('ssid="home"', 'psk="battery staple"');
const OPEN = block('ssid="free"', 'key_mgmt=NONE');
const NEW_HOME = block('ssid=686f6d65', 'psk="another one"');
const LAST = block('ssid="last"', 'key_mgmt=NONE');
const TWO = `${HOME}\n${NEW_HOME}\n${OPEN}`;

describe('networks.awk', () => {
  it.each<[string, string[], string]>([
    ['one file', [`${HOME}${OPEN}`], `${HOME}\n${OPEN}`],
    ['what is new comes behind', [HOME, OPEN], `${HOME}\n${OPEN}`],
    [
      'the same name keeps its place',
      [`${HOME}${OPEN}`, `${LAST}${NEW_HOME}`],
      `${NEW_HOME}\n${OPEN}\n${LAST}`,
    ],
    ['all of a name that is there twice', [`${HOME}${OPEN}${HOME}`, NEW_HOME], `${NEW_HOME}\n${OPEN}`],
    [
      'several of a name, together',
      [`${OPEN}${HOME}`, `${NEW_HOME}${LAST}${HOME}`],
      `${OPEN}\n${NEW_HOME}\n${HOME}\n${LAST}`,
    ],
    ['the same again changes nothing', [TWO, TWO], TWO],
    ['both of a name that is not new', [`${HOME}${NEW_HOME}`, OPEN], `${HOME}\n${NEW_HOME}\n${OPEN}`],
    [
      'nothing outside of blocks',
      [`country=US\n${HOME}psk="x"\n}\nssid="y"\n${OPEN}}\n`],
      `${HOME}\n${OPEN}`,
    ],
    ['no block without an end', [`${HOME}network={\n\tssid="cut"\n`], HOME],
    ['of two beginnings the second', [`network={\n\tssid="cut"\n${HOME}`], HOME],
    ['remarks in a block', [HOME.replace('\tpsk', '\t#psk="old"\n# ssid="x"\n\tword\n\tpsk')], 'as given'],
    ['nothing of nothing', [''], ''],
  ])('merge: %s', (_, texts, merged) => {
    expect(networks({ want: 'merge' }, ...texts)).toBe(merged === 'as given' ? texts[0] : merged);
  });

  it.each<[string, string[], string[], string[], string]>([
    [
      'all that was said of it',
      ['psk="battery staple"', 'id_str="trusted public"', 'mac_addr=1'],
      ['psk="another one"'],
      ['psk="another one"', 'id_str="trusted public"', 'mac_addr=1'],
      '"home" stays trusted, public, MAC random, as it was; vm_site mark changes that\n',
    ],
    [
      'an address that the new one brings along wins',
      ['psk="battery staple"', 'mac_addr=1'],
      ['psk="another one"', 'mac_addr=0'],
      ['psk="another one"', 'mac_addr=0'],
      '',
    ],
    [
      'no trust in what anybody can be',
      ['psk="battery staple"', 'id_str="trusted"'],
      ['key_mgmt=NONE'],
      ['key_mgmt=NONE'],
      '"home" is not trusted any more: whoever sends that name could be it (vm_site mark NAME --trusted)\n',
    ],
    [
      'trust that was given all the same',
      ['key_mgmt=NONE', 'id_str="trusted"'],
      ['key_mgmt=NONE', 'priority=1'],
      ['key_mgmt=NONE', 'priority=1', 'id_str="trusted"'],
      '"home" stays trusted, as it was; vm_site mark changes that\n',
    ],
    ['nothing of nothing', ['psk="battery staple"'], ['psk="another one"'], ['psk="another one"'], ''],
  ])('merge of an import keeps %s', (_, before, given, after, said) => {
    const notes = freshFile('');
    const home = (lines: string[]): string => block('ssid="home"', ...lines);
    expect(networks({ want: 'merge', stays: notes }, `${OPEN}${home(before)}`, home(given))).toBe(
      `${OPEN}\n${home(after)}`,
    );
    // Every awk has told the same.
    expect(readFileSync(notes, 'utf8')).toBe(said);
  });

  it('drops by name, and says when there is none', () => {
    const text = `${HOME}${OPEN}${NEW_HOME}`;
    expect(networks({ want: 'drop', hex: '686f6d65' }, text)).toBe(OPEN);
    expect(() => networks({ want: 'drop', hex: '61' }, text)).toThrow(expect.objectContaining({ status: 3 }));
  });

  it('tells each with what is special about it', () => {
    const text = [
      HOME,
      block('ssid="free"', 'key_mgmt=NONE', 'scan_ssid=1', 'priority=7', 'disabled=1'),
      block('ssid="plain"', 'psk="battery staple"', 'scan_ssid=0', 'disabled=0'),
      block('ssid=ff00', 'key_mgmt=SAE'),
      block('ssid="home"', 'psk="battery staple"', 'bssid=02:00:00:00:00:01'),
    ].join('');
    expect(networks({ want: 'list' }, text).split('\n')).toEqual([
      '  "home"      WPA2, passphrase, legacy',
      '  "free"      open, hidden, priority 7, disabled',
      '  "plain"     WPA2, passphrase, legacy',
      String.raw`  "\xff\x00"  WPA3, passphrase  (--hex ff00)`,
      '  "home"      WPA2, passphrase, only 02:00:00:00:00:01, legacy',
      '',
    ]);
    expect(networks({ want: 'names' }, text)).toBe(String.raw`"home", "free", "plain", "\xff\x00"`);
  });

  it('changes marks and nothing else, on all blocks of a name', () => {
    const text = [
      block('ssid="home"', 'psk="battery staple"', 'id_str="public"', 'mac_addr=1', 'priority=3'),
      OPEN,
      block('ssid=686f6d65', 'key_mgmt=NONE', 'id_str="a note"'),
    ].join('\n');
    const marked = (words: Record<string, string>) =>
      networks({ want: 'mark', hex: '686f6d65', ...words }, text)
        .split('\n')
        .filter((line) => /id_str|mac_/.test(line))
        .map((line) => line.trim());
    expect(marked({ trusted: 'yes' })).toEqual(['id_str="trusted public"', 'mac_addr=1', 'id_str="trusted"']);
    expect(marked({ trusted: 'yes', public: 'no' })).toEqual([
      'id_str="trusted"',
      'mac_addr=1',
      'id_str="trusted"',
    ]);
    expect(marked({ public: 'no' })).toEqual(['mac_addr=1']);
    expect(marked({ mac: '0' })).toEqual(['id_str="public"', 'mac_addr=0', 'id_str="a note"', 'mac_addr=0']);
    expect(marked({ mac: 'default' })).toEqual(['id_str="public"', 'id_str="a note"']);
    const once = networks({ want: 'mark', hex: '686f6d65', trusted: 'yes', mac: '3' }, text);
    expect(networks({ want: 'mark', hex: '686f6d65', trusted: 'yes', mac: '3' }, once)).toBe(once);
    expect(once).toContain(OPEN);
    expect(() => networks({ want: 'mark', hex: '61', mac: '1' }, text)).toThrow(
      expect.objectContaining({ status: 3 }),
    );
  });

  it('tells of marks, and of trust in what anybody can be', () => {
    const strict = ['proto=RSN', 'pairwise=CCMP', 'group=CCMP'];
    const text = [
      block('ssid="home"', 'psk="battery staple"', ...strict, 'id_str="trusted"', 'mac_addr=3'),
      block('ssid="free"', 'key_mgmt=NONE', 'id_str="trusted public"', 'mac_addr=0'),
      block('ssid="old"', 'psk="battery staple"', 'proto=RSN', 'pairwise=CCMP TKIP', 'group=CCMP'),
      block('ssid="note"', 'key_mgmt=NONE', 'id_str="trusted by me"', 'mac_addr=1'),
    ].join('');
    expect(networks({ want: 'list' }, text).split('\n')).toEqual([
      '  "home"  WPA2, passphrase, trusted, MAC per-network',
      '  "free"  open, trusted, public, MAC permanent',
      '  "old"   WPA2, passphrase, legacy',
      '  "note"  open, MAC random',
      '',
    ]);
    const unproven = (name: string) =>
      networks({ want: 'unproven', hex: Buffer.from(name).toString('hex') }, text);
    expect(['home', 'free', 'old', 'note'].map(unproven)).toEqual(['', 'yes\n', '', '']);
  });

  it('knows what the owner has said of a network, for a block that takes its place', () => {
    const strict = ['proto=RSN', 'pairwise=CCMP', 'group=CCMP'];
    const kept = (...lines: string[]) =>
      networks({ want: 'kept', hex: '686f6d65' }, `${OPEN}${block('ssid="home"', ...lines)}${LAST}`);
    expect(networks({ want: 'kept', hex: '61' }, OPEN)).toBe('');
    expect(kept('psk="battery staple"', ...strict)).toBe('');
    expect(kept('psk="battery staple"', ...strict, 'id_str="a note"')).toBe('');
    expect(kept('key_mgmt=SAE', 'psk="battery staple"')).toBe('');
    expect(kept('psk="battery staple"', 'id_str="public"', 'mac_addr=1')).toBe('public mac=1 legacy\n');
    expect(kept('psk="battery staple"', ...strict, 'id_str="trusted public"', 'mac_addr=3')).toBe(
      'trusted public mac=3\n',
    );
    expect(kept('key_mgmt=NONE', 'id_str="trusted"')).toBe('trusted unproven\n');
  });

  it('knows which files of the site disk its networks need', () => {
    const text = [
      block('ssid="uni"', 'eap=TLS', 'ca_cert="/run/airhive/site/ca-0123456789abcdef.pem"'),
      block('ssid="other"', 'eap=TTLS', 'ca_cert="/etc/ssl/cert.pem"', 'identity="/run/airhive/site/a b"'),
      block('ssid=ff', 'private_key="/run/airhive/site/key-0.p12" # x', '# ca_cert="/run/airhive/site/no"'),
    ].join('');
    expect(networks({ want: 'needs' }, text)).toBe('ca-0123456789abcdef.pem\t"uni"\nkey-0.p12\t"\\xff"\n');
  });

  it('is not pushed out of line by a name that is spelled out', () => {
    const long = block(`ssid=${'ff'.repeat(32)}`, 'key_mgmt=NONE');
    expect(networks({ want: 'list' }, `${HOME}${long}`)).toMatch(/^ {2}"home" {2}WPA2, passphrase, legacy\n/);
  });
});
