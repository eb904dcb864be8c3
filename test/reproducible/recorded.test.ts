import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { digestsOf, makeBundle, RECORD } from './reference.ts';

/*
 * The digests of the reference bundle, the same on every machine and under every Node that airhive runs on. When they
 * have to change, every user's digests change too, so that is a decision: AIRHIVE_RECORD=1 npx vitest run
 * test/reproducible/recorded.test.ts writes the new ones (and fails), and the release notes say why.
 */
it('the reference bundle has the digests that are on record', async () => {
  const digests = digestsOf(await makeBundle());
  if (process.env.AIRHIVE_RECORD !== undefined) {
    writeFileSync(RECORD, `${JSON.stringify(digests, null, 2)}\n`);
    expect.fail(`${RECORD} was written; run again without AIRHIVE_RECORD`);
  }
  expect(existsSync(RECORD)).toBe(true);
  expect(digests).toEqual(JSON.parse(readFileSync(RECORD, 'utf8')));
});
