import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { diskError } from '../errors.ts';
import { compareCodeUnits } from '../formats/order.ts';
import type { OverlaySource } from '../plan/overlay.ts';

/**
 * Reads every file under an overlay folder, in code unit order of the paths.
 * @throws AirhiveError disk
 */
export async function readOverlay(folder: string): Promise<OverlaySource[]> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const paths = entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1).replaceAll('\\', '/'))
      .sort(compareCodeUnits);
    return await Promise.all(paths.map(async (path) => ({ path, bytes: await readFile(join(folder, path)) })));
  } catch (error) {
    throw diskError('read', folder, error);
  }
}
