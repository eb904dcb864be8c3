import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/**
 * What lies below a folder: for each path the mode, the digest of the bytes or where a link points to, and the owner if that
 * is not who runs the tests.
 */
export function treeBelow(folder: string, leaveOut = /^$/): Record<string, string> {
  const entries: Record<string, string> = {};
  const walk = (path: string): void => {
    for (const name of readdirSync(join(folder, path)).toSorted()) {
      const inside = path === '' ? name : `${path}/${name}`;
      if (leaveOut.test(inside)) continue;
      const { kind, deeper } = look(join(folder, inside));
      entries[inside] = kind;
      if (deeper) walk(inside);
    }
  };
  walk('');
  return entries;
}

function look(path: string): { kind: string; deeper: boolean } {
  const stat = lstatSync(path);
  const mode = (stat.mode & 0o7777).toString(8);
  if (stat.isSymbolicLink()) return { kind: `-> ${readlinkSync(path)}`, deeper: false };
  if (stat.isDirectory()) return { kind: `folder ${mode}`, deeper: true };
  if (!stat.isFile()) return { kind: `special ${mode}`, deeper: false };
  return {
    kind: `file ${mode} ${createHash('sha256').update(readFileSync(path)).digest('hex').slice(0, 16)}${owner(stat)}`,
    deeper: false,
  };
}

function owner({ uid, gid }: { uid: number; gid: number }): string {
  return uid === process.getuid?.() && gid === process.getgid?.() ? '' : ` of ${uid}:${gid}`;
}
