import { lstat, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CHECKSUMS, MANIFEST } from '../bundle/bundle.ts';
import { ignoringMissing } from '../disk.ts';
import { AirhiveError } from '../errors.ts';
import { COMPACT_MANIFEST } from '../formats/pkg.ts';

/** Until version 0.2 a bundle could be run in its place, and what the machine knows lay in this directory of it. */
export const DATA = 'data';

/**
 * Refuses to replace what no build puts there: a profile may be called like some directory of the user's, and OUT may be
 * their home.
 * @throws AirhiveError disk
 */
export async function checkReplaceable(
  name: string,
  bundle: string,
  { tar, pkg }: { readonly tar: string; readonly pkg: string },
): Promise<void> {
  await checkKind(bundle, 'directory');
  await checkKind(tar, 'regular file');
  await checkKind(pkg, 'regular file');
  // Another build may be replacing it.
  const entries = (await ignoringMissing(readdir(bundle))) ?? [];
  if (entries.includes(DATA)) throw machineData(bundle);
  const isBundle = entries.includes(MANIFEST) && entries.includes(CHECKSUMS);
  if (!isBundle && entries.some((entry) => entry !== 'iso'))
    throw inTheWay(bundle, 'it holds files, but is not a bundle');
  if (!(await startsWith(tar, `${name}/`))) throw inTheWay(tar, 'it is not the tar of a bundle');
  if (!(await startsWith(pkg, COMPACT_MANIFEST))) throw inTheWay(pkg, 'it is not the package of a bundle');
}

/** Refuses what is there and is no such thing. */
export async function checkKind(path: string, kind: 'directory' | 'regular file'): Promise<void> {
  const info = await ignoringMissing(lstat(path));
  if (info === undefined) return;
  if (info.isSymbolicLink())
    throw inTheWay(path, 'it is a symbolic link, and a build would replace the link, not what it leads to');
  if (kind === 'directory' ? info.isDirectory() : info.isFile()) return;
  throw inTheWay(path, `it is not a ${kind}`);
}

/** Whether a file begins so; one that is not there does. In a tar (ustar) the first field is the name of the first entry. */
async function startsWith(path: string, text: string): Promise<boolean> {
  const handle = await ignoringMissing(open(path, 'r'));
  if (!handle) return true;
  try {
    const wanted = Buffer.from(text);
    const { buffer } = await handle.read(Buffer.alloc(wanted.length), 0, wanted.length, 0);
    return buffer.equals(wanted);
  } finally {
    await handle.close();
  }
}

function inTheWay(path: string, reason: string): AirhiveError {
  return new AirhiveError('disk', `${path} is in the way: ${reason}`, {
    hint: 'move it away, or choose another directory with --out',
  });
}

function machineData(bundle: string): AirhiveError {
  const data = join(bundle, DATA);
  const message = `${data} is the data of a machine (networks, keys, state), and a build replaces all of ${bundle}`;
  return new AirhiveError('disk', `${message}; nothing was changed`, {
    hint:
      `move it away, as with: mv ${data} ${bundle}.data\n` +
      '  On the machine it belongs into the host.directory of the profile, as data/. For vm_install to put the\n' +
      `  networks and keys there, move its site.img beside the bundle: ${bundle}.site.img`,
  });
}
