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
      '  "home"      WPA2, passphrase',
      '  "free"      open, hidden, priority 7, disabled',
      '  "plain"     WPA2, passphrase',
      String.raw`  "\xff\x00"  WPA3, passphrase  (--hex ff00)`,
      '  "home"      WPA2, passphrase, only 02:00:00:00:00:01',
      '',
    ]);
    expect(networks({ want: 'names' }, text)).toBe(String.raw`"home", "free", "plain", "\xff\x00"`);
  });

  it('is not pushed out of line by a name that is spelled out', () => {
    const long = block(`ssid=${'ff'.repeat(32)}`, 'key_mgmt=NONE');
    expect(networks({ want: 'list' }, `${HOME}${long}`)).toMatch(/^ {2}"home" {2}WPA2, passphrase\n/);
  });
});
