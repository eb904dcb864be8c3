import { damaged } from './damage.ts';
import { ATTRIBUTES, type FolderEntry } from './folder-entry.ts';
import { SLOT } from './geometry.ts';
import { decodeLongName, LONG_NAME } from './long-name.ts';
import { foldCase, isShortName, nameProblem } from './names.ts';
import { decodeTimestamp } from './time.ts';

/** One file, folder or label found in a folder. */
export interface FoundEntry extends FolderEntry {
  readonly kind: 'file' | 'folder' | 'label';
  /** The long name where there is one, in its exact case. */
  readonly name: string;
  /** Seconds since 1970, UTC. */
  readonly time: number;
}

const DELETED = 0xe5;
const UNKNOWN_ATTRIBUTES = 0xc0;
/** Windows NT's flags for a name that is short but for its case; Linux writes them too. */
const LOWER_STEM = 0x08;
const LOWER_EXTENSION = 0x10;

/**
 * The entries of a folder up to its end mark, `.` and `..` left out by the caller; deleted ones are passed over.
 * `where` names the folder in errors.
 */
export function decodeFolder(bytes: Buffer, where: string): FoundEntry[] {
  const found: FoundEntry[] = [];
  let longSlots: Buffer[] = [];
  for (let at = 0; at + SLOT <= bytes.length && bytes.readUInt8(at) !== 0; at += SLOT) {
    const slot = bytes.subarray(at, at + SLOT);
    if (slot.readUInt8(0) === DELETED) continue;
    if (slot.readUInt8(11) === LONG_NAME) longSlots.push(slot);
    else {
      found.push(decodeEntry(slot, longSlots, where));
      longSlots = [];
    }
  }
  if (longSlots.length > 0) throw damaged(`${where} ends with a long name that belongs to no entry`);
  checkNoTwins(found, where);
  return found;
}

function decodeEntry(slot: Buffer, longSlots: readonly Buffer[], where: string): FoundEntry {
  const attributes = slot.readUInt8(11);
  const kind = kindOf(attributes);
  if (!kind) throw damaged(`${where} has an entry with the attributes ${attributes}, which mean nothing`);
  const time = decodeTimestamp(slot.readUInt16LE(24), slot.readUInt16LE(22));
  if (time === undefined) throw damaged(`${where} has an entry with a date that does not exist`);
  return {
    kind,
    name: kind === 'label' ? slot.toString('latin1', 0, 11).trimEnd() : decodeName(slot, longSlots, where),
    time,
    shortName: slot.toString('latin1', 0, 11),
    attributes,
    firstCluster: slot.readUInt16LE(26),
    size: slot.readUInt32LE(28),
  };
}

function kindOf(attributes: number): FoundEntry['kind'] | undefined {
  const isLabel = (attributes & ATTRIBUTES.label) !== 0;
  const isFolder = (attributes & ATTRIBUTES.folder) !== 0;
  if ((attributes & UNKNOWN_ATTRIBUTES) !== 0 || (isLabel && isFolder)) return undefined;
  return isLabel ? 'label' : isFolder ? 'folder' : 'file';
}

/** Also keeps names out that would lead elsewhere when a path is made of them: `..`, or with a slash. */
function decodeName(slot: Buffer, longSlots: readonly Buffer[], where: string): string {
  const stem = slot.toString('latin1', 0, 8).replace(/ +$/, '');
  const extension = slot.toString('latin1', 8, 11).replace(/ +$/, '');
  const short = extension === '' ? stem : `${stem}.${extension}`;
  if (longSlots.length === 0) {
    if (isShortName(short)) return lowerByFlags(stem, extension, slot.readUInt8(12));
    throw damaged(`${where} has an entry with the name ${JSON.stringify(short)}, which is no short name`);
  }
  const name = decodeLongName(longSlots, slot.subarray(0, 11));
  if (name === undefined) {
    throw damaged(`${where} has a long name that does not belong to ${JSON.stringify(short)}`);
  }
  const problem = nameProblem(name);
  if (problem) throw damaged(`${where} has an entry with the name ${JSON.stringify(name)}: ${problem}`);
  return name;
}

function lowerByFlags(stem: string, extension: string, flags: number): string {
  const first = (flags & LOWER_STEM) === 0 ? stem : stem.toLowerCase();
  const second = (flags & LOWER_EXTENSION) === 0 ? extension : extension.toLowerCase();
  return second === '' ? first : `${first}.${second}`;
}

function checkNoTwins(found: readonly FoundEntry[], where: string): void {
  const names = new Set<string>();
  const shortNames = new Set<string>();
  for (const { kind, name, shortName } of found) {
    if (kind === 'label') continue;
    if (names.has(foldCase(name)) || shortNames.has(shortName)) {
      throw damaged(`${where} has two entries with the name ${JSON.stringify(name)}`);
    }
    names.add(foldCase(name));
    shortNames.add(shortName);
  }
}
