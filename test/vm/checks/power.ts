import assert from 'node:assert/strict';
import { check } from '../check.ts';
import type { Bench } from '../check.ts';
import { SLOT } from '../qemu.ts';
import { gateway } from './boots.ts';

/** Seconds from the power button to the end; asserted where they are counted by instructions ("lean"). */
export const POWER_OFF_LIMIT = 10;

/**
 * Presses the power button. Of the guest's cards, the ones on `released` slots must have been stopped when it is off,
 * or the host hangs at the next start; the host's own one shows what nobody stopped looks like.
 */
export async function powerOff(bench: Bench, released: number): Promise<void> {
  const { machine } = bench;
  assert.equal(await machine.isBusMaster(released), true, 'driven until then');
  const from = machine.console.position;
  const seconds = await machine.powerOff(120);
  bench.report(`off after ${seconds.toFixed(1)} s`);
  assert.equal(machine.qmp.shutdownReason, 'guest-shutdown');
  const said = machine.console.text.slice(from);
  assert.doesNotMatch(said, /ERROR|\[ !! \]|[Ff]ailed|is busy/);
  assert.equal(await machine.isBusMaster(released), false, 'the card was let go of');
  assert.equal(await machine.isBusMaster(SLOT.host), true, 'nothing else stopped it');
}

// Registered after everything else that uses this boot. Its card has no interface, as after a crash of its firmware.
check('gateway: power button', gateway, (bench) => powerOff(bench, SLOT.card));
