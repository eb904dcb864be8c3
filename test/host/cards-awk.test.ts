import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { encodeHostTable, idsOf, narrow, tableOf, verdictOf } from '../../generators/profile/cards.ts';
import { freshFile } from '../fixtures/scratch.ts';
import { runAwks } from './awks.ts';
import { CARDS } from './cards.ts';

/** What cards.awk says of these devices, by line and column. */
function rowsOf(table: string, ids: string, ...devices: string[]): string[][] {
  const input = [table, devices.map((line) => `${line}\n`).join('')].map((text) => freshFile(text));
  const lines = runAwks(['cards'], ['-v', `ids=${ids}`], input).split('\n');
  return lines.filter((line) => line !== '').map((line) => line.split('\t'));
}

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
      rows.map(([, id, , verdict, maker, modules, , , name]) => [id, verdict, maker, modules, name]),
    ).toEqual(
      wanted.map(({ id, cards }) => [
        id,
        verdictOf(cards),
        cards.at(-1)?.maker,
        [...new Set(cards.flatMap(({ freebsd }) => freebsd))].join(' ') || '-',
        [...new Set(cards.map(({ name }) => name))].join(' or '),
      ]),
    );
    for (const row of rows) expect(row).toHaveLength(10);
  });
});
