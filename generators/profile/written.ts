import { filled } from '../formats/columns.ts';
import type { FreePlace } from './machine.ts';
import { nativeTextIn } from './card-text.ts';
import { narrow, verdictOf, type Card, type CardTable } from './cards.ts';
import { visible } from './diagnostics.ts';
import type { ListedDevice } from './listing.ts';
import type { ReleasePin } from './releases.ts';

/** What a profile is written from: what the listing says, what the table says, and what the user says. */
export interface Choices {
  /** How an editor finds the JSON Schema from where the profile lies. */
  readonly schema: string;
  readonly card: ChosenCard;
  /** Names no place, so that the card is looked for on the machine. */
  readonly auto: boolean;
  readonly release: ReleasePin;
  readonly loader: 'grub' | 'uefi';
  readonly place: FreePlace;
  /** Whether the input has said which names and addresses the machine has. */
  readonly placeIsKnown: boolean;
  readonly country: string;
  readonly reverse: boolean;
  readonly directory: string | undefined;
  readonly freebsd: string;
}

/** A Wi-Fi card of a listing with what the table says of it. */
export interface ChosenCard {
  readonly device: ListedDevice;
  /** Those that it may be; none for one that the table does not have. */
  readonly cards: readonly Card[];
  /** The modules of FreeBSD that want it, and the settings of rc.conf that give it to them. */
  readonly drivers: readonly string[];
  readonly retire: readonly string[];
}

/** What the table says of a device. */
export function chosenCard(device: ListedDevice, table: CardTable): ChosenCard {
  const cards = narrow(table.withId(device.id), device.subsystem?.slice(-4));
  const modules = [...new Set(cards.flatMap(({ freebsd }) => freebsd))];
  // The table is right about those that it has.
  const present = moduleOf(device.driver, table);
  const drivers = modules.length > 0 || present === undefined ? modules : [present];
  // The setting that has the card now, and those of the drivers that could have it; that of one the table does not know as well.
  const others = table.devicesOf(drivers).filter((name) => name !== nameIn(device.driver, table));
  const now = isNobody(device.driver) || !/[0-9]$/.test(device.driver) ? [] : [device.driver];
  const retire = [...now, ...others.map((name) => `${name}0`)].map(
    (name) => `wlans_${name.replace('_pci', '')}`,
  );
  return { device, cards, drivers, retire };
}

/** `iwm` of iwm12; rtw88 has a number of its own before that of the card. bwn_pci0 is the bus side of bwn0. */
function nameIn(driver: string, table: CardTable): string | undefined {
  return table
    .devicesOf([...table.modules])
    .find((name) => driver.startsWith(name) && /^(_pci)?[0-9]+$/.test(driver.slice(name.length)));
}

/** Whether no driver has it, or the one that keeps it for a guest. */
function isNobody(driver: string): boolean {
  return /^(none|ppt)[0-9]+$/.test(driver);
}

/** Whether FreeBSD has given the card to a driver of which the table knows nothing. */
export function hasUnknownDriver({ device: { driver } }: ChosenCard, table: CardTable): boolean {
  return !isNobody(driver) && moduleOf(driver, table) === undefined;
}

function moduleOf(driver: string, table: CardTable): string | undefined {
  const name = nameIn(driver, table);
  return [...table.modules].find((module) => name !== undefined && table.devicesOf([module]).includes(name));
}

/** `Intel Wi-Fi 6 AX200`, or what it may be. */
export function nameOfCard({ cards, device }: ChosenCard): string {
  const names = [...new Set(cards.map(({ name }) => name))];
  return names.length > 0 ? names.join(' or ') : `card ${device.id}`;
}

/** The profile as YAML, with the reason of every choice as a comment. */
export function writeProfile(choices: Choices): string {
  const { schema, card, release, loader, place, country, reverse, directory } = choices;
  return [
    `# yaml-language-server: $schema=${schema}`,
    '#',
    ...comment('', headOf(choices)),
    ...comment('', 'What is not in here has its default; airhive-profile(5) describes every key.'),
    'alpine:',
    `  release: ${release.release}`,
    `  flavor: ${release.flavor}`,
    '',
    'machine:',
    ...comment('  ', LOADERS[loader]),
    `  loader: ${loader}`,
    '',
    'passthrough:',
    ...deviceLines(choices),
    '',
    'network:',
    ...comment('  ', addressesOf(choices)),
    `  bridge: ${place.bridge}`,
    `  tap: ${place.tap}`,
    `  host: ${place.host}`,
    `  guest: ${place.guest}`,
    '',
    'wifi:',
    ...comment('  ', country === '00' ? WORLD : 'Where the radio is used.'),
    `  country: '${country}'`,
    '',
    'ssh:',
    ...comment('  ', reverse ? REACHABLE : CLOSED),
    `  reverse: ${reverse}`,
    '',
    'firewall:',
    ...comment('  ', TRUSTED),
    '  only: trusted',
    '',
    'host:',
    ...(directory === undefined ? [] : [`  directory: ${scalar(directory)}`]),
    ...hostLines(choices, card),
    '',
  ].join('\n');
}

const LOADERS = {
  grub: 'Needs the package grub2-bhyve; uefi needs bhyve-firmware.',
  uefi: 'Needs the package bhyve-firmware; grub needs grub2-bhyve.',
};
const WORLD =
  'The world domain has the fewest channels: put in the code of the country where the radio is used, such as DE.';
const REACHABLE =
  "Others on the same Wi-Fi reach this machine's sshd, at port 2210 of the guest: allow keys only in it.";
const TRUSTED =
  'What is opened here is open only in networks that are marked: vm_site add NAME --trusted. With any it is in every network.';
const CLOSED = "Whether others on the Wi-Fi may reach this machine's sshd.";

function headOf({ card, freebsd }: Choices): string {
  const { cards } = card;
  const reasons = [...new Set(cards.map(({ reason, source }) => `${reason} Source: ${source}.`))];
  const cautions = [...new Set(cards.flatMap(({ caution }) => caution ?? []))];
  const [major = 0, minor = 0] = freebsd.split('.').map(Number);
  const native = new Set(cards.map((one) => nativeTextIn(one, { major, minor })));
  return [
    `Written by airhive init from a listing of pciconf: ${nameOfCard(card)}.`,
    `In a guest: ${verdictOf(cards)}. ${reasons.join(' ')}`,
    ...cautions,
    `FreeBSD ${freebsd} ${[...native].join(', or ')}.`,
  ].join('\n');
}

function deviceLines({ card, auto }: Choices): string[] {
  const { device, drivers } = card;
  const where = `${visible(device.driver)}@pci${device.domain}:${device.pci.replaceAll('/', ':')}`;
  if (auto)
    return [
      ...comment('  ', `${nameOfCard(card)}, which was ${where}. vm_install looks for it on the machine.`),
      '  - pci: auto',
      `    id: ${device.id}`,
    ];
  return [
    ...comment('  ', `${nameOfCard(card)}, which was ${where}.`),
    `  - pci: ${device.pci}`,
    `    id: ${device.id}`,
    ...comment('    ', "FreeBSD's own drivers, which are kept away from it."),
    `    drivers: [${drivers.join(', ')}]`,
    ...comment('    ', 'What its driver asks for and the ISO is not known to have.'),
    '    firmware: auto',
  ];
}

function addressesOf({ place, placeIsKnown }: Choices): string {
  if (place.avoided.length > 0)
    return `Not the usual 172.24.1.0/24: this machine has ${place.avoided.join(' and ')}.`;
  return placeIsKnown
    ? 'Nothing else on this machine has these names and addresses.'
    : 'As usual. Whether they are free on this machine was not known; vm_install check says so.';
}

function hostLines({ freebsd, auto }: Choices, { retire }: ChosenCard): string[] {
  const lines = [`  freebsd: '${freebsd}'`];
  if (auto) return lines;
  return [
    ...lines,
    ...comment(
      '  ',
      'Settings of rc.conf that give the card to FreeBSD. What is set for their interfaces goes with them.',
    ),
    `  retire: [${retire.join(', ')}]`,
  ];
}

/** A value that no schema has seen yet. */
function scalar(text: string): string {
  return /^\/[A-Za-z0-9/._-]*$/.test(text) ? text : JSON.stringify(text);
}

const WIDTH = 110;

/** Lines of a comment, at most 110 characters each. */
function comment(indent: string, text: string): string[] {
  const start = `${indent}# `;
  return text.split('\n').flatMap((paragraph) => {
    return filled(visible(paragraph), WIDTH - start.length).map((line) => start + line);
  });
}
