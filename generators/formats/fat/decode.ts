import { compareCodeUnits } from '../order.ts';
import { decodeBootSector } from './boot-sector.ts';
import { ClusterReader } from './clusters.ts';
import { damaged } from './damage.ts';
import { decodeFolder, type FoundEntry } from './decode-folder.ts';
import { ATTRIBUTES } from './folder-entry.ts';
import { dataOffset, rootOffset, SLOT } from './geometry.ts';
import { LONGEST_PATH } from './names.ts';

/** A file found on a volume. */
export interface DecodedFile {
  /** Parts separated by `/`; no part is empty, `.` or `..`. */
  readonly path: string;
  readonly bytes: Uint8Array;
  /** Seconds since 1970, always even, with what the volume says taken as UTC. */
  readonly time: number;
}

/** What a volume holds. */
export interface DecodedFat {
  /** Empty when the volume has none. */
  readonly label: string;
  readonly serial: number;
  /** In code unit order of the paths; folders without files do not appear. */
  readonly files: readonly DecodedFile[];
}

/** A folder whose entries are still to be followed. */
interface OpenFolder {
  /** Empty for the root, else with a slash at its end. */
  readonly prefix: string;
  /** 0 for the root. */
  readonly cluster: number;
  readonly entries: readonly FoundEntry[];
}

/**
 * Reads a FAT12 or FAT16 volume that fills the whole image. Everything that can contradict itself is compared:
 * sizes, copies of the FAT, chains and sizes of files, long and short names, labels.
 * @throws AirhiveError verification with the first thing found wrong; never anything else, whatever the bytes are
 */
export function decodeFat(image: Uint8Array): DecodedFat {
  const bytes = Buffer.from(image.buffer, image.byteOffset, image.length);
  const { geometry, label, serial } = decodeBootSector(bytes);
  const clusters = new ClusterReader(bytes, geometry);
  const root = decodeFolder(bytes.subarray(rootOffset(geometry), dataOffset(geometry)), 'the top folder');
  const files = readTree(
    root.filter(({ kind }) => kind !== 'label'),
    clusters,
  );
  clusters.checkAllRead();
  return {
    label: decodeLabel(root, label),
    serial,
    files: files.sort((a, b) => compareCodeUnits(a.path, b.path)),
  };
}

/** The label stands in the boot sector and in the top folder; different tools read different ones. */
function decodeLabel(root: readonly FoundEntry[], inBootSector: string): string {
  const [entry, second] = root.filter(({ kind }) => kind === 'label');
  if (second) throw damaged('the top folder has two labels');
  if ((entry?.name ?? 'NO NAME') !== inBootSector.replace(/ +$/, '')) {
    throw damaged('the labels in the boot sector and in the top folder differ');
  }
  return entry?.name ?? '';
}

/** The list of open folders grows while it is walked: no recursion, so no depth can exhaust the stack. */
function readTree(root: readonly FoundEntry[], clusters: ClusterReader): DecodedFile[] {
  const files: DecodedFile[] = [];
  const open: OpenFolder[] = [{ prefix: '', cluster: 0, entries: root }];
  for (const folder of open) {
    for (const entry of folder.entries) {
      const path = folder.prefix + entry.name;
      if (path.length > LONGEST_PATH) throw damaged(`a path has more than ${LONGEST_PATH} characters`);
      if (entry.kind === 'folder') open.push(openFolder(path, entry, folder, clusters));
      else
        files.push({
          path,
          bytes: clusters.readFile(JSON.stringify(path), entry.firstCluster, entry.size),
          time: entry.time,
        });
    }
  }
  return files;
}

function openFolder(
  path: string,
  entry: FoundEntry,
  parent: OpenFolder,
  clusters: ClusterReader,
): OpenFolder {
  const where = JSON.stringify(path);
  if (entry.size !== 0) throw damaged(`the folder ${where} has a size, which folders do not have`);
  const bytes = clusters.readFolder(where, entry.firstCluster);
  const dots = [entry.firstCluster, parent.cluster].every((cluster, index) => {
    const slot = bytes.subarray(index * SLOT);
    const name = '.'.repeat(index + 1).padEnd(11);
    const isFolder = (slot.readUInt8(11) & ATTRIBUTES.folder) !== 0;
    return slot.toString('latin1', 0, 11) === name && isFolder && slot.readUInt16LE(26) === cluster;
  });
  if (!dots) throw damaged(`the folder ${where} does not start with itself and the folder above`);
  const entries = decodeFolder(bytes.subarray(2 * SLOT), `the folder ${where}`);
  if (entries.some(({ kind }) => kind === 'label')) {
    throw damaged(`the folder ${where} has a label of its own`);
  }
  return { prefix: `${path}/`, cluster: entry.firstCluster, entries };
}
