import { chmod, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { SparseImage } from '../formats/sparse.ts';
import { onDisk, syncFolder } from '../inputs/cache-disk.ts';
import { DATA, writeSafely } from './staging.ts';

/** Puts data/site.img into a bundle's folder, readable by its owner only, replacing an older one as a whole. */
export async function writeSite(bundle: string, image: SparseImage): Promise<void> {
  const folder = join(bundle, DATA);
  const path = join(folder, 'site.img');
  await onDisk('write', path, async () => {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await chmod(folder, 0o700);
    await rm(`${path}.new`, { force: true });
    await writeSafely(`${path}.new`, 0o600, image.size, image.extents);
    await rename(`${path}.new`, path);
    await syncFolder(folder);
  });
}
