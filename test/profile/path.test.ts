import { expect, test } from 'vitest';
import { formatPath, valueAt } from '../../generators/profile/path.ts';

test.each([
  [[], ''],
  [['machine', 'memory'], 'machine.memory'],
  [['passthrough', 0, 'pci'], 'passthrough[0].pci'],
  [[2, 'sha256'], '[2].sha256'],
  [['a.b', 'c d'], '["a.b"]["c d"]'],
])('formatPath(%j)', (path, text) => expect(formatPath(path)).toBe(text));

test('valueAt follows own keys only', () => {
  const value = { list: [{ a: 1 }] };
  expect(valueAt(value, ['list', 0, 'a'])).toBe(1);
  expect(valueAt(value, ['constructor', 'name'])).toBeUndefined();
  expect(valueAt(value, ['list', 0, 'a', 'b'])).toBeUndefined();
});
