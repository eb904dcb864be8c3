import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { freshFile } from '../fixtures/scratch.ts';
import { runAwks } from './awks.ts';

/** What a scan is shown as. */
function shown(lines: readonly string[], ...words: string[]): string {
  const file = freshFile(lines.map((line) => `${line}\n`).join(''));
  return runAwks(['ssid', 'shown', 'answers'], ['-v', 'want=scan', ...words], [file]);
}

const networks = (lines: readonly string[]): readonly Record<string, unknown>[] =>
  (JSON.parse(shown(lines, '-v', 'json=1')) as { networks: Record<string, unknown>[] }).networks;

interface Heard {
  readonly flags?: string;
  readonly signal?: number;
  readonly frequency?: number;
  readonly bssid?: string;
}

const bss = (
  name: string,
  { flags = '[ESS]', signal = -50, frequency = 2412, bssid = '02:00:00:00:00:01' }: Heard = {},
): string => `bss ${bssid}\t${frequency}\t${signal}\t${flags}\t${name}`;

describe('the kind of a network', () => {
  it.each([
    ['[ESS]', 'open'],
    ['[WPA2-PSK-CCMP][ESS]', 'WPA2'],
    ['[RSN-PSK-CCMP][ESS]', 'WPA2'],
    ['[WPA2-PSK-SHA256-CCMP][ESS]', 'WPA2'],
    ['[WPA2-FT/PSK+PSK-CCMP][ESS]', 'WPA2'],
    ['[WPA-PSK-TKIP][WPA2-PSK-CCMP][WPS][ESS]', 'WPA2'],
    ['[WPA2-PSK+SAE-CCMP][ESS]', 'WPA2/WPA3'],
    ['[WPA2-SAE-CCMP][SAE-H2E][ESS]', 'WPA3'],
    ['[WPA-PSK-TKIP][ESS]', 'WPA (old)'],
    ['[WPA-PSK-CCMP+TKIP][WPS][ESS]', 'WPA (old)'],
    ['[WPA2-OWE-CCMP][ESS]', 'open, encrypted'],
    ['[WEP][ESS]', 'WEP (unsafe)'],
    ['[WPA2-EAP-CCMP][ESS]', 'Enterprise'],
    ['[WPA2-EAP-SUITE-B-192-GCMP-256][ESS]', 'Enterprise'],
  ])('%s is "%s"', (flags, security) => {
    expect(networks([bss('home', { flags })])).toMatchObject([{ name: 'home', security }]);
  });
});

describe('where and how strong', () => {
  it.each([
    [2412, '  1, 2.4 GHz'],
    [2472, ' 13, 2.4 GHz'],
    [2484, ' 14, 2.4 GHz'],
    [5180, ' 36, 5 GHz  '],
    [5885, '177, 5 GHz  '],
    [5935, '  2, 6 GHz  '],
    [5955, '  1, 6 GHz  '],
    [7115, '233, 6 GHz  '],
  ])('%d MHz', (frequency, channel) => {
    expect(shown([bss('home', { frequency })])).toContain(` dBm  ${channel}   open\n`);
  });

  it.each([
    [-55, '[####]  -55 dBm'],
    [-56, '[###.]  -56 dBm'],
    [-67, '[###.]  -67 dBm'],
    [-68, '[##..]  -68 dBm'],
    [-75, '[##..]  -75 dBm'],
    [-76, '[#...]  -76 dBm'],
    [-85, '[#...]  -85 dBm'],
    [-86, '[....]  -86 dBm'],
  ])('%d dBm', (signal, bars) => {
    expect(shown([bss('home', { signal })])).toContain(`"home"  ${bars}  `);
  });
});

describe('a list of networks', () => {
  const LIST = [
    bss('strong', { signal: -40 }),
    bss('alike', { signal: -60 }),
    bss('both', { signal: -60 }),
    bss('faint', { signal: -70, bssid: '02:00:00:00:00:07', frequency: 5180 }),
    bss('faint', { signal: -80, bssid: '02:00:00:00:00:08' }),
    bss('faint', { signal: -90, flags: '[WPA2-PSK-CCMP][ESS]' }),
  ];

  it('has the strongest first, and of each name and kind only that, in whatever order they were heard', () => {
    const order = fc.shuffledSubarray(LIST, { minLength: LIST.length });
    fc.assert(
      fc.property(order, (lines) => {
        expect(networks(lines)).toMatchObject([
          { name: 'strong' },
          { name: 'alike' },
          { name: 'both' },
          {
            name: 'faint',
            security: 'open',
            bssid: '02:00:00:00:00:07',
            frequency_mhz: 5180,
            signal_dbm: -70,
          },
          { name: 'faint', security: 'WPA2' },
        ]);
      }),
      { numRuns: 20 },
    );
  });

  it('says which are known, and which is the present one', () => {
    const lines = ['known 61 site', 'known 62 learnt', 'current 62', bss('a'), bss('b'), bss('c')];
    expect(networks(lines)).toMatchObject([
      { name: 'a', known: 'site', present: false },
      { name: 'b', known: 'learnt', present: true },
      { name: 'c', known: null, present: false },
    ]);
    expect(shown(lines)).toBe(
      [
        '  name  signal           channel        security\n',
        '+ "a"   [####]  -50 dBm    1, 2.4 GHz   open\n',
        '* "b"   [####]  -50 dBm    1, 2.4 GHz   open\n',
        '  "c"   [####]  -50 dBm    1, 2.4 GHz   open\n',
      ].join(''),
    );
  });

  it('is nowhere wider than the terminal', () => {
    const lines = [bss('x'), bss('a name of 20 bytes..', { flags: '[WPA2-PSK-CCMP][ESS]' })];
    for (let width = 40; width <= 90; width++) {
      const widest = Math.max(
        ...shown(lines, '-v', `width=${width}`)
          .split('\n')
          .map((line) => line.length),
      );
      expect(widest, `${width}`).toBeLessThanOrEqual(width);
    }
  });

  it.each([
    ['nobody', [], 'no network is in reach\n'],
    [
      'one without a name',
      [bss('')],
      '  name  signal           channel        security\nand 1 that does not tell its name\n',
    ],
    [
      'two without a name',
      [bss(''), bss(String.raw`\x00\x00`, { bssid: '02:00:00:00:00:02' })],
      '  name  signal           channel        security\nand 2 that do not tell their names\n',
    ],
  ])('of %s', (_, lines, table) => {
    expect(shown(lines)).toBe(table);
    expect(networks(lines)).toEqual([]);
  });
});

// Whoever has taken the guest over writes what he likes in place of wpa_supplicant.
describe('the answer of a guest that is not ours any more', () => {
  const good = bss('home');

  it.each([
    ['an address that is none', bss('x', { bssid: '", "evil": "\u001b]0;x\u0007' })],
    ['an address in another line', 'bss \u001b[2J\t2412\t-50\t[ESS]\tx'],
    ['a signal that is none', 'bss 02:00:00:00:00:02\t2412\tnan\t[ESS]\tx'],
    ['a frequency that is none', 'bss 02:00:00:00:00:02\tinf\t-50\t[ESS]\tx'],
    ['numbers that are too long', `bss 02:00:00:00:00:02\t${'9'.repeat(400)}\t-50\t[ESS]\tx`],
    ['a name of 33 bytes', bss('x'.repeat(33))],
    ['a name of 2 MB', bss(String.raw`\xff`.repeat(500_000))],
    ['a known network with words of its own', 'known 686f6d65 learnt","evil":"1'],
    ['a present network that is no name', 'current \u001b[31m'],
    ['a line without an end', 'bss '.repeat(200_000)],
  ])('%s is left out', (_what, line) => {
    expect(shown([line, good])).toBe(shown([good]));
    expect(networks([line, good])).toEqual(networks([good]));
  });

  // As wpa_supplicant's printf_decode reads them; its own printf_encode writes two digits always.
  it.each([
    [String.raw`\x"}`, '227d'],
    [String.raw`\xg1`, '6731'],
    [String.raw`a\x1`, '6101'],
    [String.raw`a\x`, '61'],
    ['a\\', '61'],
  ])('an escape that is none or half, %s, is what is left of it', (name, hex) => {
    expect(networks([bss(name)])).toMatchObject([{ hex }]);
  });

  it('has as many networks as people can read', () => {
    const many = Array.from({ length: 5000 }, (_, index) => bss(`n${index}`));
    expect(networks(many)).toHaveLength(500);
  });
});
