import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { freshFolder } from '../fixtures/scratch.ts';
import { AWKS, runAwk } from './awks.ts';

const END = 'vm_log: these are all\n';

/** What becomes of the texts, the same by every awk. */
export function scrubbed(
  texts: Readonly<Record<string, string>>,
  known = '',
  keep = '',
): Record<string, string> {
  const folder = freshFolder();
  const raw = join(folder, 'raw');
  mkdirSync(raw);
  const files = Object.entries(texts).map(([name, text]) => {
    writeFileSync(join(raw, name), text);
    return join(raw, name);
  });
  writeFileSync(join(folder, 'known'), known + END);
  const results = AWKS.map((awk, index) => {
    const out = join(folder, `out${index}`);
    mkdirSync(out);
    const input = ['what=known', join(folder, 'known'), 'what=names', ...files, 'what=text', ...files];
    runAwk(awk, ['ssid', 'scrub'], ['-v', `out=${out}`, '-v', `keep=${keep}`], ...input);
    const written = readdirSync(out).map((name) => [name, readFileSync(join(out, name), 'latin1')] as const);
    return Object.fromEntries(written);
  });
  const [first] = results;
  if (first === undefined) throw new Error('there is no awk');
  for (const other of results) expect(other).toEqual(first);
  return first;
}

/** The same for one line. */
export const line = (text: string, known = '', keep = ''): string | undefined =>
  scrubbed({ text: `${text}\n` }, known, keep).text?.slice(0, -1);
