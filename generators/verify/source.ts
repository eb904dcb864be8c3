import { createReadStream } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { extract } from 'tar-stream';
import { AirhiveError, diskError } from '../errors.ts';
import { compareCodeUnits } from '../formats/order.ts';
import { DATA } from '../output/staging.ts';

/** A file as it was found: permission bits and content. `iso` files are left on the disk, being large. */
export interface FoundFile {
  readonly mode: number;
  readonly bytes: Uint8Array;
}

/** What was found where a bundle should be. */
export interface Found {
  /** Every file but those under data/ and the ISO itself, by path in code unit order. */
  readonly files: ReadonlyMap<string, FoundFile>;
  /** Path on the disk of each file in iso/ that is not its checksum. */
  readonly isos: readonly string[];
  readonly hasData: boolean;
}

/** Larger than any file of a bundle but the ISO; what is larger is not read into memory. */
const LARGEST = 256 * 1024 * 1024;

/**
 * Reads the bundle in a folder or in a tar.
 * @throws AirhiveError disk when it cannot be read, verification when it has no bundle's shape
 */
export async function readBundle(path: string): Promise<Found> {
  try {
    return (await stat(path)).isDirectory() ? await readFolder(path) : await readTar(path);
  } catch (error) {
    throw error instanceof AirhiveError ? error : diskError('read', path, error);
  }
}

async function readFolder(folder: string): Promise<Found> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = new Map<string, FoundFile>();
  const isos: string[] = [];
  let hasData = false;
  const paths = entries.map((entry) => ({ entry, path: join(entry.parentPath, entry.name).slice(folder.length + (folder.endsWith('/') ? 0 : 1)) }));
  paths.sort((a, b) => compareCodeUnits(a.path, b.path));
  for (const { entry, path } of paths) {
    if (path === DATA || path.startsWith(`${DATA}/`)) {
      hasData = true;
      continue;
    }
    if (entry.isDirectory()) continue;
    if (!entry.isFile()) throw new AirhiveError('verification', `${path} is neither a file nor a folder`);
    const info = await stat(join(folder, path));
    if (isIso(path)) isos.push(join(folder, path));
    else files.set(path, { mode: info.mode & 0o7777, bytes: await readLimited(folder, path, info.size) });
  }
  return { files, isos, hasData };
}

async function readLimited(folder: string, path: string, size: number): Promise<Uint8Array> {
  if (size > LARGEST) throw new AirhiveError('verification', `${path} has ${size} bytes; no file of a bundle is so large`);
  return readFile(join(folder, path));
}

/** The ISO lies beside its checksum and is none of the bundle's files. */
function isIso(path: string): boolean {
  return path.startsWith('iso/') && !path.endsWith('.sha256');
}

async function readTar(path: string): Promise<Found> {
  const name = basename(path).replace(/\.tar$/, '');
  const files = new Map<string, FoundFile>();
  const archive = extract();
  createReadStream(path).on('error', (error) => archive.destroy(error)).pipe(archive);
  try {
    for await (const entry of archive) {
      const inside = entry.header.name.slice(name.length + 1);
      const chunks: Uint8Array[] = [];
      for await (const chunk of entry as AsyncIterable<Uint8Array>) chunks.push(chunk);
      if (entry.header.type === 'directory') continue;
      if (entry.header.type !== 'file' || !entry.header.name.startsWith(`${name}/`) || files.has(inside)) {
        throw new AirhiveError('verification', `${path}: unexpected entry ${JSON.stringify(entry.header.name)}`);
      }
      files.set(inside, { mode: entry.header.mode, bytes: Buffer.concat(chunks) });
    }
  } catch (error) {
    if (error instanceof AirhiveError || (error instanceof Error && 'errno' in error)) throw error;
    throw new AirhiveError('verification', `${path} is not a whole tar archive`, { cause: error });
  }
  return { files, isos: [], hasData: [...files.keys()].some((file) => file.startsWith(`${DATA}/`)) };
}
