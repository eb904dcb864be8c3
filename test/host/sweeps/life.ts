import { existsSync } from 'node:fs';
import { expect } from 'vitest';
import { type Fault, Machine, type Started, until } from '../machine.ts';
import { Memory, restore } from './memory.ts';

export const FAULTS: readonly Fault[] = ['fail', 'kill-before', 'kill-after'];
export const TIME = 600_000;

/** Whether a script has ended, without waiting for it. */
export function watch(started: Started): { ended: boolean } {
  const state = { ended: false };
  void started.ended.then(() => (state.ended = true));
  return state;
}

/** What a script comes to, which must not take for ever. */
export async function endOf(started: Started): Promise<void> {
  const state = watch(started);
  await until(() => state.ended, 'the end of the script');
}

/** vm_kill clears up whatever there is, and a new start works and leaves nothing. */
async function expectReleased(machine: Machine): Promise<void> {
  const killed = await machine.call('vm_kill');
  expect(killed.code, killed.said).toBe(0);
  expect(machine.guests()).toEqual([]);
  expect(existsSync(machine.vmm)).toBe(false);
  machine.put('plan', 'exit 1 700\n');
  machine.put('loader-plan', '');
  const next = await machine.call('vm_run');
  expect(next.code, next.said).toBe(0);
  expect(existsSync(machine.vmm)).toBe(false);
  await until(() => machine.processes().length === 0, 'the end of every process');
}

/** Plants a fault at one call after the other until there is none any more, and says how many there were. */
export async function sweepLife(how: Fault, course: (machine: Machine) => Promise<void>): Promise<number> {
  const machine = new Machine();
  // Waits are in vain wherever something hangs.
  machine.edit('vm.conf', 'VM_GRACE=30', 'VM_GRACE=2');
  machine.edit('vm_kill', 'FORCE=5', 'FORCE=1');
  const start = new Memory().look(machine);
  const complaints: string[] = [];
  for (let at = 1; ; at++) {
    machine.fault(at, how);
    const stuck = await course(machine).catch((error: unknown) => error);
    if (!machine.faultMet()) {
      expect(stuck).toBe(undefined);
      expect(complaints).toEqual([]);
      return at - 1;
    }
    machine.fault();
    const call = machine.get('calls').split('\n')[at - 1] ?? '';
    try {
      if (stuck !== undefined) throw stuck as Error;
      await expectReleased(machine);
    } catch (error) {
      complaints.push(`call ${at}, ${how}: ${call}\n${String(error)}\n${machine.said()}`);
    }
    machine.end();
    restore(machine, start);
    machine.put('calls', '');
  }
}
