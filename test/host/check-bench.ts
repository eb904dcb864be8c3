import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import type { Change } from './changes.ts';
import { laptop } from './installing.ts';

/** What is different about a laptop, and the exit status and the line with which vm_install check tells it. */
export type Case = readonly [name: string, change: Change, code: number, word: string, words: string];

/** Changes a laptop, and expects the line, and no error beside it. */
export async function expectFinding(...[, change, code, word, words]: Case): Promise<void> {
  const machine = laptop();
  change(machine);
  if (word === 'error' && words.includes('pinned')) expect(readFileSync(machine.iso, 'utf8')).toBe('x');
  const { code: status, said } = await machine.call('vm_install', 'check');
  const lines = said.trimEnd().split('\n');
  expect(lines.find((line) => line.includes(words)) ?? said).toMatch(new RegExp(`^${word} `));
  const errors = lines.filter((line) => line.startsWith('error'));
  expect(status, said).toBe(code);
  expect(errors, said).toHaveLength(word === 'error' ? 1 : 0);
  for (const line of lines) expect(line).toMatch(/^(ok {6}|warning |error {3}) \S/);
}
