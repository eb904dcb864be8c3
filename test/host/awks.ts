import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { run } from '../fixtures/scratch.ts';
import { pathOf, type Machine } from './machine.ts';
import { otherAwks, toolsBefore } from './other-tools.ts';

/** FreeBSD's is the one true awk; the others are stricter or laxer in other places. */
export const AWKS: readonly string[] = ['mawk', 'busybox awk', 'original-awk', ...otherAwks()];

const OVERLAYS = new URL('../../overlays/', import.meta.url).pathname;
const SHARED = ['ssid'];

const fileOf = (name: string): string =>
  name.startsWith('/') ? name : `${OVERLAYS}${SHARED.includes(name) ? 'shared' : 'host/lib'}/${name}.awk`;

/** Runs programs of the host's lib/ or of both machines, named without `.awk`, or at an absolute path; `words` come before, `input` after. */
export function runAwk(
  awk: string,
  programs: readonly string[],
  words: readonly string[],
  ...input: string[]
): Buffer {
  const [tool = '', ...applet] = awk.split(' ');
  const files = programs.flatMap((name) => ['-f', fileOf(name)]);
  return run(tool, [...applet, ...words, ...files, ...input]);
}

/** The same, run by every awk; all have to answer alike. */
export function runAwks(
  programs: readonly string[],
  words: readonly string[],
  input: readonly string[],
  awks: readonly string[] = AWKS,
): string {
  const answers = awks.map((awk) => runAwk(awk, programs, words, ...input).toString());
  expect(new Set(answers).size, answers.join()).toBe(1);
  return answers[0] ?? '';
}

/** From now on this is the awk of the machine. */
export function useAwk(machine: Machine, awk: string): void {
  const tools = join(machine.root, 'tools');
  const [tool = '', applet = ''] = awk.split(' ');
  mkdirSync(tools);
  writeFileSync(join(tools, 'awk'), `#!/bin/sh\nexec ${pathOf(tool)} ${applet} "$@"\n`, { mode: 0o755 });
  Object.assign(machine.environment, toolsBefore(tools));
}
