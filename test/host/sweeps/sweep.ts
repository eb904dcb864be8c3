import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect } from 'vitest';
import { type Ended, Machine } from '../machine.ts';
import { leaks, leftovers } from '../stories/laptop.ts';
import { Memory, type Moment, restore } from './memory.ts';

/** A command whose every call is made to fail, and to be the last one. */
export interface Swept {
  readonly name: string;
  readonly prepare: () => Promise<Machine>;
  readonly run: (machine: Machine) => Promise<Ended>;
  /** What counts of a machine: the same picture means the same machine. */
  readonly picture: (machine: Machine) => unknown;
  /** What must hold at any moment, whatever happened. */
  readonly always?: (machine: Machine) => void;
  readonly secrets: (machine: Machine) => readonly string[];
}

interface Course {
  readonly machine: Machine;
  readonly memory: Memory;
  readonly start: Moment;
  readonly before: unknown;
  readonly wanted: unknown;
  readonly calls: string[];
  /** The machine before each call; the same state in a row counts once. */
  readonly moments: readonly { at: number; moment: Moment }[];
}

/** Runs the command once, undisturbed, and remembers the machine as it was before every call. */
async function record(swept: Swept): Promise<Course> {
  const machine = await swept.prepare();
  const memory = new Memory();
  const start = memory.look(machine);
  const before = swept.picture(machine);
  const moments: { at: number; moment: Moment }[] = [];
  machine.fault();
  machine.put('calls', '');
  machine.put('pace', '');
  const state = { ended: false };
  const running = swept.run(machine).finally(() => (state.ended = true));
  const waiting = join(machine.state, 'waiting');
  while (!state.ended) {
    if (!existsSync(waiting)) {
      await setTimeout(0);
      continue;
    }
    const moment = memory.look(machine);
    if (moments.at(-1)?.moment.digest !== moment.digest)
      moments.push({ at: Number(machine.get('waiting')), moment });
    rmSync(waiting);
  }
  const ended = await running;
  expect(ended.code, ended.said).toBe(0);
  rmSync(join(machine.state, 'pace'));
  moments.push({ at: machine.callCount() + 1, moment: memory.look(machine) });
  const wanted = swept.picture(machine);
  const calls = machine.get('calls').split('\n').filter(Boolean);
  return { machine, memory, start, before, wanted, calls, moments };
}

/** What is wrong after the fault at call `at`, in one text for a person who has to mend it. */
function complaint(course: Course, at: number, ended: Ended | undefined, error: unknown): Error {
  const call = `call ${at} of ${course.calls.length}: ${course.calls[at - 1] ?? 'the end'}`;
  const said = ended ? `exit ${ended.code} ${ended.signal ?? ''}: ${ended.said.slice(-800)}` : '';
  const { message = '', actual } = error as { message?: string; actual?: unknown };
  return new Error(`${call}\n${said}\n${message}\n${Array.isArray(actual) ? actual.join('\n') : ''}`);
}

/** The machine must be as wanted, if need be after one more run. */
async function expectMended(swept: Swept, course: Course): Promise<void> {
  const { machine } = course;
  swept.always?.(machine);
  const isDone = differences(swept.picture(machine), course.wanted).length === 0;
  if (!isDone || leftovers(machine).length > 0) {
    const again = await swept.run(machine);
    // What is done already may be refused, after the clearing up.
    if (!isDone) expect(again.code, `one more run: ${again.said.slice(-800)}`).toBe(0);
  }
  expect(differences(swept.picture(machine), course.wanted)).toEqual([]);
  expect(leftovers(machine)).toEqual([]);
  expect(leaks(machine, swept.secrets(machine))).toEqual([]);
  expect(machine.get('violations')).toBe('');
}

/** The lines in which two pictures differ. */
function differences(one: unknown, other: unknown): string[] {
  const lines = [linesOf(one, ''), linesOf(other, '')] as const;
  const sets = [new Set(lines[0]), new Set(lines[1])] as const;
  return [
    ...lines[0].filter((line) => !sets[1].has(line)).map((line) => `is ${line}`),
    ...lines[1].filter((line) => !sets[0].has(line)).map((line) => `wanted ${line}`),
  ];
}

function linesOf(value: unknown, path: string): string[] {
  if (value === null || typeof value !== 'object') return [`${path}: ${JSON.stringify(value)}`];
  return Object.entries(value).flatMap(([key, inside]) =>
    linesOf(inside, Array.isArray(value) ? path : `${path}/${key}`),
  );
}

/** Cuts the command short before every call: by kill -9, or, with `power`, by a power cut and a boot. */
export async function sweepKilled(swept: Swept, power = false): Promise<string> {
  const course = await record(swept);
  const { machine, memory, moments } = course;
  const known = new Set<string>();
  const faults: Error[] = [];
  for (const { at, moment } of moments) {
    restore(machine, moment);
    if (power) machine.play('boot');
    const digest = memory.look(machine).digest;
    if (known.has(digest)) continue;
    known.add(digest);
    try {
      await expectMended(swept, course);
    } catch (error) {
      faults.push(complaint(course, at, undefined, error));
    }
  }
  if (faults.length > 0) throw report(faults);
  return `${swept.name}: ${course.calls.length} calls, ${power ? 'power cut' : 'killed'} before and after each, ${known.size} different states`;
}

/** Makes each call fail in turn. */
export async function sweepFailed(swept: Swept): Promise<string> {
  const course = await record(swept);
  const { machine, memory, start } = course;
  const known = new Set<string>();
  const faults: Error[] = [];
  let at = 0;
  for (;;) {
    at += 1;
    restore(machine, start);
    machine.put('calls', '');
    machine.fault(at, 'fail');
    const ended = await swept.run(machine);
    if (!machine.faultMet()) break;
    machine.fault();
    try {
      expect(ended.signal).toBe(null);
      // What cannot be let go of stays until the next run.
      if (!/^(umount|mdconfig -d)/.test(machine.get('calls').split('\n')[at - 1] ?? ''))
        expect(machine.get('mounts') + machine.get('md/0')).toBe('');
      if (ended.code === 0) expect(differences(swept.picture(machine), course.wanted)).toEqual([]);
      else expect(ended.said).not.toBe('');
      const digest = memory.look(machine).digest;
      if (!known.has(digest)) await expectMended(swept, course);
      known.add(digest);
    } catch (error) {
      course.calls.splice(0, course.calls.length, ...machine.get('calls').split('\n').filter(Boolean));
      faults.push(complaint(course, at, ended, error));
    }
  }
  if (faults.length > 0) throw report(faults);
  return `${swept.name}: ${at - 1} calls failed, one in each run, ${known.size} different states after it`;
}

function report(faults: readonly Error[]): Error {
  return new Error(
    `${faults.length} points\n\n${faults
      .map((fault) => fault.message)
      .join('\n\n')
      .slice(0, 20_000)}`,
  );
}
