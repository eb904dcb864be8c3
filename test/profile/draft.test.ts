import * as z from 'zod';
import { describe, expect, test } from 'vitest';
import { allPaths, draftOf, keysAt, schemaAt } from '../../generators/profile/draft.ts';

const schema = z.strictObject({
  size: z
    .string()
    .regex(/^[0-9]+$/)
    .transform(Number)
    .prefault('7'),
  inner: z.strictObject({ a: z.int().default(1), b: z.int() }).prefault({ b: 2 }),
  list: z.array(z.strictObject({ x: z.int(), y: z.int().optional() })).max(2),
});

test.each([
  ['a whole value with defaults', { list: [{ x: 1 }] }, { size: 7, inner: { a: 1, b: 2 }, list: [{ x: 1 }] }],
  ['the rest beside a wrong leaf', { size: 'x', list: [] }, { inner: { a: 1, b: 2 }, list: [] }],
  ['the rest of a group', { inner: { b: 'x' }, list: [] }, { size: 7, inner: { a: 1 }, list: [] }],
  [
    'known keys beside unknown ones',
    { q: 1, inner: { b: 3, q: 1 }, list: [] },
    { size: 7, inner: { a: 1, b: 3 }, list: [] },
  ],
  [
    'list items at their places',
    { list: [null, { x: 2, y: 'y' }] },
    { size: 7, inner: { a: 1, b: 2 }, list: [undefined, { x: 2 }] },
  ],
  [
    'items of a list that is too long',
    { list: [{ x: 1 }, { x: 2 }, { x: 3 }] },
    { size: 7, inner: { a: 1, b: 2 }, list: [{ x: 1 }, { x: 2 }, { x: 3 }] },
  ],
  ['nothing of another type', 'x', undefined],
  ['nothing of null', null, undefined],
])('keeps %s', (_, value, draft) => expect(draftOf(schema, value)).toEqual(draft));

test('a default is not used where something wrong was written', () => {
  expect(draftOf(schema, { size: Symbol('refused'), list: [] })?.size).toBeUndefined();
});

describe('looking into a schema', () => {
  test.each([
    [[], ['size', 'inner', 'list']],
    [['inner'], ['a', 'b']],
    [
      ['list', 3],
      ['x', 'y'],
    ],
    [['size'], []],
    [['constructor'], []],
    [['list', 'x', 'y'], []],
  ])('the keys at %j are %j', (path, keys) => expect(keysAt(schema, path)).toEqual(keys));

  test('the schema of a leaf is without its default', () => {
    expect(schemaAt(schema, ['inner', 'a'])).toBeInstanceOf(z.ZodNumber);
    expect(schemaAt(schema, ['inner', 'q'])).toBeUndefined();
    expect(schemaAt(schema, ['constructor'])).toBeUndefined();
  });

  test('all paths but those of list items', () => {
    expect(allPaths(schema)).toEqual([['size'], ['inner'], ['inner', 'a'], ['inner', 'b'], ['list']]);
  });
});
