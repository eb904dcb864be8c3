import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AirhiveError } from '../../generators/errors.ts';
import { compareCodeUnits } from '../../generators/formats/order.ts';
import { treeOf } from '../../generators/formats/tree.ts';
import { directory, file, symlink, trees } from './trees.ts';

const paths = (...entries: Parameters<typeof treeOf>[0]) => treeOf(entries).map(({ path }) => path);

describe('treeOf', () => {
  it('adds the folders that nobody named, open to all', () => {
    expect(treeOf([file('etc/init.d/x')])).toEqual([
      directory('etc'),
      directory('etc/init.d'),
      file('etc/init.d/x'),
    ]);
  });

  it('keeps the mode of a folder that was named, before or after what is in it', () => {
    const closed = [directory('root', 0o700), directory('root/.ssh'), file('root/.ssh/x')];
    expect(treeOf([closed[0]!, closed[2]!])).toEqual(closed);
    expect(treeOf([closed[2]!, closed[0]!])).toEqual(closed);
  });

  it('orders by code units, not by any language', () => {
    expect(paths(file('b'), file('B'), file('a'), file('_'), file('a-b'), file('a.b'), file('0'))).toEqual([
      '0',
      'B',
      '_',
      'a',
      'a-b',
      'a.b',
      'b',
    ]);
  });

  it('puts every folder before what is in it, whatever the order it was told in', () => {
    fc.assert(
      fc.property(
        trees.chain((tree) =>
          fc.tuple(fc.constant(tree), fc.shuffledSubarray([...tree], { minLength: tree.length })),
        ),
        ([tree, shuffled]) => {
          expect(treeOf(shuffled)).toEqual(tree);
          const seen = new Set(['']);
          for (const { path, type } of tree) {
            expect(seen.has(path.slice(0, Math.max(0, path.lastIndexOf('/'))))).toBe(true);
            if (type === 'directory') seen.add(path);
          }
        },
      ),
    );
  });

  it.each(['file', 'directory', 'symlink'] as const)('refuses a second source for a path (%s)', (type) => {
    const second = { file: file('etc/x'), directory: directory('etc/x'), symlink: symlink('etc/x', '/y') }[
      type
    ];
    expect(() => treeOf([file('etc/x'), second])).toThrow(/two sources for the same file: etc\/x/);
  });

  it.each([
    [file('etc/x'), 'file'],
    [symlink('etc/x', '/run'), 'symlink'],
  ])('refuses to put anything into what is no folder: %o', (outer, kind) => {
    for (const entries of [
      [outer, file('etc/x/a/b')],
      [file('etc/x/a/b'), outer],
    ]) {
      expect(() => treeOf(entries)).toThrow(`etc/x is a ${kind}, but etc/x/a`);
    }
  });

  it.each([
    '',
    '/',
    '/etc/x',
    'etc/',
    'etc//x',
    './etc',
    '.',
    '..',
    'etc/../x',
    'etc/./x',
    '../x',
    'a b',
    'a\\b',
    'a\nb',
    'a\n',
    'a:b',
    'é',
    'a\0',
    '~x',
  ])('refuses the path %j', (path) => {
    const error = (() => {
      try {
        treeOf([file(path)]);
      } catch (thrown) {
        return thrown;
      }
      return undefined;
    })();
    expect(error).toBeInstanceOf(AirhiveError);
    expect(error).toMatchObject({
      kind: 'usage',
      message: expect.stringContaining(JSON.stringify(path)) as string,
    });
  });

  it.each(['...', '..a', '.hidden', 'a..b/c.', '@x', '+x', '-x'])('takes the path %j', (path) => {
    expect(paths(file(path))).toContain(path);
  });
});

describe('compareCodeUnits', () => {
  it('knows no language, no case and no code points: a surrogate comes before U+FF5E', () => {
    const ordered = ['', '-', '.', '/', '0', 'B', 'Z', '_', 'a', 'a-b', 'a/b', 'ab', 'z', 'é', '😀', '～'];
    expect(ordered.toReversed().toSorted(compareCodeUnits)).toEqual(ordered);
    expect(ordered.map((text) => compareCodeUnits(text, text))).toEqual(ordered.map(() => 0));
  });
});
