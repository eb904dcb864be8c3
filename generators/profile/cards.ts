import type * as z from 'zod';
import { AirhiveError, type Diagnostic } from '../errors.ts';
import { error, parseYaml, toDiagnostics, type Path, type Problem, type Source } from './document.ts';
import * as field from './fields.ts';
import { nearestName, readBy, type Draft } from './issues.ts';
import { firmwareField, MAKERS, packageField, type Profile } from './schema.ts';

/** A sentence or a name: it becomes a column of the host's table, and part of messages. */
function sentence(description: string, example: string, limit = 200) {
  const about = { description, allowed: 'text of printable ASCII characters, without a TAB', example };
  return field.text(/^[!-~]([ -~]*[!-~])?$/, about, limit);
}

function moduleField(description: string) {
  return field.text(/^[a-z][a-z0-9_]*$/, {
    description,
    allowed: 'the name of a kernel module without .ko',
    example: 'if_iwlwifi',
  });
}

/** The best mode that a driver has with a card; 11g stands for 802.11a/b/g. */
const MODES = ['11g', '11n', '11ac'] as const;
const VERDICTS = ['works', 'reported', 'untested', 'never'] as const;

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
    maker: field.choice(MAKERS, 'Who makes the card.'),
    ids: field.list(field.pciId('Vendor and device.'), {
      description: 'The PCI ids under which the card is found.',
      least: 1,
    }),
    subsystems: field
      .list(
        field.text(/^[0-9a-f]{4}$/, {
          description: 'Subdevice.',
          allowed: 'four hexadecimal digits in quotes',
          example: '0030',
          quoted: true,
        }),
        { description: 'The subdevices that decide between cards with one id.', least: 1 },
      )
      .optional(),
    driver: field.text(/^[a-z0-9_]+$/, {
      description: 'Linux driver.',
      allowed: 'the name of a Linux driver',
      example: 'iwlmvm',
    }),
    package: packageField.optional(),
    iso: field
      .choice(['yes', 'no', 'unknown'], 'Whether a stock ISO is known to have the firmware.')
      .optional(),
    firmware: field
      .list(firmwareField, {
        description: 'Firmware files in the order in which the driver asks for them.',
        least: 1,
      })
      .optional(),
    freebsd: field.list(moduleField('Kernel module.'), {
      description: 'FreeBSD modules that take the card.',
    }),
    native: field.list(
      field.group(
        {
          from: field.freebsdVersion('First release.'),
          mode: field.choice(MODES, 'Best mode.'),
        },
        'What FreeBSD does with the card from a release on.',
      ),
      { description: 'What FreeBSD itself does with the card, by release.' },
    ),
    verdict: field.choice(VERDICTS, 'Whether the card works in a guest.'),
    reason: sentence('Why.', 'No report of passthrough was found.'),
    source: sentence('Where that was read.', 'wifibox issue 137'),
    caution: sentence(
      'What its owner should know before.',
      'Many of these do not survive a reset.',
    ).optional(),
  },
  'One card, or several of one kind.',
);

const moduleSchema = field.group(
  {
    module: moduleField('Kernel module.'),
    device: field.text(/^[a-z][a-z0-9_]*$/, {
      description: 'The name that it gives a card, without the number.',
      allowed: 'the name of a device without its number',
      example: 'iwlwifi',
    }),
  },
  'A module for Wi-Fi cards.',
);

const tableSchema = field.group(
  {
    modules: field.list(moduleSchema, {
      description: 'FreeBSD modules for Wi-Fi cards.',
      least: 1,
      most: 200,
    }),
    cards: field.list(cardSchema, { description: 'The cards.', least: 1, most: 1000 }),
  },
  'The table of cards.',
);

/** Wi-Fi cards of one kind: what drives them, what they need, and whether they work in a guest. */
export type Card = z.output<typeof cardSchema>;
export type Maker = Card['maker'];
export type NativeMode = Card['native'][number]['mode'];
type CardDraft = Draft<typeof cardSchema>;
type Table = z.output<typeof tableSchema>;
type TableDraft = Draft<typeof tableSchema>;

/**
 * Reads the whole table, in the order of the file. `table` is there exactly when no diagnostic is an error. Never throws.
 */
export function parseTable(source: Source): { table?: Table; diagnostics: Diagnostic[] } {
  const document = parseYaml(source);
  if (document.value === undefined) return { diagnostics: toDiagnostics(document, document.problems) };
  const { data, draft = {}, problems: issues } = readBy(document, tableSchema);
  const cards = (draft.cards ?? []).map((card) => card ?? {});
  const problems = [
    ...document.problems,
    ...issues,
    ...repeatedModules(draft),
    ...cards.flatMap((card, index) => [
      // A part that is wrong is no part that is missing.
      ...(issues.length === 0 ? partialFirmware(card, ['cards', index]) : []),
      ...firmwareProblems(card, ['cards', index]),
      ...nativeProblems(card, ['cards', index], draft),
      ...repeatedIds(card, index, cards),
    ]),
  ];
  const diagnostics = toDiagnostics(document, problems);
  return data && problems.length === 0 ? { table: data, diagnostics } : { diagnostics };
}

/** The table of cards. Each part is read when it is asked for, and once. */
export interface CardTable {
  /** The cards with an id, `8086:24f3`. */
  withId(id: string): readonly Card[];
  ofMaker(maker: Maker): readonly Card[];
  /** In the order of the file. */
  readonly all: readonly Card[];
  /** What these modules call a card, each once: `iwm` for if_iwm. */
  devicesOf(modules: readonly string[]): string[];
  /** Every module of FreeBSD that takes Wi-Fi cards. */
  readonly modules: ReadonlySet<string>;
}

/**
 * The table in a file. Of the cards only those entries are read that the text shows to be meant: the whole takes longer than
 * the rest of a profile.
 * @throws AirhiveError environment, when it is asked, for a table that was damaged
 */
export function tableOf(source: Source): CardTable {
  return new LazyTable(source);
}

class LazyTable implements CardTable {
  readonly #file: string;
  /** The modules, and the key of the cards. */
  readonly #head: string;
  readonly #entries: readonly string[];
  readonly #read = new Map<string, readonly Card[]>();
  #devices: ReadonlyMap<string, string> | undefined;

  constructor({ file, text }: Source) {
    this.#file = file;
    const [modules = '', cards = ''] = text.split(/^(?=cards:)/m);
    const [key = '', ...entries] = cards.split(/^(?= *- name:)/m);
    this.#head = modules + key;
    this.#entries = entries;
  }

  withId(id: string): readonly Card[] {
    const has = ({ ids }: Card) => ids.some(({ vendor, device }) => `${vendor}:${device}` === id);
    return this.#once(id, (entry) => entry.toLowerCase().includes(id)).filter(has);
  }

  ofMaker(maker: Maker): readonly Card[] {
    return this.#once(`maker: ${maker}`, (entry) => entry.includes(maker)).filter(
      (card) => card.maker === maker,
    );
  }

  get all(): readonly Card[] {
    return this.#once('', () => true);
  }

  devicesOf(modules: readonly string[]): string[] {
    return [...new Set(modules.flatMap((module) => this.#deviceOf.get(module) ?? []))];
  }

  get modules(): ReadonlySet<string> {
    return new Set(this.#deviceOf.keys());
  }

  get #deviceOf(): ReadonlyMap<string, string> {
    this.#devices ??= new Map(
      this.#parse(this.#entries.slice(0, 1)).modules.map(({ module, device }) => [module, device]),
    );
    return this.#devices;
  }

  #once(key: string, isMeant: (entry: string) => boolean): readonly Card[] {
    const entries = this.#read.has(key) ? [] : this.#entries.filter(isMeant);
    const cards = this.#read.get(key) ?? (entries.length === 0 ? [] : this.#parse(entries).cards);
    this.#read.set(key, cards);
    return cards;
  }

  #parse(entries: readonly string[]): Table {
    const { table } = parseTable({ file: this.#file, text: this.#head + entries.join('') });
    if (table) return table;
    throw new AirhiveError('environment', `a part of airhive is damaged: ${this.#file}`, {
      hint: 'install airhive again, as a whole',
    });
  }
}

/** An id as it is written: `8086:24f3`. */
export function idText({ vendor, device }: CardId): string {
  return `${vendor}:${device}`;
}

export function idsOf({ ids }: Pick<Card, 'ids'>): string[] {
  return ids.map(idText);
}

/** Those of the cards with one id that a subdevice, `0030`, decides for; all of them when it does not. */
export function narrow(cards: readonly Card[], subdevice?: string): readonly Card[] {
  const decided = cards.filter(
    ({ subsystems }) => subdevice !== undefined && subsystems?.includes(subdevice),
  );
  return decided.length > 0 ? decided : cards;
}

/** A release of FreeBSD. */
export interface Version {
  readonly major: number;
  readonly minor: number;
}

/** What FreeBSD itself does with a card in a release; undefined when that is nothing, or not known. */
export function nativeMode({ native }: Pick<Card, 'native'>, version: Version): NativeMode | undefined {
  return native.findLast(({ from }) => !isOlder(version, from))?.mode;
}

function isOlder(a: Version, b: Version): boolean {
  return a.major < b.major || (a.major === b.major && a.minor < b.minor);
}

/** The verdict on an id that several cards share: the best of theirs. Untested when there is none. */
export function verdictOf(cards: readonly Card[]): Card['verdict'] {
  return VERDICTS.find((verdict) => cards.some((card) => card.verdict === verdict)) ?? 'untested';
}

const HOST_HEAD = [
  '# The Wi-Fi cards that airhive knows, a line for each id; columns are separated by one TAB, and a minus is nothing.',
  '# id, subdevices, maker, verdict, modules of FreeBSD, their names in rc.conf, what FreeBSD does with it, name, remark',
];

/** lib/cards.tsv of a bundle: the table for the host's scripts, which read it with awk. */
export function encodeHostTable(table: CardTable): string {
  const lines = table.all.flatMap((card) => idsOf(card).map((id) => hostLine(id, card, table)));
  return `${[...HOST_HEAD, ...lines].join('\n')}\n`;
}

function hostLine(id: string, card: Card, table: CardTable): string {
  const { subsystems = [], maker, verdict, freebsd, native, name, reason, caution } = card;
  const columns = [
    id,
    subsystems.join(' '),
    maker,
    verdict,
    freebsd.join(' '),
    table
      .devicesOf(freebsd)
      .map((device) => `wlans_${device}0`)
      .join(' '),
    native.map(({ from, mode }) => `${from.text}=${mode}`).join(' '),
    name,
    verdict === 'never' ? reason : (caution ?? ''),
  ];
  return columns.map((column) => (column === '' ? '-' : column)).join('\t');
}

function repeatedModules({ modules = [] }: TableDraft): Problem[] {
  const names = modules.map((entry) => entry?.module);
  return names.flatMap((name, index) =>
    name === undefined || names.indexOf(name) === index
      ? []
      : [error(['modules', index, 'module'], `${name} is listed already`)],
  );
}

/** A driver either asks for files that a package has, or for none that could be had. */
function partialFirmware({ package: name, iso, firmware }: CardDraft, at: Path): Problem[] {
  const given = [name, iso, firmware].filter((value) => value !== undefined).length;
  if (given === 0 || given === 3) return [];
  return [error(at, 'package, iso and firmware belong together; got a part')];
}

function firmwareProblems(card: CardDraft, at: Path): Problem[] {
  return (card.firmware ?? []).flatMap((text, index) =>
    (text?.split('|') ?? []).flatMap((file) => {
      const right = firmwarePackage(file);
      if (card.package === undefined || right === card.package) return [];
      return [error([...at, 'firmware', index], `${file} is in ${right}, not in ${card.package}`)];
    }),
  );
}

function nativeProblems({ freebsd = [], native = [] }: CardDraft, at: Path, table: TableDraft): Problem[] {
  const known = (table.modules ?? []).flatMap((entry) => entry?.module ?? []);
  const unknown = freebsd.flatMap((module, index) => {
    if (module === undefined || known.includes(module)) return [];
    const near = nearestName(module, known);
    const hint = near === undefined ? '' : `; did you mean ${near}?`;
    return [error([...at, 'freebsd', index], `${module} is not in modules${hint}`)];
  });
  const unordered = native.flatMap((entry, index) => {
    const before = native[index - 1]?.from;
    if (!entry?.from || !before || isOlder(before, entry.from)) return [];
    return [
      error([...at, 'native', index, 'from'], `${entry.from.text} has to be later than ${before.text}`),
    ];
  });
  const without =
    native.length > 0 && freebsd.length === 0 ? [error([...at, 'native'], 'needs a module in freebsd')] : [];
  return [...unknown, ...unordered, ...without];
}

/** One id may have several cards, but not one card twice. */
function repeatedIds(card: CardDraft, index: number, cards: readonly CardDraft[]): Problem[] {
  const before = cards.slice(0, index).filter(({ name }) => name === card.name);
  return (card.ids ?? []).flatMap((id, at, ids) => {
    const isSame = (other: CardId | undefined) =>
      other?.vendor === id?.vendor && other?.device === id?.device;
    if (!id || (ids.findIndex(isSame) === at && !before.some((other) => other.ids?.some(isSame)))) return [];
    return [error(['cards', index, 'ids', at], `${id.vendor}:${id.device} stands for ${card.name} already`)];
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

/** What is to be taken for one of these cards, by package, in the driver's order; names as in the table. */
export function wantedFirmware(cards: readonly Card[], firmware: Profile['passthrough'][number]['firmware']) {
  const byPackage = new Map<string, Set<string>>();
  for (const file of namedFiles(cards, firmware)) {
    const name = firmwarePackage(file);
    byPackage.set(name, (byPackage.get(name) ?? new Set()).add(file));
  }
  return [...byPackage].map(([name, files]) => ({ package: name, files: [...files] }));
}

function namedFiles(
  cards: readonly Card[],
  wanted: Profile['passthrough'][number]['firmware'],
): readonly string[] {
  if (typeof wanted !== 'string') return wanted;
  if (wanted === 'none') return [];
  return cards
    .filter(({ iso }) => wanted === 'always' || iso !== 'yes')
    .flatMap(({ firmware = [] }) => firmware);
}
