import fc from 'fast-check';
import type { Tree, Entry } from '../../generators/formats/tree.ts';
import { treeOf } from '../../generators/formats/tree.ts';

export const file = (path: string, text = '', mode = 0o644): Entry => ({
  type: 'file',
  path,
  mode,
  bytes: Buffer.from(text),
});
export const directory = (path: string, mode = 0o755): Entry => ({ type: 'directory', path, mode });
export const symlink = (path: string, target: string): Entry => ({
  type: 'symlink',
  path,
  mode: 0o777,
  target,
});

/** A path whose name and folders each need one of the three ways in which tar holds long names. */
const deep = (part: string, depth: number): string => Array.from({ length: depth }, () => part).join('/');

/** One of everything that an overlay may have: kinds, modes, sizes about a block's, and long names. */
export const SAMPLE: Tree = treeOf([
  file('etc/hostname', 'airhive\n'),
  file('etc/init.d/airhive-wifi', '#!/sbin/openrc-run\n', 0o755),
  file('etc/shadow-like', 'secret', 0o600),
  file('etc/setuid', 'x', 0o4755),
  file('etc/empty'),
  file('etc/block', 'b'.repeat(512)),
  file('etc/block-and-one', 'b'.repeat(513)),
  directory('root', 0o700),
  symlink('etc/runlevels/boot/airhive-wifi', '/etc/init.d/airhive-wifi'),
  file(`name-of-100/${'n'.repeat(100)}`, 'fits a header'),
  file(`${deep('prefix-of-ustar', 9)}/file`, 'needs the prefix'),
  file(`${deep('too-long-for-ustar', 16)}/file`, 'needs pax'),
  file(`long/${'n'.repeat(101)}`, 'needs pax, no slash to split at'),
  symlink('long/target', `/${deep('target', 30)}`),
]);

const part = fc.oneof(
  { weight: 4, arbitrary: fc.stringMatching(/^[a-c]{1,2}$/) },
  fc.stringMatching(/^[A-Za-z0-9_+@-][A-Za-z0-9._+@-]{0,110}$/),
);
const path = fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('/'));
const mode = fc.integer({ min: 1, max: 0o7777 });
const entry: fc.Arbitrary<Entry> = fc.oneof(
  fc.record({
    type: fc.constant('file' as const),
    path,
    mode,
    bytes: fc.uint8Array({ maxLength: 1100, size: 'max' }),
  }),
  fc.record({ type: fc.constant('directory' as const), path, mode }),
  fc.record({ type: fc.constant('symlink' as const), path, mode, target: path.map((to) => `/${to}`) }),
);

/** Any tree that planning can make: what lies in or under a file of another path is left out. */
export const trees: fc.Arbitrary<Tree> = fc.array(entry, { maxLength: 12 }).map((entries) => {
  const kept: Entry[] = [];
  const isInside = (inner: Entry, outer: Entry): boolean =>
    outer.type !== 'directory' && inner.path.startsWith(`${outer.path}/`);
  for (const found of entries) {
    const clash = kept.some(
      (other) => other.path === found.path || isInside(found, other) || isInside(other, found),
    );
    if (!clash) kept.push(found);
  }
  return treeOf(kept);
});
