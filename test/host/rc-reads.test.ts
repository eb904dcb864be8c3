import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { apply, laptop, read, remove } from './installing.ts';
import type { Machine } from './machine.ts';

/** The calls of a run that read rc.conf, or what vm_install has made of it, for its names or for the value of one. */
const readings = (machine: Machine): number[] =>
  machine
    .get('calls')
    .split('\n')
    .flatMap((line, at) =>
      /^(awk .*; sub\(\/=\.\*\/, ""\); print \}|sysrc -n -f) \S*\/rc\.conf(\/writ(ten|ing))?( |$)/.test(line)
        ? [at + 1]
        : [],
    );

describe('a failing read of rc.conf is no missing line', () => {
  it('for check', { timeout: 120_000 }, async () => {
    const machine = laptop();
    await apply(machine);
    const rc = join(machine.etc, 'rc.conf');
    writeFileSync(rc, read(rc).replace('defaultrouter="172.24.1.1"', 'defaultrouter="10.0.0.1"'));
    machine.put('calls', '');
    const whole = await machine.call('vm_install', 'check');
    expect(whole.code, whole.said).toBe(0);
    expect(whole.said).toContain('the gateway in rc.conf is 10.0.0.1');
    const all = readings(machine);
    expect(all.length).toBeGreaterThan(4);
    for (const at of all) {
      machine.fault(at);
      const { code, said } = await machine.call('vm_install', 'check');
      expect(machine.faultMet()).toBe(true);
      expect(code, said).toBe(7);
      expect(said).toMatch(/^error {3} cannot read \S+\/rc\.conf/m);
    }
  });

  it.each([
    ['awk', String.raw`*'; sub(/=.*/, ""); print }'*/rc.conf`],
    ['sysrc', String.raw`*' -f '*'/rc.conf defaultrouter'`],
  ])('for the gateway that remove puts back (%s)', { timeout: 120_000 }, async (command, call) => {
    const machine = laptop();
    const rc = join(machine.etc, 'rc.conf');
    machine.put('cable', 'plugged in');
    writeFileSync(rc, `${read(rc)}defaultrouter="10.20.0.1"\n`);
    await apply(machine);
    await machine.reboot();
    machine.replace(
      command,
      `case "$*" in ${call}) echo "${command}: fails" >&2; exit 2 ;; esac\nexec REAL "$@"`,
    );
    const failed = await machine.call('vm_install', 'remove', '--yes');
    expect(failed.code, failed.said).toBe(7);
    expect(failed.said).toContain(`cannot read ${rc}; run "vm_install remove" again`);
    machine.putBack(command);
    await remove(machine);
    expect(machine.get('routes')).toBe('default 10.20.0.1 em0\n');
  });
});
