import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Machine } from './machine.ts';
import { dataOf, expectTidy, networksOf, siteOk } from './site-bench.ts';
import { onTerminal } from './terminal.ts';

describe('on a terminal', () => {
  function typed(machine: Machine, line: string, dialogue: readonly (readonly [RegExp, string])[]) {
    machine.environment.VM_SITE = resolve(machine.bundle, 'vm_site');
    return onTerminal(machine, line, dialogue);
  }
  const ADD = '$RUN_SH $VM_SITE add home';

  it('asks twice and shows nothing of it', async () => {
    const machine = new Machine();
    const { code, shown } = await typed(machine, ADD, [
      [/Passphrase of "home": $/, ' battery\\staple \r'],
      [/The same again: $/, ' battery\\staple \r'],
    ]);
    expect(code, shown).toBe(0);
    expect(shown).not.toContain('battery');
    expect(networksOf(machine)).toContain('psk=" battery\\staple "');
    expectTidy(machine, [' battery\\staple ']);
  });

  it.each([
    [
      'two different ones',
      [
        [/home": $/, 'battery staple\r'],
        [/again: $/, 'battery Staple\r'],
      ],
      2,
    ],
    ['one that is too short', [[/home": $/, 'short\r']], 2],
    ['^C', [[/home": $/, 'batt\x03']], 130],
    [
      '^C at the second question',
      [
        [/home": $/, 'battery staple\r'],
        [/again: $/, '\x03'],
      ],
      130,
    ],
    ['^D', [[/home": $/, '\x04']], 130],
  ] as const)(
    '%s: nothing is changed, and the terminal shows again what is typed',
    async (_, dialogue, status) => {
      const machine = new Machine();
      const line = `trap : INT; ${ADD}; echo "status $?"; stty -a`;
      const { shown } = await typed(machine, line, dialogue);
      expect(shown).toContain(`status ${status}`);
      expect(shown).toMatch(/ echo /);
      expect(shown).not.toContain('battery');
      expect(dataOf(machine)).toEqual({});
    },
  );

  it.each(['TERM', 'HUP'])('SIG%s while it asks gives the terminal back', async (signal) => {
    const machine = new Machine();
    const line = `( /bin/sleep 2; pkill -${signal} -f "$VM_SITE add home" ) & ${ADD}; echo "status $?"; stty -a`;
    const { shown } = await typed(machine, line, [[/home": $/, '']]);
    expect(shown).toContain('status 130');
    expect(shown).toMatch(/ echo /);
  });

  it('prints its list to a reader that leaves without a word', () => {
    const machine = new Machine();
    siteOk(machine, null, 'init');
    const line = '"$1" "$2" list | /usr/bin/head -n 1';
    const { stderr } = spawnSync(
      '/bin/sh',
      ['-c', line, 'sh', machine.shell[0] ?? '', resolve(machine.bundle, 'vm_site')],
      {
        env: machine.variables(),
        encoding: 'utf8',
      },
    );
    expect(stderr).toBe('');
    expectTidy(machine);
  });
});
