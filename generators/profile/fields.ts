import * as z from 'zod';
import { parseAddress, parseUla, type Groups64 } from './address.ts';

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

/** Memory written with its unit; read as MiB. */
export function memory(description: string) {
  const about = { description, allowed: 'a whole number with M or G, from 64M to 16G', example: '384M' };
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

/** An IPv4 address. */
export function address(description: string, example: string) {
  const about = { description, allowed: 'an IPv4 address without a prefix length', example };
  return text(QUAD, about).transform((quad, context) => {
    const value = parseAddress(quad);
    return value === undefined ? refuse(context, BAD_QUAD) : { text: quad, address: value };
  });
}

/** An IPv4 address with the prefix length of its subnet. */
export function prefixedAddress(description: string, example: string) {
  const about = { description, allowed: 'an IPv4 address with a prefix length from 8 to 30', example };
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

/** pciconf(8) and devctl(8) write a place as `pci0:4:0:0`, which bhyve does not take. */
function placeOfSelector(written: string): string | undefined {
  const [, domain, bus, slot, func] =
    /^(?:[a-z_0-9]+@)?pci([0-9]+):([0-9]+):([0-9]+):([0-9]+):?$/.exec(written) ?? [];
  if (domain === undefined) return undefined;
  if (domain !== '0') return 'a device in PCI domain 0; bhyve passes no other domain through';
  return `written as bus/slot/function: ${bus}/${slot}/${func}`;
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

/** The vendor and device number of a card, as written. */
function pciIdText(description: string, inChoice: boolean) {
  const about = { description, allowed: 'vendor:device, four hexadecimal digits each', example: '8086:24f3' };
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

/** A FreeBSD release number such as 14.3. */
export function freebsdVersion(description: string) {
  const about = { description, allowed: 'a FreeBSD version in quotes', example: '14.3', quoted: true };
  return text(/^[1-9][0-9]?\.[0-9]{1,2}$/, about).transform((written) => {
    const [major = 0, minor = 0] = written.split('.').map(Number);
    return { text: written, major, minor };
  });
}
