import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { idsOf, tableOf } from '../../generators/profile/cards.ts';
import { cardsPage } from '../../tools/manual/cards-page.ts';
import { readShipped } from '../profile/example.ts';

const shipped = tableOf({ file: 'cards.yaml', text: readShipped('cards.yaml') });
const page = cardsPage(shipped);
const rows = page.split('\n').filter((line) => /^\| .*`/.test(line));
const cellsOf = (row: string) =>
  row
    .replace(/^\| | \|$/g, '')
    .split(/ (?<!\\)\| /)
    .map((cell) => cell.trim());

describe('docs/cards.md', () => {
  it('has a row for each card, with all its ids and its verdict', () => {
    expect(rows).toHaveLength(shipped.all.length);
    const written = rows.map((row) => {
      const [name, ids = '', verdict = '', ...others] = cellsOf(row);
      return [name, ids.match(/[0-9a-f]{4}:[0-9a-f]{4}/g), verdict.replaceAll('*', ''), others.length];
    });
    const expected = shipped.all.map((card) => [card.name, idsOf(card), card.verdict, 2]);
    expect(written.toSorted()).toEqual(expected.toSorted());
  });

  it('says why, and what to know before', () => {
    for (const { reason, caution = '' } of shipped.all) {
      expect(page).toContain(reason);
      expect(page).toContain(caution);
    }
  });

  it('explains its words, and names the command', () => {
    for (const verdict of ['works', 'reported', 'untested', 'never'])
      expect(page).toMatch(new RegExp(`^- \\*\\*${verdict}\\*\\*: .*\\.$`, 'm'));
    expect(page).toContain('npm run airhive -- cards 8086:24f3');
  });

  it('is not cut by what stands in a cell', () => {
    const text = readFileSync(new URL('../../profiles/cards.yaml', import.meta.url), 'utf8');
    const planted = text.replace(
      'reason: It works under wifibox, by its table of cards.',
      'reason: It works | or so.',
    );
    const found = cardsPage(tableOf({ file: 'cards.yaml', text: planted }));
    expect(found).toContain('It works \\| or so.');
  });
});
