import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type Ended, Machine } from './machine.ts';
import { careless, plant, spoiled } from './planted-secrets.ts';

/** A machine run in place, with a guest that answers and is as careless as everything else. */
export async function spoiledMachine(): Promise<Machine> {
  const machine = new Machine();
  plant(machine, machine.data);
  careless();
  const up = machine.up();
  await up;
  const answer = join(machine.state, 'guest/answer');
  writeFileSync(answer, `=== dmesg\n${spoiled('')}=== end\n`);
  writeFileSync(join(machine.state, 'guest/run'), `#!/bin/sh\ncat ${answer}\n`, { mode: 0o755 });
  return machine;
}

export async function vmLog(machine: Machine, ...words: string[]): Promise<Ended> {
  return machine.call('vm_log', ...words);
}

/** The texts of an archive, by name. */
export function unpacked(archive: string): Record<string, string> {
  const folder = `${archive}.unpacked`;
  mkdirSync(folder);
  const { status, stderr } = spawnSync('tar', ['-xzf', archive, '-C', folder], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  const inside = join(folder, 'airhive-log');
  return Object.fromEntries(
    readdirSync(inside).map((name) => [name, readFileSync(join(inside, name), 'latin1')]),
  );
}

/** Runs vm_log with these words; returns the texts of the archive by name. */
export async function archiveOf(machine: Machine, ...words: string[]): Promise<Record<string, string>> {
  const file = join(machine.root, 'tmp/report.tar.gz');
  const ended = await vmLog(machine, ...words, file);
  expect(ended.code, ended.said).toBe(0);
  expect(ended.said).toContain(file);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(existsSync(join(machine.run, 'log'))).toBe(false);
  return unpacked(file);
}

/** Which of these secrets are in which text, as they are or as digits. */
export function found(texts: Record<string, string>, what: readonly string[]): string[] {
  return Object.entries(texts).flatMap(([name, text]) =>
    what
      .filter((one) => text.includes(one) || text.includes(Buffer.from(one).toString('hex')))
      .map((one) => `${name}: ${one}`),
  );
}
