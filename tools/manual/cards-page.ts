import { nativeText, VERDICT_TEXTS } from '../../generators/profile/card-text.ts';
import { idsOf, type Card, type CardTable } from '../../generators/profile/cards.ts';
import { MAKERS } from '../../generators/profile/schema.ts';

const TITLES: Readonly<Record<(typeof MAKERS)[number], string>> = {
  intel: 'Intel',
  realtek: 'Realtek',
  mediatek: 'MediaTek and AMD',
  qualcomm: 'Qualcomm and Atheros',
  broadcom: 'Broadcom',
  marvell: 'Marvell',
  ralink: 'Ralink',
};

/** docs/cards.md. */
export function cardsPage(table: CardTable): string {
  const parts = MAKERS.flatMap((maker) => ['', `## ${TITLES[maker]}`, '', ...rowsOf(table.ofMaker(maker))]);
  return `${[...INTRODUCTION, ...parts, ...END].join('\n')}\n`;
}

const INTRODUCTION = [
  '# Find your card',
  '',
  '<!-- Made from profiles/cards.yaml by `npm run schema`. -->',
  '',
  'On the FreeBSD machine `pciconf -l` shows the id of every card as `vendor=0x8086` and `device=0x24f3`, which is `8086:24f3` here.',
  'On FreeBSD 12 and older it is `chip=0x24f38086`, with the vendor behind. `npm run airhive -- cards 8086:24f3` says all that is',
  'known of a card; with a minus in place of the id it reads the output of pciconf from standard input, finds the cards in it by',
  'itself, and says what would happen with each.',
  '',
  'In a VM, a card',
  '',
  ...Object.entries(VERDICT_TEXTS).map(([verdict, meaning]) => `- **${verdict}**: ${meaning}.`),
  '',
  'FreeBSD is what FreeBSD itself does with the card, and from which release on: a card that it drives with 802.11n or 802.11ac may be',
  'better off without a VM. The verdicts are what people report of the same way with other tools: reports on airhive are welcome.',
];

const END = [
  '',
  '## Not in here',
  '',
  'A card that is not in these tables is not refused. A profile of its own may name it, with the firmware files that its Linux',
  'driver asks for. A card on USB cannot be passed through.',
];

function rowsOf(cards: readonly Card[]): string[] {
  return ['| Card | Id | In a VM | FreeBSD | Why |', '| --- | --- | --- | --- | --- |', ...cards.map(rowOf)];
}

function rowOf(card: Card): string {
  const { name, verdict, reason, caution, native } = card;
  const ids = idsOf(card).map((id) => `\`${id}\``);
  const itself = native.length > 0 ? nativeText(card) : card.freebsd.length > 0 ? 'not known' : 'no driver';
  const why = caution === undefined ? reason : `${reason} ${caution}`;
  return `| ${[name, ids.join(' '), `**${verdict}**`, itself, why].map(cell).join(' | ')} |`;
}

/** What would end a cell. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
