import { createHash } from 'node:crypto';
import { inPathOrder } from './order.ts';
import type { File } from './tree.ts';

/*
 * A FAT12 or FAT16 volume that fills a disk without a partition table: boot sector, two copies of the table, root
 * directory, clusters. After Microsoft's "FAT: General Overview of On-Disk Format", 1.03.
 */

const SECTOR = 512;
/** A directory consists of slots of this many bytes. */
const SLOT = 32;
const ROOT_SLOTS = 512;
const MOST_SLOTS = 65536;
/** Clusters are counted from here: the first two entries of the table have other uses. */
const FIRST = 2;
/** A volume with more clusters is FAT16, with more than that FAT32: the count alone decides. */
const MOST_FAT12 = 4084;
const MOST_FAT16 = 65524;
/** Some drivers are off by a few at these limits, so the specification says to stay away this far. */
const MARGIN = 16;
const SMALLEST = 64 * 1024;
const LARGEST = 2047 * 1024 * 1024;
const STEP = 1024 * 1024;
/** The media byte of a disk that is not a floppy; the table begins with it. */
const MEDIA = 0xf8;
/** Ends a chain of clusters; FAT12 has the lower 12 bits. */
const END = 0xffff;
const LABEL = 0x08;
const DIRECTORY = 0x10;
const ARCHIVE = 0x20;
const LONG_NAME = 0x0f;

type FatFile = Pick<File, 'path' | 'bytes'>;

export interface Volume {
  /** 1 to 11 of A-Z and 0-9. */
  readonly label: string;
  /** In any order: it does not change the volume. Directories come from the paths. */
  readonly files: readonly FatFile[];
  /** Seconds since 1970 for every date on the volume. */
  readonly time: number;
  /** Bytes of the whole volume, a multiple of 512. */
  readonly size: number;
}

/**
 * The bytes of the whole disk. Each file lies in one piece, behind the directories. The serial number is taken from
 * label, paths and contents.
 * @throws RangeError when FAT cannot hold it
 */
export function encodeFat({ label, files, time, size }: Volume): Uint8Array {
  if (!/^[A-Z0-9]{1,11}$/.test(label)) throw new RangeError(`FAT label ${JSON.stringify(label)}`);
  const nodes = nodesOf(files);
  const layout = layoutOf(nodes, size);
  if (!layout) throw new RangeError(`a FAT volume of ${size} bytes cannot hold these files`);
  const image = Buffer.alloc(size);
  const stamp = stampOf(time);
  const lengths = placeNodes(nodes, layout);
  writeBootSector(image, layout, label, serialOf(label, files));
  writeTables(image, layout, lengths);
  for (const node of nodes) {
    if (!node.bytes) writeDirectory(image.subarray(startOf(node, layout)), node, label, stamp);
    else if (node.first > 0) image.set(node.bytes, startOf(node, layout));
  }
  return image;
}

/**
 * The files of a volume that encodeFat has made, in the order of `sizes`. Where they lie follows from their paths and sizes
 * alone, so a volume that somebody else has made, or changed, gives other bytes: compare them.
 * @throws RangeError when such files cannot be on it
 */
export function filesOfFat(
  image: Uint8Array,
  sizes: readonly { readonly path: string; readonly size: number }[],
): Uint8Array[] {
  const files = sizes.map(({ path, size }) => ({ path, bytes: image.subarray(0, size) }));
  const nodes = nodesOf(files);
  const layout = layoutOf(nodes, image.length);
  if (!layout || files.some(({ bytes }, at) => bytes.length !== sizes[at]?.size))
    throw new RangeError(`a FAT volume of ${image.length} bytes cannot hold these files`);
  placeNodes(nodes, layout);
  const found = new Map(nodes.map((node) => [pathOf(node), node]));
  return sizes.map(({ path, size }) => {
    const node = found.get(path);
    const at = node && node.first > 0 ? startOf(node, layout) : 0;
    return image.subarray(at, at + size);
  });
}

/** The smallest size for these files, in whole MiB. */
export function fatSizeFor(files: readonly FatFile[]): number {
  const nodes = nodesOf(files);
  const content = nodes.reduce((sum, { size }) => sum + size, 0);
  // A larger volume can hold less, its clusters being larger.
  for (let size = Math.ceil(content / STEP) * STEP; size <= LARGEST; size += STEP)
    if (layoutOf(nodes, size)) return size;
  throw new RangeError(`no FAT volume can hold ${content} bytes in ${files.length} files`);
}

/** A file or a directory. */
interface Node {
  readonly name: string;
  /** Undefined for the root. */
  readonly parent: Node | undefined;
  /** Undefined for a directory. */
  readonly bytes: Uint8Array | undefined;
  /** By name in capitals: FAT ignores case. */
  readonly children: Map<string, Node>;
  /** The 11 bytes of its short name. */
  short: string;
  /** Bytes; of a directory those of its slots. */
  size: number;
  /** Its first cluster; 0 for the root and for an empty file. */
  first: number;
}

/** All that is on the volume, in the order on disk: the root, directories breadth first, files likewise. */
function nodesOf(files: readonly FatFile[]): Node[] {
  const root = nodeOf('', undefined);
  for (const { path, bytes } of inPathOrder(files)) {
    const names = path.split('/');
    const name = names.pop() ?? '';
    addChild(names.reduce(directoryIn, root), name, bytes);
  }
  const directories = [root];
  // The list grows while it is walked.
  for (const directory of directories) {
    const children = [...directory.children.values()];
    nameShort(children);
    const slots = children.reduce((sum, { name }) => sum + longSlots(name) + 1, directory === root ? 1 : 2);
    if (slots > (directory === root ? ROOT_SLOTS : MOST_SLOTS))
      throw new RangeError(`FAT: ${slots} slots in the directory ${JSON.stringify(directory.name)}`);
    directory.size = slots * SLOT;
    directories.push(...children.filter(({ bytes }) => !bytes));
  }
  const all = directories.flatMap(({ children }) => [...children.values()]);
  return [...directories, ...all.filter(({ bytes }) => bytes)];
}

function pathOf({ name, parent }: Node): string {
  return parent?.parent ? `${pathOf(parent)}/${name}` : name;
}

/** Gives every node its first cluster, and returns how many each has that has any. */
function placeNodes(nodes: readonly Node[], { cluster }: Layout): number[] {
  let next = FIRST;
  return nodes
    .filter(({ parent, size }) => parent && size > 0)
    .map((node) => {
      const length = Math.ceil(node.size / cluster);
      node.first = next;
      next += length;
      return length;
    });
}

/** Where it lies, in bytes. */
function startOf({ parent, first }: Node, { root, data, cluster }: Layout): number {
  return parent ? data + (first - FIRST) * cluster : root;
}

function nodeOf(name: string, parent: Node | undefined, bytes?: Uint8Array): Node {
  return { name, parent, bytes, children: new Map(), short: '', size: bytes?.length ?? 0, first: 0 };
}

function directoryIn(parent: Node, name: string): Node {
  const known = parent.children.get(name.toUpperCase());
  return known?.name === name && !known.bytes ? known : addChild(parent, name);
}

function addChild(parent: Node, name: string, bytes?: Uint8Array): Node {
  if (!/^[ !#-).0-9;=@-[\]-{}~+,-]{1,255}$/.test(name) || /[. ]$/.test(name))
    throw new RangeError(`FAT cannot hold the name ${JSON.stringify(name)}`);
  const key = name.toUpperCase();
  if (parent.children.has(key))
    throw new RangeError(`FAT ignores case: ${JSON.stringify(name)} is there twice`);
  const child = nodeOf(name, parent, bytes);
  parent.children.set(key, child);
  return child;
}

const NOT_SHORT = /[^A-Z0-9$%'\-_@~`!(){}^#&]/g;
const SHORT = /^([A-Z0-9$%'\-_@~`!(){}^#&]{1,8})(?:\.([A-Z0-9$%'\-_@~`!(){}^#&]{1,3}))?$/;

/**
 * The short names in one directory. A name that is short but for its case keeps its letters, the others are cut and
 * numbered in order (3.2.4 of the specification).
 */
function nameShort(children: readonly Node[]): void {
  const taken = new Set<string>();
  const take = (child: Node, stem: string, extension: string): void => {
    const short = stem.padEnd(8) + extension.padEnd(3);
    if (!taken.has(short)) child.short = short;
    taken.add(short);
  };
  for (const child of children) {
    const [, stem, extension = ''] = SHORT.exec(child.name.toUpperCase()) ?? [];
    if (stem !== undefined) take(child, stem, extension);
  }
  for (const child of children.filter(({ short }) => short === '')) {
    const plain = child.name.toUpperCase().replaceAll(' ', '').replace(/^\.+/, '');
    const [, stem = '', extension = ''] = /^(.*?)(?:\.([^.]*))?$/.exec(plain) ?? [];
    const letters = stem.replaceAll('.', '').replace(NOT_SHORT, '_');
    for (let number = 1; child.short === ''; number++)
      take(
        child,
        `${letters.slice(0, 7 - String(number).length)}~${number}`,
        extension.replace(NOT_SHORT, '_').slice(0, 3),
      );
  }
}

/** Where the parts lie, in bytes. */
interface Layout {
  readonly bits: 12 | 16;
  /** The length of one copy of the table. */
  readonly table: number;
  readonly root: number;
  readonly data: number;
  /** The length of a cluster. */
  readonly cluster: number;
}

/** The smallest clusters that keep clear of the limits; undefined when the content does not fit. */
function layoutOf(nodes: readonly Node[], size: number): Layout | undefined {
  if (size % SECTOR !== 0 || size < SMALLEST || size > LARGEST) return undefined;
  for (let cluster = SECTOR; cluster <= 64 * SECTOR; cluster *= 2) {
    for (let table = SECTOR; table <= 256 * SECTOR; table += SECTOR) {
      const root = SECTOR + 2 * table;
      const data = root + ROOT_SLOTS * SLOT;
      const clusters = Math.floor((size - data) / cluster);
      const bits = clusters <= MOST_FAT12 ? 12 : 16;
      // Every growth of the table takes clusters away.
      if (clusters < 1 || clusters > MOST_FAT16 || ((clusters + FIRST) * bits) / 8 > table) continue;
      if ([MOST_FAT12, MOST_FAT16].some((limit) => Math.abs(clusters - limit) <= MARGIN)) break;
      const inClusters = nodes.filter(({ parent }) => parent);
      const needed = inClusters.reduce((sum, node) => sum + Math.ceil(node.size / cluster), 0);
      return needed <= clusters ? { bits, table, root, data, cluster } : undefined;
    }
  }
  return undefined;
}

/** Begins a hash with each part's length, so that parts cannot run into each other. */
function serialOf(label: string, files: readonly FatFile[]): number {
  const hash = createHash('sha256');
  const add = (bytes: Uint8Array): void => void hash.update(`${bytes.length}:`).update(bytes);
  add(Buffer.from(label));
  for (const { path, bytes } of inPathOrder(files)) {
    add(Buffer.from(path));
    add(bytes);
  }
  return hash.digest().readUInt32BE(0);
}

function writeBootSector(
  image: Buffer,
  { bits, table, cluster }: Layout,
  label: string,
  serial: number,
): void {
  const sectors = image.length / SECTOR;
  // Jump to byte 62; there the BIOS is asked for the next boot device.
  image.set([0xeb, 60, 0x90]);
  image.set([0xcd, 0x18, 0xf4, 0xeb, 0xfd], 62);
  image.write('AIRHIVE ', 3);
  image.writeUInt16LE(SECTOR, 11);
  image.writeUInt8(cluster / SECTOR, 13);
  // One reserved sector, two copies of the table.
  image.writeUInt16LE(1, 14);
  image.writeUInt8(2, 16);
  image.writeUInt16LE(ROOT_SLOTS, 17);
  image.writeUInt16LE(sectors > 0xffff ? 0 : sectors, 19);
  image.writeUInt8(MEDIA, 21);
  image.writeUInt16LE(table / SECTOR, 22);
  // Sectors and heads for BIOS calls, which nothing makes: a cylinder is 1 MiB.
  image.writeUInt16LE(32, 24);
  image.writeUInt16LE(64, 26);
  image.writeUInt32LE(sectors > 0xffff ? sectors : 0, 32);
  // The first hard disk; serial number, label and type follow.
  image.writeUInt8(0x80, 36);
  image.writeUInt8(0x29, 38);
  image.writeUInt32LE(serial, 39);
  image.write(label.padEnd(11), 43);
  image.write(`FAT${bits}   `, 54);
  image.writeUInt16LE(0xaa55, 510);
}

/** Both copies of the table: chains of these lengths, one behind the other. */
function writeTables(image: Buffer, { bits, table }: Layout, lengths: readonly number[]): void {
  const write = (cluster: number, value: number): void => {
    const at = SECTOR + Math.floor((cluster * bits) / 8);
    if (bits === 16) image.writeUInt16LE(value, at);
    // An even entry of 12 bits begins at a byte, an odd one in the middle of it.
    else if (cluster % 2 === 0) image.writeUInt16LE(value & 0xfff, at);
    else image.writeUInt16LE(image.readUInt8(at) | ((value & 0xfff) << 4), at);
  };
  write(0, 0xff00 | MEDIA);
  write(1, END);
  let cluster = FIRST;
  for (const length of lengths) {
    for (const end = cluster + length - 1; cluster < end; cluster++) write(cluster, cluster + 1);
    write(cluster++, END);
  }
  image.copyWithin(SECTOR + table, SECTOR, SECTOR + table);
}

/** FAT has local time without a zone, from 1980 to 2107: UTC is written, and the nearest date there is. */
function stampOf(seconds: number) {
  const [first, last] = [Date.UTC(1980, 0, 1), Date.UTC(2107, 11, 31, 23, 59, 59)];
  const date = new Date(Math.min(Math.max(Math.floor(seconds) * 1000, first), last));
  if (Number.isNaN(date.getTime())) throw new RangeError(`FAT time ${seconds}`);
  return {
    date: ((date.getUTCFullYear() - 1980) << 9) | ((date.getUTCMonth() + 1) << 5) | date.getUTCDate(),
    time: (date.getUTCHours() << 11) | (date.getUTCMinutes() << 5) | (date.getUTCSeconds() >> 1),
    // Only the time of creation has the odd second.
    hundredths: (date.getUTCSeconds() % 2) * 100,
  };
}

/** The label or `.` and `..`, then all children, each behind its long name. */
function writeDirectory(
  slots: Buffer,
  { parent, first, children }: Node,
  label: string,
  { date, time, hundredths }: ReturnType<typeof stampOf>,
): void {
  let at = 0;
  const add = (short: string, attributes: number, cluster: number, size = 0): void => {
    slots.write(short.padEnd(11), at);
    slots.writeUInt8(attributes, at + 11);
    // Created and read; a label is only written.
    if (attributes !== LABEL) {
      slots.writeUInt8(hundredths, at + 13);
      slots.writeUInt16LE(time, at + 14);
      slots.writeUInt16LE(date, at + 16);
      slots.writeUInt16LE(date, at + 18);
    }
    slots.writeUInt16LE(time, at + 22);
    slots.writeUInt16LE(date, at + 24);
    slots.writeUInt16LE(cluster, at + 26);
    slots.writeUInt32LE(size, at + 28);
    at += SLOT;
  };
  if (parent) {
    add('.', DIRECTORY, first);
    add('..', DIRECTORY, parent.first);
  } else add(label, LABEL, 0);
  for (const child of children.values()) {
    at += writeLongName(slots.subarray(at), child);
    add(child.short, child.bytes ? ARCHIVE : DIRECTORY, child.first, child.bytes?.length);
  }
}

/** Where the characters lie in a slot of a long name. */
const PLACES = [1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30];

/** Slots in front of the one with the short name. */
function longSlots(name: string): number {
  return SHORT.test(name) ? 0 : Math.ceil(name.length / PLACES.length);
}

/** Writes these slots, the end of the name first, and returns their length. */
function writeLongName(slots: Buffer, { name, short }: Node): number {
  const count = longSlots(name);
  // Ties both names together: a system without long ones cannot leave a wrong one behind.
  const sum = Buffer.from(short).reduce((so, byte) => (((so & 1) << 7) + (so >> 1) + byte) & 0xff, 0);
  for (let number = count; number >= 1; number--) {
    const slot = slots.subarray((count - number) * SLOT);
    slot.writeUInt8(number === count ? number | 0x40 : number);
    slot.writeUInt8(LONG_NAME, 11);
    slot.writeUInt8(sum, 13);
    PLACES.forEach((place, index) => {
      const character = (number - 1) * PLACES.length + index;
      // A zero ends a name that does not fill its last slot, and ones fill the rest.
      const code = character === name.length ? 0 : name.charCodeAt(character);
      slot.writeUInt16LE(character > name.length ? 0xffff : code, place);
    });
  }
  return count * SLOT;
}
