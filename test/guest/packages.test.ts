import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { Apk, type Order } from '../packages/apk.ts';
import { differingOrders, differingSets } from '../packages/ours.ts';
import { randomRepository, randomVersions } from '../packages/random.ts';

// The second reader of generators/packages/: Alpine's own apk, with new seeds at every run. A difference names its seed.
// AIRHIVE_RECORD=1 writes anew what test/packages/recorded.test.ts reads.

const record = process.env.AIRHIVE_RECORD === '1';
const SEED = record ? 1 : Date.now() % 2 ** 31;
const PAIRS = record ? 10_000 : 2000;
const REPOSITORIES = 200;
const RECORDED = new URL('../packages/recorded.json', import.meta.url);

let apk: Apk;
let orders: Order[] = [];
const sets: (string | null)[] = [];

beforeAll(() => {
  apk = new Apk(inject('parts').alpine);
});
afterAll(() => {
  const table = { seed: SEED, apk: apk.version().trim(), versions: orders.join(''), repositories: sets };
  if (record) writeFileSync(RECORDED, `${JSON.stringify(table, null, 2)}\n`);
  apk.close();
});

it(`versions are ordered as by apk version -t (seed ${SEED})`, { timeout: 600_000 }, () => {
  expect(apk.version()).toContain('apk-tools 3.0.8');
  orders = apk.compare(randomVersions(SEED, PAIRS));
  expect(orders).toHaveLength(PAIRS);
  expect(differingOrders(SEED, orders)).toEqual([]);
  // Each answer came often enough to mean something.
  for (const order of ['<', '>', '=', '!'] as const)
    expect(orders.filter((one) => one === order).length).toBeGreaterThan(PAIRS / 100);
});

it(`packages are chosen as by apk add --simulate (seed ${SEED})`, { timeout: 600_000 }, async () => {
  for (let at = 0; at < REPOSITORIES; at++)
    sets.push((await apk.simulate(randomRepository(SEED + at))) ?? null);
  expect(differingSets(SEED, sets)).toEqual([]);
  const refused = sets.filter((set) => set === null).length;
  expect(Math.min(refused, REPOSITORIES - refused)).toBeGreaterThan(REPOSITORIES / 5);
});
