import { readFile } from 'node:fs/promises';
import { onDisk } from '../disk/safely.ts';
import { DATA } from '../output/replaceable.ts';
import { readArchive } from './archive.ts';
import { foundFile, type Found, type FoundFile } from './found.ts';

/**
 * Reads the bundle in a tar. The name that it has in there is taken from the first entry: the file may be called
 * anything.
 * @throws AirhiveError disk, or verification when it is no tar archive
 */
export async function readTar(path: string, shown: string): Promise<Found> {
  const bytes = await onDisk('read', path, () => readFile(path));
  const entries = await readArchive(bytes, shown);
  const prefix = entries[0]?.header.name.split('/')[0] ?? '';
  const files = new Map<string, FoundFile>();
  const folders = new Map<string, number>();
  const problems: string[] = [];
  for (const { header, bytes: content } of entries) {
    const inside = insideOf(header.name, prefix);
    const { type, mode } = header;
    if (inside === undefined || (type !== 'file' && type !== 'directory')) {
      problems.push(`${shown}: an entry that no bundle has: ${JSON.stringify(header.name)}, ${type}`);
    } else if (files.has(inside) || folders.has(inside))
      problems.push(`${inside}: in the tar more than once`);
    else if (type === 'directory') folders.set(inside, mode & 0o7777);
    else files.set(inside, foundFile(mode, content));
  }
  folders.delete('');
  const hasData = [...files.keys(), ...folders.keys()].some((inside) => inside.split('/')[0] === DATA);
  return { files, folders, isos: new Map(), hasData, prefix, problems };
}

/** The path without the bundle's name in front; empty for the bundle itself; undefined when it lies elsewhere. */
function insideOf(name: string, prefix: string): string | undefined {
  const [first, ...parts] = name.replace(/\/$/, '').split('/');
  const odd = [prefix, ...parts].some((part) => part === '' || part === '.' || part === '..');
  return first === prefix && !odd ? parts.join('/') : undefined;
}
