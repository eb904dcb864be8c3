import type * as z from 'zod';
import { AirhiveError, type Diagnostic } from '../errors.ts';
import { error, parseYaml, toDiagnostics, type Problem, type Source } from './document.ts';
import * as field from './fields.ts';
import { readBy, type Draft } from './issues.ts';
import { firmwareField, packageField, type Profile } from './schema.ts';

const cardSchema = field.group(
  {
    name: field.text(
      /^[A-Za-z0-9][A-Za-z0-9 .,/()+-]*$/,
      {
        description: 'What the card is called.',
        allowed: 'the name of a card',
        example: 'Intel Wi-Fi 6E AX210',
      },
      80,
    ),
    ids: field.list(field.pciId('Vendor and device.'), {
      description: 'The PCI ids under which the card is found.',
      least: 1,
    }),
    driver: field.text(/^[a-z0-9_]+$/, {
      description: 'Linux driver.',
      allowed: 'the name of a Linux driver',
      example: 'iwlmvm',
    }),
    package: packageField,
    iso: field.choice(['yes', 'no', 'unknown'], 'Whether a stock ISO is known to have the firmware.'),
    firmware: field.list(firmwareField, {
      description: 'Firmware files in the order in which the driver asks for them.',
      least: 1,
    }),
  },
  'One card, or several of one kind.',
);

const cardsSchema = field.list(cardSchema, { description: 'The cards.', least: 1, most: 1000 });

/** Wi-Fi cards of one kind, and the firmware that their driver asks for. */
export type Card = z.output<typeof cardSchema>;
type CardDraft = Draft<typeof cardSchema>;

/**
 * Reads the table of cards, in the order of the file. `cards` is there exactly when no diagnostic is an error. Never
 * throws.
 */
export function parseCards(source: Source): { cards?: Card[]; diagnostics: Diagnostic[] } {
  const document = parseYaml(source);
  if (document.value === undefined) return { diagnostics: toDiagnostics(document, document.problems) };
  const { data, draft, problems: issues } = readBy(document, cardsSchema);
  const drafts = (draft ?? []).map((card) => card ?? {});
  const problems = [
    ...document.problems,
    ...issues,
    ...drafts.flatMap(packageProblems),
    ...drafts.flatMap(repeatedIds),
  ];
  const diagnostics = toDiagnostics(document, problems);
  return data && problems.length === 0 ? { cards: data, diagnostics } : { diagnostics };
}

/** The cards with an id, `8086:24f3`. */
export type CardLookup = (id: string) => readonly Card[];

/**
 * Reads of the table only the entries that have the id in them: the whole takes longer than the rest of a profile.
 * @throws AirhiveError environment, when it is asked, for a table that was damaged
 */
export function lookupIn({ file, text }: Source): CardLookup {
  return (id) => {
    const entries = text.split(/^(?=- )/m).filter((entry) => entry.toLowerCase().includes(id));
    if (entries.length === 0) return [];
    const { cards } = parseCards({ file, text: entries.join('') });
    if (cards)
      return cards.filter(({ ids }) => ids.some(({ vendor, device }) => `${vendor}:${device}` === id));
    throw new AirhiveError('environment', `a part of airhive is damaged: ${file}`, {
      hint: 'install airhive again, as a whole',
    });
  };
}

function packageProblems(card: CardDraft, index: number): Problem[] {
  return (card.firmware ?? []).flatMap((text, at) =>
    (text?.split('|') ?? []).flatMap((file) => {
      const right = firmwarePackage(file);
      if (card.package === undefined || right === card.package) return [];
      return [error([index, 'firmware', at], `${file} is in ${right}, not in ${card.package}`)];
    }),
  );
}

/** One id may have several cards, but not one card twice. */
function repeatedIds(card: CardDraft, index: number, cards: readonly CardDraft[]): Problem[] {
  const before = cards.slice(0, index).filter(({ name }) => name === card.name);
  return (card.ids ?? []).flatMap((id, at, ids) => {
    const isSame = (other: CardId | undefined) =>
      other?.vendor === id?.vendor && other?.device === id?.device;
    if (!id || (ids.findIndex(isSame) === at && !before.some((other) => other.ids?.some(isSame)))) return [];
    return [error([index, 'ids', at], `${id.vendor}:${id.device} stands for ${card.name} already`)];
  });
}

interface CardId {
  readonly vendor: string;
  readonly device: string;
}

/**
 * The Alpine package of a firmware file; of several with `|` between them that of the first. Alpine has one for each
 * directory of linux-firmware, and -other for what lies beside the directories; links beside them are in the package of
 * what they lead to.
 */
export function firmwarePackage(files: string): string {
  const [file = ''] = files.split('|');
  const [directory = '', ...rest] = file.split('/');
  if (rest.length > 0) return `linux-firmware-${directory.toLowerCase()}`;
  if (file.startsWith('iwlwifi-')) return 'linux-firmware-intel';
  return /^mt76[0-9]+/.test(file) ? 'linux-firmware-mediatek' : 'linux-firmware-other';
}

/** What is to be taken for a card with one of these ids, by package, in the driver's order; names as in the table. */
export function wantedFirmware(
  ids: readonly string[],
  firmware: Profile['passthrough'][number]['firmware'],
  cards: CardLookup,
) {
  const byPackage = new Map<string, Set<string>>();
  for (const file of namedFiles(ids, firmware, cards)) {
    const name = firmwarePackage(file);
    byPackage.set(name, (byPackage.get(name) ?? new Set()).add(file));
  }
  return [...byPackage].map(([name, files]) => ({ package: name, files: [...files] }));
}

function namedFiles(
  ids: readonly string[],
  wanted: Profile['passthrough'][number]['firmware'],
  cards: CardLookup,
): readonly string[] {
  if (typeof wanted !== 'string') return wanted;
  if (wanted === 'none') return [];
  return ids
    .flatMap(cards)
    .filter(({ iso }) => wanted === 'always' || iso !== 'yes')
    .flatMap((card) => card.firmware);
}
