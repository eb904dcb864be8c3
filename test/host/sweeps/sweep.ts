import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect } from 'vitest';
import { run } from '../../fixtures/scratch.ts';
import { type Ended, type Fault, Machine } from '../machine.ts';
import { leaks, leftovers } from '../stories/laptop.ts';
import { differences } from './differences.ts';
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
  readonly wanted: unknown;
  readonly calls: string[];
  /** The machine before each call; the same state in a row counts once. */
  readonly moments: readonly { at: number; moment: Moment }[];
  /** The states that were looked at already, by `digest` and by `tidy` of the moment. */
  readonly known: Set<string>;
  readonly tidy: Set<string>;
  readonly complaints: string[];
  /** How often the command was run again to mend what was left. */
  runs: number;
}

/** Keys beforehand, so that the same run makes the same machine. */
function prepareKeys(machine: Machine): void {
  const keys = join(machine.state, 'keys');
  mkdirSync(keys);
  for (const name of ['admin', 'tunnel', 'guest_host'])
    run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', `airhive ${name}`, '-f', join(keys, name)]);
}

/** Runs the command once, undisturbed, and remembers the machine as it was before every call. */
async function record(swept: Swept): Promise<Course> {
  const machine = await swept.prepare();
  prepareKeys(machine);
  const memory = new Memory();
  const start = memory.look(machine);
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
  const seen = { known: new Set<string>(), tidy: new Set<string>(), complaints: [], runs: 0 };
  return { machine, memory, start, wanted, calls, moments, ...seen };
}

/** What is wrong after the fault at call `at`, in one text for a person who has to mend it. */
function complaint(calls: readonly string[], at: number, ended: Ended | undefined, error: unknown): string {
  const call = `call ${at} of ${calls.length}: ${calls[at - 1] ?? 'the end'}`;
  const said = ended ? `exit ${ended.code} ${ended.signal ?? ''}: ${ended.said.slice(-800)}` : '';
  const { message = '', actual } = error as { message?: string; actual?: unknown };
  return `${call}\n${said}\n${message}\n${Array.isArray(actual) ? actual.join('\n') : ''}`;
}

/** The machine must be as wanted, if need be after one more run. */
async function expectMended(swept: Swept, course: Course): Promise<void> {
  const { machine } = course;
  swept.always?.(machine);
  const isDone = differences(swept.picture(machine), course.wanted).length === 0;
  if (!isDone || leftovers(machine).length > 0) {
    course.runs += 1;
    const again = await swept.run(machine);
    // What is done already may be refused, after the clearing up.
    if (!isDone) expect(again.code, `one more run: ${again.said.slice(-800)}`).toBe(0);
  }
  expect(differences(swept.picture(machine), course.wanted)).toEqual([]);
  expect(leftovers(machine)).toEqual([]);
  expect(leaks(machine, swept.secrets(machine))).toEqual([]);
  expect(machine.get('violations')).toBe('');
}

/** Cuts the command short before every call by kill -9. */
async function sweepKilled(swept: Swept, course: Course): Promise<string> {
  for (const { at, moment } of course.moments) {
    course.tidy.add(moment.tidy);
    restore(course.machine, moment);
    await check(swept, course, at);
  }
  return `killed before and after each of its ${course.calls.length} calls`;
}

/** Makes each call fail in turn, and the disk full at those that write. */
async function sweepFailed(swept: Swept, course: Course): Promise<string> {
  let full = 0;
  for (let at = 1; ; at++) {
    const { met, writes } = await failAt(swept, course, at, 'fail');
    if (!met) return `each of ${at - 1} calls failed, the disk full at ${full}, one in each run`;
    if (writes) await failAt(swept, course, at, 'full');
    full += Number(writes);
  }
}

interface Met {
  /** Whether there is such a call, and whether it writes a file. */
  readonly met: boolean;
  readonly writes: boolean;
}

/** Runs the command with one call failing. What is left then was seen already if a kill leaves as much, and more. */
async function failAt(swept: Swept, course: Course, at: number, how: Fault): Promise<Met> {
  const { machine, memory, start } = course;
  restore(machine, start);
  machine.put('calls', '');
  machine.fault(at, how);
  const ended = await swept.run(machine);
  const result = { met: machine.faultMet(), writes: machine.wasToWrite() };
  if (!result.met) return result;
  machine.fault();
  const calls = machine.get('calls').split('\n');
  const call = calls[at - 1] ?? '';
  try {
    expect(ended.signal).toBe(null);
    // What cannot be let go of stays until the next run.
    if (!/^(umount|mdconfig -d)/.test(call)) expect(machine.get('mounts') + machine.get('md/0')).toBe('');
    if (ended.code === 0) expect(differences(swept.picture(machine), course.wanted)).toEqual([]);
    else expect(ended.said).not.toBe('');
    const { tidy } = memory.look(machine);
    if (!course.tidy.has(tidy)) await expectMended(swept, course);
    course.tidy.add(tidy);
  } catch (error) {
    course.complaints.push(complaint(calls, at, ended, error));
  }
  return result;
}

/** Takes the power away before every call, and boots. */
async function sweepPower(swept: Swept, course: Course): Promise<string> {
  const disks = new Set<string>();
  for (const { at, moment } of course.moments) {
    if (disks.has(moment.disk)) continue;
    disks.add(moment.disk);
    restore(course.machine, moment);
    course.machine.play('boot');
    await check(swept, course, at);
  }
  return `the power cut before and after each call, ${disks.size} different disks`;
}

/** Looks whether the machine, as it is now, can be mended; each state once. */
async function check(swept: Swept, course: Course, at: number): Promise<void> {
  const { digest } = course.memory.look(course.machine);
  if (course.known.has(digest)) return;
  course.known.add(digest);
  try {
    await expectMended(swept, course);
  } catch (error) {
    course.complaints.push(complaint(course.calls, at, undefined, error));
  }
}

/** All that may befall the command, at every call of it. Prints how many points there were. */
export async function sweep(swept: Swept): Promise<void> {
  const course = await record(swept);
  for (const part of [sweepKilled, sweepFailed, sweepPower]) {
    const began = performance.now();
    const words = await part(swept, course);
    const seconds = Math.round((performance.now() - began) / 1000);
    console.log(`${swept.name}: ${words}; ${course.runs} runs to mend so far, ${seconds} s`);
  }
  expect(course.complaints.join('\n\n').slice(0, 20_000)).toBe('');
}
