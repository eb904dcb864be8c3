import { expect } from 'vitest';
import { Machine, type Ended } from './machine.ts';

const ACCEPT = new URL('../freebsd/accept.sh', import.meta.url).pathname;

/** A laptop on which answer-watch looks whenever it has nothing else to do. */
export function disposable(): Machine {
  const machine = new Machine({ host: 'laptop' });
  machine.put('look', '');
  // Long enough for all that comes about on a played machine.
  machine.environment = { ACCEPT_WAIT: '20' };
  return machine;
}

/** Runs one phase of accept.sh, or some parts of it. */
export async function accept(machine: Machine, phase: string, parts?: string): Promise<Ended> {
  const some = parts === undefined ? [] : ['--parts', parts];
  return machine.call(ACCEPT, '--phase', phase, ...some, '--yes-this-machine-is-disposable', machine.bundle);
}

/** The lines that begin with a word such as "FAILED", without it and without the played machine's /. */
export const linesOf = (machine: Machine, ended: Ended, word: string): string[] =>
  ended.said
    .split('\n')
    .filter((line) => line.startsWith(`${word} `))
    .map((line) => line.slice(word.length).trim().replaceAll(machine.root, '').replace(/ +/, ': '));

/** Nothing failed, and nothing else was left out. */
export function expectGreen(machine: Machine, ended: Ended, leftOut: readonly string[] = []): void {
  expect(linesOf(machine, ended, 'FAILED'), ended.said).toEqual([]);
  expect(linesOf(machine, ended, 'left out')).toEqual(leftOut);
  expect(ended.said).toMatch(new RegExp(`^[1-9]\\d* passed, 0 failed, ${leftOut.length} left out$`, 'm'));
  expect(ended.code, ended.said).toBe(0);
}
