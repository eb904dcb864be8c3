import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { kill, until } from '../machine.ts';
import { endOf, sweepLife, TIME, watch } from './life.ts';

it('vm_kill ends vm_run in every state: while any of its calls hangs', { timeout: TIME }, async () => {
  const calls = await sweepLife('hang', async (machine) => {
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
    // The command that hangs is nobody's to end; what waits for it ends with it.
    kill(Number(machine.get('hanging')), 'SIGKILL');
  });
  console.log(`vm_kill while vm_run hangs: ${calls} calls`);
});
