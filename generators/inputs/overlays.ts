import type { Dirent } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { AirhiveError } from '../errors.ts';
import { compareCodeUnits } from '../formats/order.ts';
import type { OverlaySource } from '../plan/render.ts';
import { onDisk } from '../disk/safely.ts';

/**
 * Reads every file under an overlay folder, in code unit order of the paths.
 * @throws AirhiveError disk; usage for a link or a device, which would otherwise be missing from the machine in silence
 */
export async function readOverlay(folder: string): Promise<OverlaySource[]> {
  const entries = await onDisk('read', folder, () =>
    readdir(folder, { recursive: true, withFileTypes: true }),
  );
  const paths = entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => pathOf(entry, folder))
    .sort(compareCodeUnits);
  return onDisk('read', folder, () =>
    Promise.all(paths.map(async (path) => ({ path, bytes: await readFile(join(folder, path)) }))),
  );
}

function pathOf(entry: Dirent, folder: string): string {
  const path = join(entry.parentPath, entry.name);
  if (entry.isFile()) return relative(folder, path).split(sep).join('/');
  throw new AirhiveError('usage', `${path} is neither a file nor a folder`, {
    hint: 'an overlay holds plain files only: put a copy there, or remove it',
  });
}
