import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { readKeys } from '../../generators/inputs/keys.ts';

const ROOT = new URL('../..', import.meta.url).pathname;

it('the shipped keys are those that profiles/keys/README.md tells of, and can be read', async () => {
  const readme = readFileSync(`${ROOT}/profiles/keys/README.md`, 'utf8');
  const told = [...readme.matchAll(/^\| ([0-9a-f]{8}) \| (\d+) bits \| `([0-9a-f]{64})`/gm)];
  const files = readdirSync(`${ROOT}/profiles/keys`).filter((name) => name.endsWith('.pub'));
  expect(files.sort()).toEqual(told.map(([, id]) => `alpine-devel@lists.alpinelinux.org-${id}.rsa.pub`));
  const keys = await readKeys(undefined, { root: ROOT, cwd: ROOT });
  for (const [index, [, , bits, sum]] of told.entries()) {
    const bytes = readFileSync(`${ROOT}/profiles/keys/${files[index]}`);
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(sum);
    expect(keys.get(files[index]!)?.asymmetricKeyDetails?.modulusLength).toBe(Number(bits));
  }
  expect(told).toHaveLength(3);
});
