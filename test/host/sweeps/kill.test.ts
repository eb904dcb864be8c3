import { it } from 'vitest';
import { type Machine } from '../machine.ts';
import { endOf, FAULTS, sweepLife, TIME } from './life.ts';

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

it.each(FAULTS)('vm_kill: %s at every call of it', { timeout: TIME }, async (how) => {
  console.log(`vm_kill, ${how}: ${await sweepLife(how, stop)} calls`);
});
