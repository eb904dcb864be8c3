/**
 * What `pciconf -l`, `-lv` and `-lbcv` of FreeBSD print, as people hand it on: pasted into a mail, indented, quoted, with
 * lines wrapped, with the output of other commands around it. Generous in form, exact in value: a number that is not whole is
 * a problem, never a shorter number.
 */

/** One device of a listing. */
export interface ListedDevice {
  /** Bus, slot and function as pptdevs takes them, without the domain. */
  readonly pci: string;
  readonly domain: number;
  /** Vendor and device, `8086:24f3`. */
  readonly id: string;
  /** The same two of whoever built the card in, `8086:1010`. */
  readonly subsystem: string | undefined;
  /** The driver that has it, with its number; `none3` when none has. */
  readonly driver: string;
  /** Six digits; 0280 at the beginning is what Wi-Fi cards have. */
  readonly class: string | undefined;
  /** The names that `-v` adds. */
  readonly vendor?: string;
  readonly device?: string;
}

/** A line that names a device which cannot be read. Lines count from 1. */
export interface ListingProblem {
  readonly line: number;
  readonly message: string;
}

/**
 * `iwm0@pci0:4:0:0:`; FreeBSD 6 had no domain. What may stand before it is a quotation mark of a mail, an indentation or the
 * number of a line.
 */
const SELECTOR =
  /(?<![A-Za-z0-9_])(?<driver>[A-Za-z_][A-Za-z0-9_-]{0,30})@pci(?<place>[0-9]{1,10}(?::[0-9]{1,3}){2,3}):?(?![0-9:])/;
/** Where a new device begins in a line that somebody has made of several. */
const NEXT = /(?<![A-Za-z0-9_-])(?=[A-Za-z_][A-Za-z0-9_-]{0,30}@pci[0-9]{1,10}:)/;
const NUMBER = /(?<![A-Za-z0-9_])(class|card|chip|vendor|device|subvendor|subdevice)=0x([0-9a-f]*)/gi;
/** A line with nothing but numbers: the rest of one that a mail program has wrapped. */
const WRAPPED = /^[\s>|]*(?:[a-z]+=0x[0-9a-f]+(?:\s+|$))+$/i;
const NAME = /(?:^|[^A-Za-z])(?<key>vendor|device)\s*=\s*['‘’“”](?<name>.*)['‘’“”]\s*$/;

/** How many hexadecimal digits pciconf prints of each number. */
const DIGITS: Readonly<Record<string, number>> = {
  class: 6,
  card: 8,
  chip: 8,
  vendor: 4,
  device: 4,
  subvendor: 4,
  subdevice: 4,
};

/** The lines that belong to one device. */
interface Entry {
  readonly line: number;
  readonly driver: string;
  readonly place: string;
  numbers: string;
  names: { vendor?: string; device?: string };
}

/** Reads every device of a listing, in its order; a device that is listed twice counts once. Never throws. */
export function readListing(text: string): { devices: ListedDevice[]; problems: ListingProblem[] } {
  const devices = new Map<string, ListedDevice>();
  const problems: ListingProblem[] = [];
  for (const entry of entriesOf(text)) {
    const read = deviceOf(entry);
    if (typeof read === 'string') {
      const about = `${entry.driver}@pci${entry.place} ${read}`;
      problems.push({ line: entry.line, message: `${about}; take the line as pciconf -lv prints it` });
      continue;
    }
    const key = `${read.domain} ${read.pci} ${read.id}`;
    devices.set(key, { ...devices.get(key), ...read });
  }
  return { devices: [...devices.values()], problems };
}

function entriesOf(text: string): Entry[] {
  const entries: Entry[] = [];
  // A line that goes on directly below its device; further down it would be that of another one.
  let mayGoOn = false;
  linesOf(text).forEach((line, index) => {
    for (const part of line.split(NEXT)) {
      const found = SELECTOR.exec(part);
      const { driver = '', place = '' } = found?.groups ?? {};
      if (found) {
        const numbers = part.slice(found.index + found[0].length);
        entries.push({ line: index + 1, driver, place, numbers, names: {} });
        mayGoOn = true;
        continue;
      }
      const current = entries.at(-1);
      if (!current) continue;
      mayGoOn &&= WRAPPED.test(part);
      if (mayGoOn) current.numbers += ` ${part}`;
      const { key, name } = NAME.exec(part)?.groups ?? {};
      if (key !== undefined && name !== undefined) current.names = { ...current.names, [key]: name };
    }
  });
  return entries;
}

/** Without what a terminal was told between the characters (script(1) records it), what web pages put there, and how mails pack it. */
export function linesOf(text: string): string[] {
  const plain = text
    // eslint-disable-next-line no-control-regex
    .replace(/\u001b\[[0-9;?]*[A-Za-z]/g, '')
    .replace(/[\u00ad\u200b-\u200f\u2060\ufeff]/g, '');
  return (/=3D0x[0-9a-f]/i.test(plain) ? unpacked(plain) : plain).split(/\r\n|\r|\n/);
}

/** Quoted-printable (RFC 2045, section 6.7), as far as ASCII needs it. */
function unpacked(text: string): string {
  return text
    .replace(/=(\r\n|\r|\n)/g, '')
    .replace(/=([0-7][0-9A-F])/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}

/** A line may have a megabyte. */
function shortened(digits: string): string {
  return digits.length > 16 ? `${digits.slice(0, 16)}...` : digits;
}

/** The device, or what is wrong with it. */
function deviceOf({ driver, place, numbers, names }: Entry): ListedDevice | string {
  const read = new Map<string, string>();
  for (const [, name = '', digits = ''] of numbers.matchAll(NUMBER)) {
    const key = name.toLowerCase();
    const length = DIGITS[key];
    if (digits.length !== length)
      return `has ${key}=0x${shortened(digits)}, which is not of ${length} hexadecimal digits`;
    if ((read.get(key) ?? digits.toLowerCase()) !== digits.toLowerCase()) return `has two values of ${key}=`;
    read.set(key, digits.toLowerCase());
  }
  const id = pairOf(read, 'vendor', 'device', 'chip');
  if (id === undefined) return 'has neither vendor= and device= nor chip=';
  const [bus = 0, slot = 0, func = 0, domain = 0] = numbersOf(place);
  if (bus > 255 || slot > 31 || func > 7) return 'is no place on a PCI bus';
  const subsystem = pairOf(read, 'subvendor', 'subdevice', 'card');
  return { pci: `${bus}/${slot}/${func}`, domain, id, subsystem, driver, class: read.get('class'), ...names };
}

/** Bus, slot and function, and the domain behind them. */
function numbersOf(place: string): number[] {
  const numbers = place.split(':').map(Number);
  return numbers.length === 3 ? numbers : [...numbers.slice(1), ...numbers.slice(0, 1)];
}

/** Two numbers as `first:second`; in the old form one number has both, the second one in its upper half. */
function pairOf(read: ReadonlyMap<string, string>, first: string, second: string, both: string) {
  const [one, two, old] = [first, second, both].map((key) => read.get(key));
  if (one !== undefined && two !== undefined) return `${one}:${two}`;
  return old === undefined ? undefined : `${old.slice(4)}:${old.slice(0, 4)}`;
}

/** Network controller of no other kind, and the two of radio controllers that are 802.11. */
const WIFI_CLASS = /^(0280|0d20|0d21)/;

/** The Wi-Fi cards of a listing: by their class, or because `isCard` knows the id, as not every card has that class. */
export function wifiDevices(
  devices: readonly ListedDevice[],
  isCard: (id: string) => boolean = () => false,
): ListedDevice[] {
  return devices.filter(({ class: kind, id }) => WIFI_CLASS.test(kind ?? '') || isCard(id));
}

/** Why a device cannot be given to a guest wherever it sits; undefined when its place is no hindrance. */
export function hindranceOf({ domain, pci }: ListedDevice): string | undefined {
  if (domain === 0) return undefined;
  return `it is in PCI domain ${domain}, and pptdevs of loader.conf knows only domain 0: ${pci} there would be another device`;
}
