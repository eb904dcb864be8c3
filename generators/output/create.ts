import { link, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isThere, newOwnedName, onDisk, syncDirectories, writeSafely } from '../disk.ts';
import { AirhiveError, diskError, systemCodeOf } from '../errors.ts';

const MODE = 0o644;

/** What a file system says that knows no hard links, such as that of a stick. */
const NO_LINKS: ReadonlySet<string | undefined> = new Set(['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP']);

/**
 * Writes a file that was not there, whole or not at all. One that is there is never touched, whoever has made it meanwhile.
 * @throws AirhiveError usage when there is one, disk
 */
export async function createFile(path: string, shown: string, bytes: Uint8Array): Promise<void> {
  await checkFree(path, shown);
  const temporary = newOwnedName(path);
  try {
    await writeSafely(temporary, MODE, bytes);
    await link(temporary, path).catch(async (error: unknown) => {
      if (!NO_LINKS.has(systemCodeOf(error))) throw error;
      await createInPlace(path, bytes);
    });
  } catch (error) {
    const cause: unknown = error instanceof AirhiveError ? error.cause : error;
    throw systemCodeOf(cause) === 'EEXIST' ? present(shown) : diskError('write', shown, cause);
  } finally {
    await rm(temporary, { force: true }).catch(() => undefined);
  }
  await syncDirectories(dirname(path));
}

/** Says before any work is done what createFile would say. */
export async function checkFree(path: string, shown: string): Promise<void> {
  if (await onDisk('read', shown, () => isThere(path))) throw present(shown);
}

async function createInPlace(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeSafely(path, MODE, bytes);
  } catch (error) {
    const isOurs = !(error instanceof AirhiveError && systemCodeOf(error.cause) === 'EEXIST');
    if (isOurs) await rm(path, { force: true });
    throw error;
  }
}

function present(shown: string): AirhiveError {
  return new AirhiveError('usage', `${shown} is there already, and is not overwritten`, {
    hint: 'name another file with --out, or remove this one',
  });
}
