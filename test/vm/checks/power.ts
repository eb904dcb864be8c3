import assert from 'node:assert/strict';
import { check } from '../check.ts';
import { gateway } from './boots.ts';

// Registered after everything else that uses this boot.
check('gateway: power button', gateway, async (bench) => {
  const from = bench.machine.console.position;
  const seconds = await bench.machine.powerOff(30);
  bench.report(`off after ${seconds.toFixed(1)} s`);
  assert.equal(bench.machine.qmp.shutdownReason, 'guest-shutdown');
  const said = bench.machine.console.text.slice(from);
  assert.match(said, /Releasing the Wi-Fi card/);
  assert.doesNotMatch(said, /ERROR|\[ !! \]|[Ff]ailed|is busy/);
  // Emulated, and perhaps with a second machine beside this one; a real one needs under 5 s.
  assert.ok(seconds < 15, `${seconds} s`);
});
