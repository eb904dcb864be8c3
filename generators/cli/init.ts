import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { shownPath } from '../disk.ts';
import { AirhiveError, type Diagnostic } from '../errors.ts';
import { readListingText } from '../inputs/listing.ts';
import { checkFree, createFile } from '../output/create.ts';
import { continued } from '../profile/card-rules.ts';
import { verdictOf, type CardTable } from '../profile/cards.ts';
import { formatDiagnostic, worstKind } from '../profile/diagnostics.ts';
import { hindranceOf, readListing, wifiDevices } from '../profile/listing.ts';
import { freePlace, readMachine, versionsIn, type Machine } from '../profile/machine.ts';
import { compareReleases, dayOf, type ReleasePin } from '../profile/releases.ts';
import { resolveProfile } from '../profile/resolve.ts';
import { COUNTRIES } from '../profile/rules.ts';
import {
  chosenCard,
  hasUnknownDriver,
  nameOfCard,
  writeProfile,
  type ChosenCard,
} from '../profile/written.ts';
import { loadCards, loadReleases } from './prepare.ts';
import { Questions, type Meaning } from './questions.ts';
import type { Outcome, VerbContext } from './world.ts';

export interface InitOptions {
  readonly out?: string;
  readonly card?: string;
  readonly freebsd?: string;
  readonly country?: string;
  readonly reverseSsh?: 'yes' | 'no';
  readonly loader: 'grub' | 'uefi';
  readonly directory?: string;
  readonly auto?: boolean;
  readonly json?: boolean;
}

/** Writes a profile from a listing of pciconf, and asks on a terminal for what no listing has in it. */
export async function init(
  wanted: string | undefined,
  options: InitOptions,
  context: VerbContext,
): Promise<Outcome> {
  const { cwd, stdin } = context;
  const out = options.out === undefined ? undefined : resolve(cwd, options.out);
  if (out !== undefined) await checkFree(out, shownPath(out, cwd));
  const input = await readListingText(wanted, context);
  // With the listing on standard input the terminal is still free; else a standard input that is none says that nobody is there.
  const isPiped = wanted === undefined || wanted === '-';
  const questions = new Questions(context, options.json !== true && (isPiped || stdin.isTerminal));
  try {
    return await write({ ...input, out, machine: readMachine(input.text) }, options, questions, context);
  } finally {
    await questions.close();
  }
}

interface Given {
  readonly shown: string;
  readonly text: string;
  readonly out: string | undefined;
  readonly machine: Machine;
}

async function write(
  given: Given,
  options: InitOptions,
  questions: Questions,
  context: VerbContext,
): Promise<Outcome> {
  const { cwd, root, reporter, signal } = context;
  const { out, machine } = given;
  const [table, releases] = await Promise.all([loadCards(context), loadReleases(undefined, context)]);
  const card = await chooseCard(cardsIn(given, table, context), options.card, questions);
  refuseHopeless([card]);
  const { driver } = card.device;
  if (hasUnknownDriver(card, table))
    reporter.warn(
      `which kernel module ${driver} belongs to is not known: put that into drivers, if it is loaded by itself`,
    );
  const freebsd = await versionOf(given, options.freebsd, questions);
  const today = dayOf(context.now());
  const text = writeProfile({
    ...{ card, freebsd, schema: schemaFrom(out, root), release: newest(releases, today) },
    ...{ auto: options.auto ?? false, loader: options.loader, directory: options.directory },
    ...{ place: freePlace(machine), placeIsKnown: machine.interfaces.size > 0 },
    country: await countryOf(options.country, machine.country, questions),
    reverse: await reverseOf(options.reverseSsh, questions),
  });
  const file = out === undefined ? 'mine.yaml' : shownPath(out, cwd);
  const name = basename(file).replace(/\.ya?ml$/, '');
  const { profile, diagnostics } = resolveProfile({ file, name, text }, releases, table, today);
  if (!profile) throw unfit(diagnostics);
  for (const diagnostic of diagnostics) reporter.warn(formatDiagnostic(diagnostic));
  const { device, cards } = card;
  const result = {
    card: { pci: device.pci, id: device.id, name: nameOfCard(card), verdict: verdictOf(cards) },
    ...{ freebsd, profile: text },
  };
  if (out === undefined) return { lines: [text.trimEnd()], result: { file: null, ...result } };
  signal.throwIfAborted();
  await createFile(out, file, Buffer.from(text));
  reporter.step(`next: airhive build --profile ${file.includes(sep) ? file : `./${file}`}`);
  return { lines: [file], result: { file, ...result } };
}

/** The Wi-Fi cards of the listing; what cannot be read of it is said. */
function cardsIn({ shown, text }: Given, table: CardTable, { reporter }: VerbContext): ChosenCard[] {
  const { devices, problems } = readListing(text);
  for (const { line, message } of problems) reporter.warn(`${shown}, line ${line}: ${message}`);
  const found = wifiDevices(devices, (id) => table.withId(id).length > 0);
  if (found.length > 0) return found.map((device) => chosenCard(device, table));
  const count = devices.length === 1 ? '1 device' : `${devices.length} devices`;
  throw new AirhiveError(
    'usage',
    devices.length === 0
      ? `there is no line of pciconf in ${shown}`
      : `there is no Wi-Fi card among the ${count} in ${shown}`,
    {
      hint:
        devices.length === 0
          ? 'run pciconf -lv on the FreeBSD machine, and give its whole output'
          : 'give the whole output of pciconf -lv; a card that is not in there is switched off in the firmware setup, or on USB, and cannot be passed to a guest',
    },
  );
}

/** The only card, that of --card, or the answer. */
async function chooseCard(
  cards: readonly ChosenCard[],
  option: string | undefined,
  questions: Questions,
): Promise<ChosenCard> {
  const list = cards.map((card) => `${card.device.pci} is ${describeCard(card)}`).join('; ');
  const read = (text: string): Meaning<ChosenCard> => {
    const place = text
      .replace(/^([^@]*@)?pci0:/, '')
      .replace(/:$/, '')
      .replaceAll(':', '/');
    const [value, another] = cards.filter(({ device }) => device.pci === place);
    if (another)
      return { problem: `there are two cards at ${place}, so the input is of two machines: ${list}` };
    return value ? { value } : { problem: `there is no Wi-Fi card at ${JSON.stringify(text)}: ${list}` };
  };
  if (option !== undefined) return valueOf(read(option), '--card');
  const [only, ...others] = cards;
  if (only && others.length === 0) return only;
  // With no choice that could work there is nothing to ask.
  if (cards.every(isHopeless)) refuseHopeless(cards);
  const answer = await questions.ask(`${list.replaceAll('; ', '\n')}\nWhich card is for the guest: `, read);
  if (answer) return answer;
  throw new AirhiveError('usage', `there are several Wi-Fi cards: ${list}`, {
    hint: `name one: --card ${cards.find((card) => !isHopeless(card))?.device.pci ?? ''}`,
  });
}

function describeCard(card: ChosenCard): string {
  const { device, cards } = card;
  const verdict = cards.length === 0 ? 'not in the table of cards' : `in a guest: ${verdictOf(cards)}`;
  return `${nameOfCard(card)} (${device.id}, ${verdict})`;
}

function isHopeless({ device, cards }: ChosenCard): boolean {
  return cards.length === 0 || verdictOf(cards) === 'never' || hindranceOf(device) !== undefined;
}

/** Exit 3 with the reason for cards of which none can be had in a guest. */
function refuseHopeless(cards: readonly ChosenCard[]): void {
  if (!cards.every(isHopeless)) return;
  const reasons = cards.map((card) => {
    const { device } = card;
    const what = `${nameOfCard(card)} (${device.id} at ${device.pci})`;
    const hindrance = hindranceOf(device);
    if (hindrance !== undefined) return `${what} cannot be passed to a guest: ${hindrance}`;
    if (card.cards.length === 0) return `${what} is not in the table of cards`;
    return `${what} does not work in a guest: ${continued(card.cards.map(({ reason }) => reason).join(' '))}`;
  });
  throw new AirhiveError('unsupported', `${reasons.join('; ')}; nothing was written`, {
    hint: cards.some((card) => card.cards.length === 0)
      ? 'airhive cards lists those that are known; a profile for another one can be written by hand, airhive-profile(5)'
      : 'airhive cards says more of a card',
  });
}

const UNAME = 'what uname -r prints on that machine, such as 14.3-RELEASE, or 14.3';

async function versionOf(
  { machine, shown }: Given,
  option: string | undefined,
  questions: Questions,
): Promise<string> {
  const read = (text: string): Meaning<string> => {
    const value = /^[1-9][0-9]?\.[0-9]{1,2}$/.test(text) ? text : versionsIn(text)[0];
    return value === undefined
      ? { problem: `${JSON.stringify(text)} is no version of FreeBSD; it has to be ${UNAME}` }
      : { value };
  };
  if (option !== undefined) return valueOf(read(option), '--freebsd');
  const [only, ...others] = machine.freebsd;
  if (only !== undefined && others.length === 0) return only;
  const answer = await questions.ask('Version of FreeBSD there, as uname -r prints it: ', read);
  if (answer !== undefined) return answer;
  throw new AirhiveError(
    'usage',
    only === undefined
      ? `${shown} does not say which FreeBSD it is from`
      : `${shown} names several versions of FreeBSD: ${machine.freebsd.join(', ')}`,
    { hint: `add --freebsd VERSION: ${UNAME}; or add the output of uname -r to the listing` },
  );
}

const WORLD = '00';

async function countryOf(
  option: string | undefined,
  listed: string | undefined,
  questions: Questions,
): Promise<string> {
  const read = (text: string): Meaning<string> => {
    const value = text.toUpperCase();
    if (COUNTRIES.has(value)) return { value };
    const hint = value === 'UK' ? 'the United Kingdom is GB' : 'the codes are those of ISO 3166, such as DE';
    return { problem: `${JSON.stringify(text)} is no country: ${hint}` };
  };
  if (option !== undefined) return valueOf(read(option), '--country');
  const usual = listed !== undefined && COUNTRIES.has(listed) ? listed : WORLD;
  const shown = usual === WORLD ? `${WORLD}, the channels that all countries allow` : usual;
  const question = `Country where the Wi-Fi is used, such as DE [${shown}]: `;
  return (await questions.ask(question, (text) => read(text === '' ? usual : text))) ?? usual;
}

async function reverseOf(option: InitOptions['reverseSsh'], questions: Questions): Promise<boolean> {
  if (option !== undefined) return option === 'yes';
  const read = (text: string): Meaning<boolean> => {
    if (/^y(es)?$/i.test(text)) return { value: true };
    return /^(no?)?$/i.test(text) ? { value: false } : { problem: 'yes or no' };
  };
  const question = "May others on the Wi-Fi reach this machine's sshd [no]: ";
  return (await questions.ask(question, read)) ?? false;
}

function valueOf<T>(meaning: Meaning<T>, option: string): T {
  if ('value' in meaning) return meaning.value;
  throw new AirhiveError('usage', `${option}: ${meaning.problem}`);
}

/**
 * Where an editor finds the JSON Schema: the path from where the profile lies, or a whole one when that is not known. The
 * comment that names it ends at a space, which only an address can have in it.
 */
function schemaFrom(out: string | undefined, root: string): string {
  const schema = join(root, 'profiles', 'profile.schema.json');
  const path = out === undefined ? schema : relative(dirname(out), schema);
  if (/\s/.test(path)) return pathToFileURL(schema).href;
  return out === undefined || path.startsWith('.') ? path : `./${path}`;
}

/** The newest release that still gets security fixes, in the flavour that the shipped profiles have. */
function newest(releases: readonly ReleasePin[], today: string): ReleasePin {
  const standard = releases.filter(({ flavor }) => flavor === 'standard');
  const current = standard.filter(({ eol }) => eol === null || eol > today);
  const [first] = (current.length > 0 ? current : standard).toSorted((a, b) =>
    compareReleases(b.release, a.release),
  );
  if (first) return first;
  throw new AirhiveError('environment', 'no standard ISO is pinned in profiles/releases.yaml', {
    hint: 'install airhive again, as a whole',
  });
}

/** What options and listing give together is no profile, as with a FreeBSD that is not supported. */
function unfit(diagnostics: readonly Diagnostic[]): AirhiveError {
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  const reasons = errors.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
  return new AirhiveError(worstKind(diagnostics) ?? 'usage', `${reasons.join('; ')}; nothing was written`);
}
