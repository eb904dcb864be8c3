import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  type Card,
  encodeHostTable,
  idsOf,
  narrow,
  tableOf,
  verdictOf,
} from '../../generators/profile/cards.ts';
import { readListing, wifiDevices } from '../../generators/profile/listing.ts';
import { freshFile } from '../fixtures/scratch.ts';
import { runAwks } from './awks.ts';
import { CARDS } from './cards.ts';

/** What cards.awk says of these devices, by line and column. */
function rowsOf(table: string, ids: string, ...devices: string[]): string[][] {
  const input = [table, devices.map((line) => `${line}\n`).join('')].map((text) => freshFile(text));
  const lines = runAwks(['cards'], ['-v', `ids=${ids}`], input).split('\n');
  return lines.filter((line) => line !== '').map((line) => line.split('\t'));
}

/** What the builder says of these entries. */
const wordsOf = (cards: readonly Card[]): string | undefined =>
  verdictOf(cards) === 'never'
    ? cards[0]?.reason
    : [...new Set(cards.map(({ caution }) => caution).filter(Boolean))].join(' ') || '-';

describe('cards.awk', () => {
  it('says what the table has of a device', () => {
    expect(rowsOf(CARDS, '', '4/0/0 8086:24f3 iwm0 0130 0x028000')).toEqual([
      [
        ...['4/0/0', '8086:24f3', 'iwm0', 'works', 'intel', 'if_iwm if_iwlwifi', 'wlans_iwm0 wlans_iwlwifi0'],
        ...['13.0=11g 14.3=11ac', 'Intel Wireless-AC 8260', '-'],
      ],
    ]);
  });

  it('passes over what is no Wi-Fi card, and knows one by its class or because it is asked for', () => {
    const devices = [
      '0/0/0 8086:1904 hostb0 2238 0x060000',
      '1/0/0 1234:0001 none0 0000 0x028000',
      '2/0/0 1234:0002 none1 0000 0x020000',
      '3/0/0 1234:0003 none2 0000 0x020000',
    ];
    const unknown = (place: string, id: string, driver: string): string[] => [
      ...[place, id, driver, 'unknown'],
      ...['-', '-', '-', '-', '-', '-'],
    ];
    expect(rowsOf(CARDS, '8086:24f3 1234:0003', ...devices)).toEqual([
      unknown('1/0/0', '1234:0001', 'none0'),
      unknown('3/0/0', '1234:0003', 'none2'),
    ]);
  });

  it('takes the entry that names the subdevice, and else all of the id', () => {
    const seen = (subdevice: string): string[] | undefined =>
      rowsOf(CARDS, '', `2/0/0 8086:51f0 none0 ${subdevice} 0x028000`)[0]?.slice(3, 10);
    expect(seen('0094')?.[0]).toBe('works');
    expect(seen('0030')).toEqual(
      expect.arrayContaining(['never', 'It hands its own address to the firmware.']),
    );
    expect(seen('1234')).toEqual([
      ...['works', 'intel', 'if_iwlwifi if_iwx', 'wlans_iwlwifi0 wlans_iwx0', '-'],
      ...['Intel Wi-Fi 6E AX211 or Intel Wi-Fi with a Killer', '-'],
    ]);
  });

  it('takes the classes that the reader of listings takes', () => {
    const classes = [
      '028000',
      '020000',
      '0d2000',
      '0d2100',
      '0d2000',
      '0d1100',
      '0d8000',
      '060000',
      '010802',
    ];
    const devices = classes.map((kind, n) => ({ place: `${n}/0/0`, kind }));
    const listing = devices.map(
      ({ kind }, n) =>
        `none${n}@pci0:${n}:0:0:\tclass=0x${kind} rev=0x00 hdr=0x00 vendor=0x1234 device=0x0001 subvendor=0x1234 subdevice=0x0001\n`,
    );
    const builder = wifiDevices(readListing(listing.join('')).devices).map(({ pci }) => pci);
    expect(builder).toEqual(['0/0/0', '2/0/0', '3/0/0', '4/0/0']);
    const lines = devices.map(({ place, kind }) => `${place} 1234:0001 none0 0001 0x${kind}`);
    expect(rowsOf(CARDS, '', ...lines).map(([place]) => place)).toEqual(builder);
  });

  it('has every caution of the entries that may be meant, as the builder says them', () => {
    const entry = (verdict: string, text: string, subdevice = '') =>
      [
        `  - name: Card ${verdict}`,
        '    maker: intel',
        '    ids: [8086:51f0]',
        ...(subdevice === '' ? [] : [`    subsystems: ['${subdevice}']`]),
        '    driver: iwlmvm',
        '    freebsd: []',
        '    native: []',
        `    verdict: ${verdict}`,
        '    reason: Somebody tried.',
        '    source: a thread',
        ...(text === '' ? [] : [`    caution: ${text}`]),
      ].join('\n');
    const yaml = [
      'modules:',
      '  - { module: if_iwm, device: iwm }',
      'cards:',
      entry('untested', 'The second caution.'),
      entry('works', 'The first caution.'),
      entry('reported', '', '0030'),
      entry('never', '', '0034').replace('Card never', 'Card of a Mac'),
    ].join('\n');
    const table = tableOf({ file: 'cards.yaml', text: yaml });
    const said = (subdevice: string): (string | undefined)[] => {
      const cards = narrow(table.withId('8086:51f0'), subdevice);
      const row = rowsOf(encodeHostTable(table), '', `1/0/0 8086:51f0 none0 ${subdevice} 0x028000`)[0];
      return [wordsOf(cards), row?.[9]];
    };
    for (const [subdevice, text] of [
      ['1111', 'The second caution. The first caution.'],
      ['0030', '-'],
      ['0034', 'Somebody tried.'],
    ] as const)
      expect(said(subdevice)).toEqual([text, text]);
  });

  it('agrees with the program that wrote the table, about every card that is shipped', () => {
    const text = readFileSync(new URL('../../profiles/cards.yaml', import.meta.url), 'utf8');
    const table = tableOf({ file: 'cards.yaml', text });
    const ids = [...new Set(table.all.flatMap(idsOf))];
    const wanted = ids.flatMap((id) => {
      const cards = table.withId(id);
      const subdevices = [...new Set(['-', 'ffff', ...cards.flatMap(({ subsystems = [] }) => subsystems)])];
      return subdevices.map((subdevice) => ({ id, subdevice, cards: narrow(cards, subdevice) }));
    });
    expect(wanted.length).toBeGreaterThan(150);
    const devices = wanted.map(({ id, subdevice }) => `1/0/0 ${id} none0 ${subdevice} 0x028000`);
    const rows = rowsOf(encodeHostTable(table), '', ...devices);
    expect(
      rows.map(([, id, , verdict, maker, modules, , , name, words]) => [
        ...[id, verdict, maker, modules, name],
        words,
      ]),
    ).toEqual(
      wanted.map(({ id, cards }) => [
        id,
        verdictOf(cards),
        cards.at(-1)?.maker,
        [...new Set(cards.flatMap(({ freebsd }) => freebsd))].join(' ') || '-',
        [...new Set(cards.map(({ name }) => name))].join(' or '),
        wordsOf(cards),
      ]),
    );
    for (const row of rows) expect(row).toHaveLength(10);
  });
});
