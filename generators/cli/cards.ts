import { join } from 'node:path';
import { AirhiveError } from '../errors.ts';
import { filled } from '../formats/columns.ts';
import { readListingText } from '../inputs/listing.ts';
import { listProfiles, readProfile } from '../inputs/profiles.ts';
import { continued, nameOf } from '../profile/card-rules.ts';
import { driverText, nativeText, nativeTextIn, VERDICT_TEXTS } from '../profile/card-text.ts';
import {
  idsOf,
  narrow,
  nativeMode,
  verdictOf,
  type Card,
  type CardTable,
  type Version,
} from '../profile/cards.ts';
import { describe } from '../profile/diagnostics.ts';
import { idOfNumbers, VENDORS } from '../profile/fields.ts';
import { hindranceOf, readListing, wifiDevices, type ListedDevice } from '../profile/listing.ts';
import { readMachine, versionsIn } from '../profile/machine.ts';
import { dayOf } from '../profile/releases.ts';
import { resolveProfile } from '../profile/resolve.ts';
import { loadCards, loadReleases } from './prepare.ts';
import type { Outcome, VerbContext } from './world.ts';

export interface CardsOptions {
  readonly freebsd?: string;
}

/** Lists the table of cards, explains one of them, or says what would happen with those of a machine. */
export async function cards(
  wanted: string | undefined,
  options: CardsOptions,
  context: VerbContext,
): Promise<Outcome> {
  const version = versionOf(options.freebsd);
  const table = await loadCards(context);
  if (wanted === undefined) return list(table, context);
  if (wanted === '-') return listing(table, version, context);
  return explain(idIn(wanted, table), table, version, context);
}

function versionOf(text: string | undefined): Version | undefined {
  if (text === undefined) return undefined;
  const written = /^[1-9][0-9]?\.[0-9]{1,2}$/.test(text) ? text : versionsIn(text)[0];
  const [major, minor] = written?.split('.').map(Number) ?? [];
  if (major !== undefined && minor !== undefined) return { major, minor };
  throw new AirhiveError('usage', `--freebsd: ${describe(text)} is no version of FreeBSD, such as 14.3`);
}

/** The id that is meant. Another form is named converted. */
function idIn(wanted: string, table: CardTable): string {
  if (/^[0-9a-f]{4}:[0-9a-f]{4}$/i.test(wanted)) {
    const id = wanted.toLowerCase();
    const [vendor = '', device = ''] = id.split(':');
    const swapped = `${device}:${vendor}`;
    if (table.withId(id).length > 0 || VENDORS.includes(vendor) || !VENDORS.includes(device)) return id;
    throw new AirhiveError('usage', `${id} has vendor and device swapped`, {
      hint: `airhive cards ${swapped}`,
    });
  }
  const right = idOfNumbers(wanted);
  throw new AirhiveError(
    'usage',
    `${describe(wanted)} is no id of a card: vendor:device, such as 8086:24f3`,
    {
      hint:
        right === undefined
          ? 'pciconf -l | airhive cards - finds the cards of a machine; airhive cards lists the known ones'
          : `airhive cards ${right}`,
    },
  );
}

/** As in the file, which has one kind of card after the other. */
function list(table: CardTable, { reporter }: VerbContext): Outcome {
  const rows = table.all.flatMap((card) =>
    idsOf(card).map((id) => [id, card.verdict, card.native.at(-1)?.mode ?? '-', card.name]),
  );
  const lines = [['ID', 'IN A VM', 'FREEBSD', 'NAME'], ...rows].map(
    ([id = '', verdict = '', mode = '', name = '']) =>
      `${id.padEnd(9)}  ${verdict.padEnd(8)}  ${mode.padEnd(7)}  ${name}`,
  );
  reporter.step('airhive cards ID says all of one; pciconf -l | airhive cards - looks at those of a machine');
  return { lines, result: { cards: table.all.map(plainCard) } };
}

async function explain(
  id: string,
  table: CardTable,
  version: Version | undefined,
  context: VerbContext,
): Promise<Outcome> {
  const found = table.withId(id);
  const result = { id, known: found.length > 0, verdict: found.length > 0 ? verdictOf(found) : 'unknown' };
  if (found.length === 0) return { lines: unknownLines(id), result: { ...result, cards: [], profiles: [] } };
  const profiles = (await shippedProfiles(table, context))(id);
  const several =
    found.length > 1
      ? [`${id} is one of ${found.length} kinds of cards; the radio beside it decides which.`, '']
      : [];
  const blocks = found.map((card) => [`${id}  ${card.name}`, ...cardLines(card, version, profiles)]);
  return {
    lines: [...several, ...blocks.flatMap((block, index) => (index === 0 ? block : ['', ...block]))],
    result: { ...result, cards: found.map(plainCard), profiles },
  };
}

function unknownLines(id: string): string[] {
  return [
    `${id}  not in the table of cards`,
    ...paragraph(
      'In a VM',
      `unknown: neither validate nor build has anything against it, and nobody knows whether it works.`,
    ),
    ...paragraph(
      'Profile',
      'one of your own may name it. The firmware that its Linux driver asks for has to stand there too, because no table has it: airhive-profile(5), firmware.',
    ),
  ];
}

/** All that the table says of a card. */
function cardLines(card: Card, version: Version | undefined, profiles: readonly string[]): string[] {
  const { verdict, reason, source, caution, freebsd } = card;
  const modules = freebsd.length > 0 ? ` (${freebsd.join(', ')})` : '';
  return [
    ...paragraph('In a VM', `${verdict}: ${VERDICT_TEXTS[verdict]}.`),
    ...paragraph('Why', `${reason} (${source})`),
    ...(caution === undefined ? [] : paragraph('Caution', caution)),
    ...paragraph('Linux', `${driverText(card)}.`),
    ...paragraph('FreeBSD', `${nativeText(card)}${modules}.`),
    ...(version ? paragraph(`  ${version.major}.${version.minor}`, `${nativeTextIn(card, version)}.`) : []),
    ...paragraph('Profiles', profiles.length > 0 ? profiles.join(', ') : 'none that airhive ships'),
  ];
}

/** Which of the shipped profiles take a card, by its id. */
async function shippedProfiles(
  table: CardTable,
  context: VerbContext,
): Promise<(id: string) => readonly string[]> {
  const names = await listProfiles(context.root);
  const releases = await loadReleases(undefined, context);
  const today = dayOf(context.now());
  const taken = await Promise.all(
    names.map(async (name) => {
      const { profile } = resolveProfile(await readProfile(name, context), releases, table, today);
      if (profile) return { name, ids: new Set(profile.passthrough.flatMap(({ ids }) => ids)) };
      throw new AirhiveError(
        'environment',
        `a part of airhive is damaged: ${join('profiles', `${name}.yaml`)}`,
        { hint: 'install airhive again, as a whole' },
      );
    }),
  );
  return (id) => taken.filter(({ ids }) => ids.has(id)).map(({ name }) => name);
}

/** What would happen with one card of a listing. */
type Would = 'taken' | 'warned' | 'refused' | 'unknown';

async function listing(
  table: CardTable,
  wanted: Version | undefined,
  context: VerbContext,
): Promise<Outcome> {
  const { shown, text } = await readListingText('-', context);
  const { devices, problems } = readListing(text);
  for (const { line, message } of problems) context.reporter.warn(`${shown}, line ${line}: ${message}`);
  if (devices.length === 0)
    throw new AirhiveError('usage', `there is no line of pciconf in ${shown}`, {
      hint: 'pciconf -l | airhive cards -',
    });
  const found = wifiDevices(devices, (id) => table.withId(id).length > 0);
  const said = readMachine(text).freebsd;
  const version = wanted ?? (said.length === 1 ? versionOf(said[0]) : undefined);
  const profilesOf = found.length > 0 ? await shippedProfiles(table, context) : () => [];
  const entries = found.map((device) => {
    const cards = narrow(table.withId(device.id), device.subsystem?.slice(-4));
    return { device, cards, ...outcomeOf(device, cards, version), profiles: profilesOf(device.id) };
  });
  const none =
    devices.length === 1
      ? 'The only device of the listing is no Wi-Fi card'
      : `None of the ${devices.length} devices of the listing is a Wi-Fi card`;
  const blocks = entries.map((entry) => deviceLines(entry, version));
  return {
    lines:
      entries.length === 0
        ? [`${none}: that may be switched off, or on USB.`]
        : blocks.flatMap((block, index) => (index === 0 ? block : ['', ...block])),
    result: {
      freebsd: version ? `${version.major}.${version.minor}` : null,
      devices: entries.map(({ device, cards, would, text, profiles }) => ({
        ...{ pci: device.pci, domain: device.domain, id: device.id, subsystem: device.subsystem ?? null },
        ...{ driver: device.driver, would, text, verdict: cards.length > 0 ? verdictOf(cards) : 'unknown' },
        cards: cards.map(plainCard),
        profiles,
      })),
    },
  };
}

function outcomeOf(
  device: ListedDevice,
  cards: readonly Card[],
  version: Version | undefined,
): { would: Would; text: string } {
  const hindrance = hindranceOf(device);
  if (hindrance !== undefined) return { would: 'refused', text: `it cannot be passed through: ${hindrance}` };
  if (cards.length === 0)
    return { would: 'unknown', text: 'it is not in the table of cards: nobody knows whether it works' };
  if (verdictOf(cards) === 'never')
    return {
      would: 'refused',
      text: `it is refused, because it never works: ${continued(cards[0]?.reason ?? '')}`,
    };
  const warnings = [
    ...new Set(cards.flatMap(({ caution }) => (caution === undefined ? [] : [continued(caution)]))),
    ...(version && cards.every((card) => nativeMode(card, version) === '11n')
      ? ['FreeBSD itself drives it with 802.11n, and a VM brings nothing more']
      : []),
  ];
  const verdict = `${verdictOf(cards)}: ${VERDICT_TEXTS[verdictOf(cards)]}`;
  if (warnings.length === 0) return { would: 'taken', text: `it is taken; ${verdict}` };
  return { would: 'warned', text: `it is taken, with a warning: ${warnings.join('; ')}; ${verdict}` };
}

interface Entry {
  readonly device: ListedDevice;
  readonly cards: readonly Card[];
  readonly text: string;
  readonly profiles: readonly string[];
}

function deviceLines({ device, cards, text, profiles }: Entry, version: Version | undefined): string[] {
  const { pci, id, driver } = device;
  const name = cards.length > 0 ? nameOf(cards) : [device.vendor, device.device].filter(Boolean).join(' ');
  const native = [
    ...new Set(cards.map((card) => (version ? nativeTextIn(card, version) : nativeText(card)))),
  ];
  const release = version ? `${version.major}.${version.minor} ` : '';
  return [
    `${pci}  ${id}  ${name === '' ? 'a card without a name' : name}`,
    ...paragraph('Now', holderText(driver)),
    ...paragraph('In a VM', `${text}.`),
    ...(native.length > 0 ? paragraph('FreeBSD', `${release}${native.join('; or ')}.`) : []),
    ...paragraph('Profiles', profiles.length > 0 ? profiles.join(', ') : 'none that airhive ships'),
  ];
}

function holderText(driver: string): string {
  if (driver.startsWith('none')) return 'no driver of FreeBSD has it';
  if (driver.startsWith('ppt')) return `${driver} has it: it is kept for a guest already`;
  return `${driver} has it`;
}

const LABEL = 11;
const WIDTH = 92;

/** A label, and text beside it that is wrapped. */
function paragraph(label: string, text: string): string[] {
  const lines = filled(text, WIDTH - LABEL - 2);
  return lines.map((line, index) => `  ${(index === 0 ? label : '').padEnd(LABEL)}${line}`);
}

/** A card for --json. */
function plainCard(card: Card): object {
  const { native, ...others } = card;
  return { ...others, ids: idsOf(card), native: native.map(({ from, mode }) => ({ from: from.text, mode })) };
}
