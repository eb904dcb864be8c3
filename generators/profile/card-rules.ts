import { idsOf, nativeMode, verdictOf, type Card, type CardTable } from './cards.ts';
import { error, unsupported, warning, type Path, type Problem } from './document.ts';
import { VENDORS } from './fields.ts';
import { nearestName } from './issues.ts';
import type { DeviceDraft, Rule } from './rules.ts';

/* What the table of cards has against the devices of a profile. */

/** A card that a profile names by its id. A maker stands for cards that are looked for, and has no problem here. */
interface NamedCard {
  readonly id: string;
  readonly cards: readonly Card[];
  readonly device: NonNullable<DeviceDraft>;
  readonly path: Path;
}

function namedCards(passthrough: readonly DeviceDraft[], table: CardTable): NamedCard[] {
  return passthrough.flatMap((device, index) => {
    const ids = device?.id ?? [];
    return ids.map((entry, at) => {
      const [id = ''] = idsOf({ ids: [entry] });
      // A single id has no place in a list.
      const path = ['passthrough', index, 'id', ...(ids.length > 1 ? [at] : [])];
      return { id, cards: table.withId(id), device: device ?? {}, path };
    });
  });
}

/** `Intel Wi-Fi 6E AX211, or Intel Wireless-AC 9560` for an id that several cards share. */
export function nameOf(cards: readonly Card[]): string {
  return [...new Set(cards.map(({ name }) => name))].join('; or ');
}

/** A sentence as the end of another one. */
export function continued(sentence: string): string {
  return sentence.replace(/^[A-Z](?=[a-z ])/, (letter) => letter.toLowerCase()).replace(/\.$/, '');
}

function isNever({ cards }: NamedCard): boolean {
  return cards.length > 0 && verdictOf(cards) === 'never';
}

function neverText({ id, cards }: NamedCard): string {
  return `${id} (${nameOf(cards)}) never works in a VM: ${continued(cards[0]?.reason ?? '')}`;
}

/** Vendor and device in the wrong order, when that is sure or likely. */
function swappedIds(passthrough: readonly DeviceDraft[], table: CardTable): Problem[] {
  return namedCards(passthrough, table).flatMap(({ id, cards, path }) => {
    const [vendor = '', device = ''] = id.split(':');
    if (cards.length > 0 || VENDORS.includes(vendor) || !VENDORS.includes(device)) return [];
    return [error(path, `${id} has vendor and device swapped; write ${device}:${vendor}`)];
  });
}

/** What a module that the table does not know was meant to be, and whether that is sure. */
function meantModule(written: string, table: CardTable): { text: string; sure: boolean } {
  const name = written.toLowerCase();
  if (/^none[0-9]*$/.test(name))
    return {
      text: `${written} says that no driver has the card, so there is none to keep away; write drivers: []`,
      sure: true,
    };
  if (/^ppt[0-9]*$/.test(name))
    return {
      text: `${written} is what holds the card for the guest already, not a driver to keep away; write the driver that has it without pptdevs`,
      sure: true,
    };
  // The name of a card may end in digits of its own: rtw880 is the first rtw88.
  const modules = [name, name.replace(/[0-9]$/, ''), name.replace(/[0-9]{2}$/, '')]
    .map((word) => modulesFor(word.replace(/^if_/, ''), table))
    .find((found) => found.length > 0);
  if (modules)
    return { text: `${written} is no kernel module; write drivers: [${modules.join(', ')}]`, sure: true };
  const near = nearestName(name, [...table.modules]);
  const hint = near === undefined ? '' : `; did you mean ${near}?`;
  return {
    text: `${written} is no module of FreeBSD for Wi-Fi cards that airhive knows${hint}`,
    sure: false,
  };
}

/** The modules of a device's name, `iwm`, or of their own name without its beginning, `bwn_pci`. */
function modulesFor(word: string, table: CardTable): string[] {
  const all = [...table.modules];
  if (all.includes(`if_${word}`) && table.devicesOf([`if_${word}`])[0] !== word) return [`if_${word}`];
  return all.filter((module) => table.devicesOf([module]).includes(word));
}

function unknownModules(passthrough: readonly DeviceDraft[], table: CardTable, isSure: boolean): Problem[] {
  return passthrough.flatMap((device, index) =>
    (device?.drivers ?? []).flatMap((module, at) => {
      if (module === undefined || table.modules.has(module)) return [];
      const { text, sure } = meantModule(module, table);
      if (sure !== isSure) return [];
      return [(sure ? error : warning)(['passthrough', index, 'drivers', at], text)];
    }),
  );
}

/** Modules that do not take the card they stand beside, when the table knows which do. */
function foreignModules(passthrough: readonly DeviceDraft[], table: CardTable): Problem[] {
  return passthrough.flatMap((device, index) => {
    const named = namedCards([device], table);
    const right = [...new Set(named.flatMap(({ cards }) => cards.flatMap(({ freebsd }) => freebsd)))];
    if (right.length === 0 || named.some(({ cards }) => cards.length === 0)) return [];
    return (device?.drivers ?? []).flatMap((module, at) => {
      if (module === undefined || right.includes(module) || !table.modules.has(module)) return [];
      const ids = named.map(({ id }) => id).join(', ');
      const text = `${module} does not take ${ids}; FreeBSD's modules for that are [${right.join(', ')}]`;
      return [warning(['passthrough', index, 'drivers', at], text)];
    });
  });
}

export const cardRules: readonly Rule[] = [
  {
    demand: 'In `id` the vendor stands before the device.',
    otherwise: 'error',
    check: ({ passthrough = [] }, { cards }) => swappedIds(passthrough, cards),
  },
  {
    demand: '`drivers` has kernel modules, not what `pciconf -l` calls a card.',
    otherwise: 'error',
    check: ({ passthrough = [] }, { cards }) => unknownModules(passthrough, cards, true),
  },
  {
    demand: 'The modules in `drivers` are in the table of cards.',
    otherwise: 'warning',
    check: ({ passthrough = [] }, { cards }) => unknownModules(passthrough, cards, false),
  },
  {
    demand: 'By the table of cards the modules in `drivers` take the card.',
    otherwise: 'warning',
    check: ({ passthrough = [] }, { cards }) => foreignModules(passthrough, cards),
  },
  {
    demand: 'The table of cards does not say `never` of the card, or `force` is on.',
    otherwise: 'unsupported',
    check: ({ passthrough = [] }, { cards }) =>
      namedCards(passthrough, cards)
        .filter((named) => isNever(named) && named.device.force !== true)
        .map((named) =>
          unsupported(
            named.path,
            `${neverText(named)}; take another card, or write force: true to try it all the same`,
          ),
        ),
  },
  {
    demand: 'The table of cards warns of nothing with the card.',
    otherwise: 'warning',
    check: ({ passthrough = [] }, { cards }) =>
      namedCards(passthrough, cards).flatMap((named) => {
        const forced =
          isNever(named) && named.device.force === true
            ? [warning(named.path, `${neverText(named)}; it is taken all the same, by force: true`)]
            : [];
        const cautions = [...new Set(named.cards.flatMap(({ caution }) => caution ?? []))];
        return [
          ...forced,
          ...cautions.map((caution) =>
            warning(named.path, `${named.id} (${nameOf(named.cards)}): ${continued(caution)}`),
          ),
        ];
      }),
  },
  {
    demand: 'FreeBSD does not drive the card with 802.11n itself.',
    otherwise: 'warning',
    check: ({ passthrough = [], host }, { cards }) => {
      const version = host?.freebsd;
      if (!version) return [];
      return namedCards(passthrough, cards)
        .filter((named) => named.cards.length > 0)
        .filter((named) => named.cards.every((card) => nativeMode(card, version) === '11n'))
        .map(({ id, cards, path }) =>
          warning(
            path,
            `FreeBSD ${version.text} itself drives ${id} (${nameOf(cards)}) with 802.11n, by ${cards[0]?.freebsd.at(-1) ?? ''}: ` +
              'the VM brings nothing more; leave the card to FreeBSD if that works',
          ),
        );
    },
  },
];
