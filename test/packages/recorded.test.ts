import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { differingOrders, differingSets } from './ours.ts';

/** What apk answered when it was asked last; test/guest/packages.test.ts asks again, with other seeds. */
interface Recorded {
  readonly seed: number;
  readonly apk: string;
  /** One of `<`, `=`, `>`, `!` for each pair. */
  readonly versions: string;
  /** The set of packages for each repository; null where apk refused. */
  readonly repositories: readonly (string | null)[];
}

const recorded = JSON.parse(readFileSync(new URL('recorded.json', import.meta.url), 'utf8')) as Recorded;

it('10,000 pairs of versions are ordered as apk 3.0.8 ordered them', () => {
  expect(recorded.apk).toContain('apk-tools 3.0.8');
  expect(recorded.versions).toHaveLength(10_000);
  expect(differingOrders(recorded.seed, recorded.versions.split(''))).toEqual([]);
});

it('from 200 repositories the same packages are chosen as apk 3.0.8 chose, or none where it refused', () => {
  expect(recorded.repositories).toHaveLength(200);
  expect(differingSets(recorded.seed, recorded.repositories)).toEqual([]);
});

it('a difference is seen', () => {
  const [order = ''] = recorded.versions;
  expect(differingOrders(recorded.seed, [order === '<' ? '>' : '<'])).toHaveLength(1);
  const [set = null] = recorded.repositories;
  expect(differingSets(recorded.seed, [`${set ?? ''} x-1`])).toHaveLength(1);
});
