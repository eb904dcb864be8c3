import { it } from 'vitest';
import { kill, type Machine, until } from '../machine.ts';
import { endOf, FAULTS, sweepLife, TIME, watch } from './life.ts';

/** vm_run from its start to the end of its guest, which SIGTERM brings about. */
async function life(machine: Machine): Promise<void> {
  const started = machine.start('vm_run');
  const state = watch(started);
  await until(() => state.ended || machine.get('guest-is-up') !== '', 'the guest or the end of vm_run');
  if (!state.ended) kill(started.pid, 'SIGTERM');
  await endOf(started);
}

it.each(FAULTS)('vm_run: %s at every call of its life', { timeout: TIME }, async (how) => {
  console.log(`vm_run, ${how}: ${await sweepLife(how, life)} calls`);
});
