import * as z from 'zod';
import { maskOf, parseAddress, parseUla, type Groups64 } from './address.ts';

// Each schema is used once or twice in a run: compiling code for it would cost more than it saves.
z.config({ jitless: true });

/**
 * What a field is. `allowed` completes the sentence "must be ..."; with the example it is the field's error text,
 * and with the description it is what editors and the manual show.
 */
interface About {
  readonly description: string;
  readonly allowed: string;
  readonly example: string;
  /** The example as it has to be written in YAML, where that needs quotes. */
  readonly quoted?: boolean;
  /** A better answer than `allowed` to a slip that is known. */
  readonly hint?: (written: string) => string | undefined;
  /** For an entry of choiceOrList. */
  readonly inChoice?: boolean;
}

/** The PCI vendors of the cards in the table. */
export const VENDORS: readonly string[] = ['8086', '168c', '17cb', '10ec', '14c3', '14e4', '11ab', '1814'];

/** The most characters of a text that names no limit of its own. */
export const LONGEST_TEXT = 200;

/** Text that matches a pattern. The pattern is part of the JSON Schema, so that editors check it too. */
export function text(
  pattern: RegExp,
  { description, allowed, example, quoted, hint, inChoice = false }: About,
  limit = LONGEST_TEXT,
) {
  const error = `${allowed}, for example ${quoted ? `"${example}"` : example}`;
  const tooLong = `at most ${limit} characters: ${error}`;
  return z
    .string({ error })
    .max(limit, { error: tooLong, abort: !inChoice })
    .regex(pattern, { error: ({ input }) => hint?.(String(input)) ?? error, abort: !inChoice })
    .meta({ description, examples: [example] });
}

/** A whole number from `least` to `most`. */
export function integer(least: number, most: number, description: string) {
  const error = `a whole number from ${least} to ${most}`;
  return z.int({ error }).min(least, { error }).max(most, { error }).meta({ description });
}

/** One word out of a few. */
export function choice<const Words extends readonly [string, ...string[]]>(
  words: Words,
  description: string,
) {
  const error = words.length === 1 ? `${words[0]}, the only one there is` : `one of ${words.join(', ')}`;
  return z.enum(words, { error }).meta({ description });
}

export function flag(description: string) {
  return z.boolean({ error: 'true or false' }).meta({ description });
}

export function list<Item extends z.ZodType>(
  item: Item,
  { description, least = 0, most = 64 }: { description: string; least?: number; most?: number },
) {
  const error = least > 0 ? `a list of ${least} to ${most} entries` : `a list of at most ${most} entries`;
  return z.array(item, { error }).min(least, { error }).max(most, { error }).meta({ description });
}

/**
 * One word out of a few, or a list instead. Its entries are `inChoice`: a check that ends at the first problem would
 * have the whole list reported as none of both, and not the wrong entry.
 */
export function choiceOrList<const Words extends readonly [string, ...string[]], Item extends z.ZodType>(
  words: Words,
  item: Item,
  { description, most }: { description: string; most: number },
) {
  const error = `${words.join(', ')}, or a list of at most ${most} entries`;
  const several = z.array(item, { error }).min(1, { error }).max(most, { error });
  return z.union([z.enum(words, { error }), several], { error }).meta({ description });
}

/** Keys under a common name. Keys that are not in `shape` are refused. */
export function group<Shape extends z.core.$ZodLooseShape>(shape: Shape, description: string) {
  const error = `a group of keys: ${Object.keys(shape).join(', ')}`;
  return z.strictObject(shape, { error }).meta({ description });
}

/** Adds an error that is a whole sentence, as opposed to the "must be ..." texts. */
function refuse(context: z.RefinementCtx, message: string): typeof z.NEVER {
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
}

const LEAST_MEMORY = 64;
const MOST_MEMORY = 16 * 1024;

/** `384MB`, `384 MiB` and `384m`; a number alone is taken for MiB, as bhyve does. */
function memoryWithUnit(written: string): string | undefined {
  const [, number, unit = 'M'] = /^([1-9][0-9]{0,5}) *(?:([MG])(?:i?B)?)?$/i.exec(written) ?? [];
  return number === undefined ? undefined : `written with M or G alone: ${number}${unit.toUpperCase()}`;
}

/** Memory written with its unit; read as MiB. */
export function memory(description: string) {
  const about = {
    description,
    allowed: 'a whole number with M or G, from 64M to 16G',
    example: '384M',
    hint: memoryWithUnit,
  };
  return text(/^[1-9][0-9]{0,5}[MG]$/, about).transform((written, context) => {
    const size = Number.parseInt(written, 10) * (written.endsWith('G') ? 1024 : 1);
    if (size >= LEAST_MEMORY && size <= MOST_MEMORY) return size;
    return refuse(
      context,
      `has to be from 64M to 16G; bhyve takes all of it from the host for as long as the guest runs`,
    );
  });
}

const QUAD = /^([0-9]{1,3}\.){3}[0-9]{1,3}$/;
const BAD_QUAD = 'is no IPv4 address: four numbers from 0 to 255 without leading zeros, separated by dots';

const WITH_PREFIX = /^((?:[0-9]{1,3}\.){3}[0-9]{1,3})\/[0-9.]+$/;

/** An IPv4 address. */
export function address(description: string, example: string) {
  const hint = (written: string) => {
    const [, quad] = WITH_PREFIX.exec(written) ?? [];
    return quad === undefined
      ? undefined
      : `an IPv4 address alone, without what is behind the slash: ${quad}`;
  };
  const about = { description, allowed: 'an IPv4 address without a prefix length', example, hint };
  return text(QUAD, about).transform((quad, context) => {
    const value = parseAddress(quad);
    return value === undefined ? refuse(context, BAD_QUAD) : { text: quad, address: value };
  });
}

const WITH_NETMASK =
  /^((?:[0-9]{1,3}\.){3}[0-9]{1,3})(?: *\/ *| +netmask +| +)(0x[0-9a-f]{8}|(?:[0-9]{1,3}\.){3}[0-9]{1,3})$/i;

/** ifconfig(8) takes and prints a netmask, in two ways, where a profile has the length of the prefix. */
function prefixOfNetmask(written: string): string | undefined {
  const [, quad, mask = ''] = WITH_NETMASK.exec(written) ?? [];
  if (quad === undefined) return undefined;
  const value = mask.includes('.') ? parseAddress(mask) : Number(mask);
  const prefix = Array.from({ length: 33 }, (_, bits) => bits).find((bits) => maskOf(bits) === value);
  return prefix === undefined
    ? undefined
    : `written with the length of the prefix in place of a netmask: ${quad}/${prefix}`;
}

/** An IPv4 address with the prefix length of its subnet. */
export function prefixedAddress(description: string, example: string) {
  const about = {
    description,
    allowed: 'an IPv4 address with a prefix length from 8 to 30',
    example,
    hint: prefixOfNetmask,
  };
  return text(/^([0-9]{1,3}\.){3}[0-9]{1,3}\/[0-9]{1,2}$/, about).transform((written, context) => {
    const [quad = '', bits = ''] = written.split('/');
    const value = parseAddress(quad);
    const prefix = Number(bits);
    if (value === undefined) return refuse(context, BAD_QUAD);
    if (prefix >= 8 && prefix <= 30) return { text: quad, address: value, prefix };
    return refuse(
      context,
      'needs a prefix length from 8 to 30: /31 and /32 leave no room for host and guest',
    );
  });
}

/** A /64 of unique local addresses; read as its four groups. */
export function uniqueLocalPrefix(description: string) {
  const about = {
    description,
    allowed: 'an IPv6 prefix of unique local addresses',
    example: 'fd12:3456:789a::/64',
  };
  return text(/^[0-9A-Fa-f:]+\/[0-9]{1,3}$/, about).transform((written, context): Groups64 => {
    const groups = parseUla(written);
    return typeof groups === 'string'
      ? refuse(context, `${groups}; for example fd12:3456:789a::/64`)
      : groups;
  });
}

/**
 * A place as other programs write it: pciconf(8) and devctl(8) `pci0:4:0:0`, FreeBSD's own lines without `pci`, lspci(8)
 * `0000:04:00.0`, in hexadecimal.
 */
function placeOfSelector(written: string): string | undefined {
  const [, domain = '0', ...decimal] =
    /^(?:(?:[a-z_0-9]+@)?pci)?(?:([0-9]+):)?([0-9]+):([0-9]+):([0-9]+):?$/.exec(written) ?? [];
  const [, hexDomain = '0', ...hexadecimal] =
    /^(?:([0-9a-f]{4,}):)?([0-9a-f]{2}):([0-9a-f]{2})\.([0-7])$/i.exec(written) ?? [];
  const place = decimal.length > 0 ? decimal : hexadecimal.map((digits) => Number.parseInt(digits, 16));
  if (place.length === 0) return undefined;
  if (Number(domain) !== 0 || Number.parseInt(hexDomain, 16) !== 0)
    return 'a device in PCI domain 0; bhyve passes no other domain through';
  return `written as bus/slot/function: ${place.join('/')}`;
}

/** A place on the PCI bus, `bus/slot/func`, or the word auto. */
export function pciPlace(description: string) {
  const about = {
    description,
    allowed: 'bus/slot/function in decimal, or auto',
    example: '4/0/0',
    hint: placeOfSelector,
  };
  return text(/^(auto|[0-9]{1,3}\/[0-9]{1,3}\/[0-9]{1,3})$/, about).transform((written, context) => {
    if (written === 'auto') return written;
    const [bus = 0, slot = 0, func = 0] = written.split('/').map(Number);
    if (bus <= 255 && slot <= 31 && func <= 7) return { text: `${bus}/${slot}/${func}`, bus, slot, func };
    return refuse(context, 'is no place on a PCI bus: bus 0 to 255, slot 0 to 31, function 0 to 7');
  });
}

const TWO_NUMBERS = /^(?:pci)?(?:vendor=)?(?:0x)?([0-9a-f]{4})[ :/,.-]+(?:device=)?(?:0x)?([0-9a-f]{4})$/i;
const ONE_NUMBER = /^(?:chip=)?(?:0x)?([0-9a-f]{4})([0-9a-f]{4})$/i;

/**
 * An id as pciconf(8) and others write it. In the one number of older releases, `chip=0x24f38086`, the vendor is the lower
 * half; where the vendor is not known, that form is meant.
 */
export function idOfNumbers(written: string): string | undefined {
  const [, first, second] = TWO_NUMBERS.exec(written) ?? [];
  if (first !== undefined && second !== undefined) return `${first}:${second}`.toLowerCase();
  const [, upper, lower] = ONE_NUMBER.exec(written.toLowerCase()) ?? [];
  if (upper === undefined || lower === undefined) return undefined;
  const isSwapped = VENDORS.includes(upper) && !VENDORS.includes(lower);
  return isSwapped ? `${upper}:${lower}` : `${lower}:${upper}`;
}

/** The vendor and device number of a card, as written. */
function pciIdText(description: string, inChoice: boolean) {
  const hint = (written: string) => {
    const id = idOfNumbers(written);
    return id === undefined ? undefined : `written as vendor:device: ${id}`;
  };
  const about = {
    description,
    allowed: 'vendor:device, four hexadecimal digits each',
    example: '8086:24f3',
    hint,
  };
  return text(/^[0-9A-Fa-f]{4}:[0-9A-Fa-f]{4}$/, { ...about, inChoice });
}

function parsePciId(written: string): { vendor: string; device: string } {
  const [vendor = '', device = ''] = written.toLowerCase().split(':');
  return { vendor, device };
}

/** The vendor and device number of a card. */
export function pciId(description: string) {
  return pciIdText(description, false).transform(parsePciId);
}

/** One of them, or a list; read as a list. */
export function pciIds(description: string, most: number) {
  const one = pciIdText('Vendor and device.', true);
  const error = `vendor:device, or a list of at most ${most} of them`;
  const several = z.array(one, { error }).min(1, { error }).max(most, { error });
  return z
    .union([one, several], { error })
    .meta({ description })
    .transform((written) => [written].flat().map(parsePciId));
}

/** What `uname -r` prints, and 14.30, which as a number is 14.3. */
function versionOfRelease(written: string): string | undefined {
  const [, version] =
    /^(?:FreeBSD[ -])?([1-9][0-9]?\.[0-9]{1,2}?)0?(?:-[A-Z0-9]+(?:-p[0-9]+)?)?$/i.exec(written) ?? [];
  return version === undefined || version === written
    ? undefined
    : `the two numbers alone, in quotes: "${version}"`;
}

/** A FreeBSD release number such as 14.3. */
export function freebsdVersion(description: string) {
  const about = {
    description,
    allowed: 'a FreeBSD version in quotes',
    example: '14.3',
    quoted: true,
    hint: versionOfRelease,
  };
  // No 14.30: YAML reads 14.30 as 14.3, and in quotes nobody means another one.
  return text(/^[1-9][0-9]?\.([0-9]|[1-9][1-9])$/, about).transform((written) => {
    const [major = 0, minor = 0] = written.split('.').map(Number);
    return { text: written, major, minor };
  });
}
