import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Fault, kill, Machine, type Started, until } from '../machine.ts';
import { Memory, restore } from './memory.ts';

const FAULTS: readonly Fault[] = ['fail', 'kill-before', 'kill-after'];
const TIME = 600_000;

/** Whether a script has ended, without waiting for it. */
function watch(started: Started): { ended: boolean } {
  const state = { ended: false };
  void started.ended.then(() => (state.ended = true));
  return state;
}

/** What a script comes to, which must not take for ever. */
async function endOf(started: Started): Promise<void> {
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
async function sweep(how: Fault, course: (machine: Machine) => Promise<void>): Promise<number> {
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

/** vm_run from its start to the end of its guest, which SIGTERM brings about. */
async function life(machine: Machine): Promise<void> {
  const started = machine.start('vm_run');
  const state = watch(started);
  await until(() => state.ended || machine.get('guest-is-up') !== '', 'the guest or the end of vm_run');
  if (!state.ended) kill(started.pid, 'SIGTERM');
  await endOf(started);
}

/** vm_kill beside a vm_run whose guest is up. */
async function stop(machine: Machine): Promise<void> {
  const fault = machine.get('fault');
  machine.put('fault', '');
  const started = await machine.up();
  machine.put('calls', '');
  machine.put('call-count', '0\n');
  machine.put('fault', fault);
  await machine.call('vm_kill');
  machine.put('fault', '');
  if (machine.faultMet()) await machine.call('vm_kill');
  await endOf(started);
}

describe('vm_run', { timeout: TIME }, () => {
  it.each(FAULTS)('%s at every call of its life', async (how) => {
    console.log(`vm_run, ${how}: ${await sweep(how, life)} calls`);
  });

  it('vm_kill ends it in every state: while any of its calls hangs', async () => {
    const calls = await sweep('hang', async (machine) => {
      const started = machine.start('vm_run');
      const state = watch(started);
      await until(
        () => state.ended || machine.faultMet() || machine.get('guest-is-up') !== '',
        'the guest, the fault or the end of vm_run',
      );
      if (!machine.faultMet() && !state.ended) kill(started.pid, 'SIGTERM');
      await until(() => state.ended || machine.faultMet(), 'the fault or the end of vm_run');
      if (!machine.faultMet()) return;
      // What hangs in vm_run is no fault of vm_kill's.
      machine.put('fault', '');
      const isKnown = existsSync(join(machine.run, 'vm_run'));
      const killed = await machine.call('vm_kill');
      expect(killed.code, killed.said).toBe(0);
      // Before it has said who it is there is nothing to stop, and nothing that it holds.
      if (!isKnown) kill(-started.pid, 'SIGKILL');
      await endOf(started);
    });
    console.log(`vm_kill while vm_run hangs: ${calls} calls`);
  });
});

describe('vm_kill', { timeout: TIME }, () => {
  it.each(FAULTS)('%s at every call of it', async (how) => {
    console.log(`vm_kill, ${how}: ${await sweep(how, stop)} calls`);
  });
});
