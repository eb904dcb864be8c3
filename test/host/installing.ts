import { readFileSync, readlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect } from 'vitest';
import { intel8260, writeBundle } from './bundle.ts';
import { Machine, type Ended } from './machine.ts';
import { treeBelow } from './tree.ts';

/** A laptop on which airhive was never installed. */
export const laptop = (options: { iso?: boolean; directory?: string } = {}): Machine =>
  new Machine({ host: 'laptop', ...options });

/** What vm_install must bring back: FreeBSD's files, wherever they lie. */
export const filesOf = (machine: Machine): Record<string, string>[] =>
  [machine.etc, machine.boot, machine.local].map((folder) => treeBelow(folder));

export const read = (...path: string[]): string => readFileSync(join(...path), 'utf8');

/** The bundle that the link `current` or `previous` names. */
export const link = (machine: Machine, name: string): string =>
  basename(readlinkSync(join(machine.directory, name)));

/** The lines that set something. */
export const settings = (text: string): string[] => text.split('\n').filter((line) => /^[a-z]/.test(line));

/** Calls a script that has to succeed. */
export async function done(machine: Machine, script: string, ...args: string[]): Promise<Ended> {
  const ended = await machine.call(script, ...args);
  expect(ended, ended.said).toMatchObject({ code: 0 });
  return ended;
}

export const apply = (machine: Machine): Promise<Ended> => done(machine, 'vm_install', 'apply', '--yes');
export const remove = (machine: Machine): Promise<Ended> => done(machine, 'vm_install', 'remove', '--yes');

/** Writes a newer bundle for the same machine; returns the path of its vm_install. */
export function newer(machine: Machine, name: string, change: Record<string, unknown> = {}): string {
  const folder = join(machine.root, name);
  writeBundle(folder, { ...intel8260, directory: machine.directory, version: name, ...change });
  return join(folder, 'vm_install');
}
