import { SLOT } from './geometry.ts';

/** Characters (UTF-16 code units) in one slot, and where they lie in it. */
const POSITIONS = [1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30];
const PER_SLOT = POSITIONS.length;
/** Added to the number of the slot that comes first on disk, which holds the end of the name. */
const LAST = 0x40;
const FILLER = 0xffff;
/** The attributes that mark a slot as part of a long name: read-only, hidden, system and label together. */
export const LONG_NAME = 0x0f;

/** Slots that the long form of a name takes. */
export function longNameSlots(name: string): number {
  return Math.ceil(name.length / PER_SLOT);
}

/** Writes the slots of a long name, to be followed by the entry with its short name. */
export function encodeLongName(name: string, shortName: Uint8Array): Uint8Array {
  const count = longNameSlots(name);
  const bytes = Buffer.alloc(count * SLOT);
  const sum = shortNameSum(shortName);
  for (let number = count; number >= 1; number--) {
    const slot = bytes.subarray((count - number) * SLOT, (count - number + 1) * SLOT);
    slot.writeUInt8(number === count ? number | LAST : number, 0);
    slot.writeUInt8(LONG_NAME, 11);
    slot.writeUInt8(sum, 13);
    POSITIONS.forEach((position, index) => {
      slot.writeUInt16LE(unitAt(name, (number - 1) * PER_SLOT + index), position);
    });
  }
  return bytes;
}

/** The name's character; a zero closes a name that does not fill its last slot, filler follows. */
function unitAt(name: string, index: number): number {
  if (index === name.length) return 0;
  return index < name.length ? name.charCodeAt(index) : FILLER;
}

/** Ties a long name to its short one, so that a system without long names cannot leave a wrong one behind. */
function shortNameSum(shortName: Uint8Array): number {
  let sum = 0;
  for (const byte of shortName) sum = (((sum & 1) << 7) + (sum >> 1) + byte) & 0xff;
  return sum;
}

/** Reads the slots of one long name in the order on disk; undefined when they do not belong together. */
export function decodeLongName(slots: readonly Buffer[], shortName: Uint8Array): string | undefined {
  const sum = shortNameSum(shortName);
  const right = slots.every((slot, index) => {
    const number = slots.length - index;
    const expected = index === 0 ? number | LAST : number;
    return slot.readUInt8(0) === expected && slot.readUInt8(13) === sum && slot.readUInt8(12) === 0;
  });
  // This bounds how many there are, too: their number is one byte.
  if (!right) return undefined;
  const units = slots
    .toReversed()
    .flatMap((slot) => POSITIONS.map((position) => slot.readUInt16LE(position)));
  const zero = units.indexOf(0);
  const length = zero < 0 ? units.length : zero;
  const filled = units.slice(length + 1).every((unit) => unit === FILLER);
  return filled ? String.fromCharCode(...units.slice(0, length)) : undefined;
}
