import { join } from 'node:path';
import { expect, it } from 'vitest';
import { apply, laptop, read } from './installing.ts';

it('what the kernel has is noted whole, also when a call fails', { timeout: 120_000 }, async () => {
  const machine = laptop();
  machine.put('calls', '');
  await apply(machine);
  const live = join(machine.var, 'db/airhive/live');
  const whole = read(live);
  expect(whole).toContain('net.route.multipath=1');
  const calls = machine.get('calls').split('\n');
  const concerned = calls.flatMap((line, at) =>
    /^sysctl -in |^awk .*snippets\/sysctl\.conf$/.test(line) ? [at + 1] : [],
  );
  expect(concerned.length).toBeGreaterThan(2);
  for (const at of concerned) {
    const fresh = laptop();
    fresh.fault(at);
    const { code, said } = await fresh.call('vm_install', 'apply', '--yes');
    expect(fresh.faultMet()).toBe(true);
    // Nothing is changed before it is noted, so the next run notes the same.
    fresh.fault();
    if (code !== 0) await apply(fresh);
    expect(read(join(fresh.var, 'db/airhive/live')), said).toBe(whole);
  }
});
